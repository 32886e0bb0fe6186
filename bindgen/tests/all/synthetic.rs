//! A small made-up core, compiled once for all tests of this binary.

use std::process::Command;
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use tillgate_bindgen::ir::Interface;
use tillgate_bindgen::{lint, synth};

/// The made-up workspace.
pub struct Synthetic {
    /// Its root; the target folder is below it, since two checkouts of one crate in one target folder are taken for each other.
    pub root: Utf8PathBuf,
    pub interface: Interface,
}

/// Where cargo put what it built.
impl Synthetic {
    pub fn debug(&self) -> Utf8PathBuf {
        self.root.join("target/debug")
    }

    /// Runs cargo in the made-up workspace.
    pub fn cargo(&self, arguments: &[&str]) {
        cargo(&self.root, arguments);
    }
}

/// The workspace of the real core.
pub fn workspace() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a workspace")
}

/// The made-up core with 40 types and 20 operations besides those that tests know by name.
pub fn synthetic() -> &'static Synthetic {
    static SYNTHETIC: OnceLock<Synthetic> = OnceLock::new();
    SYNTHETIC.get_or_init(|| {
        let root = workspace().join("target/synthetic-test");
        synth::write(&synth::Size { types: 40, operations: 20 }, workspace(), &root)
            .expect("a made-up workspace");
        cargo(&root, &["build", "-p", "tillgate-synthetic", "--features", "uniffi"]);
        let library = root.join("target/debug/libtillgate_synthetic.rlib");
        let interface = Interface::read(&library, "tillgate_synthetic", "0.1.0").expect("an interface");
        assert_eq!(lint::check(&interface), Vec::<String>::new());
        Synthetic { root, interface }
    })
}

/// Runs a program and fails with all that it said.
pub fn run(command: &mut Command) -> String {
    // Cargo points it to the real libraries, which have the names of the made-up ones.
    command.env_remove("LD_LIBRARY_PATH");
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    said
}

fn cargo(root: &Utf8Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO"));
    // What cargo sets for this test is not for that build.
    for name in ["CARGO_TARGET_DIR", "CARGO_MANIFEST_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
    run(command.args(arguments).current_dir(root));
}
