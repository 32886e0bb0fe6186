//! The Python binding: the made-up core is compiled into an extension, and Python's own tests run on it.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use tillgate_bindgen::{python, write};

use crate::synthetic::{run, synthetic, workspace};

/// A Python with the tools that the tests need: the one of the developer's `.venv`, or one that is made once.
fn interpreter() -> Utf8PathBuf {
    let has_tools = |python: &Utf8Path| {
        let mut command = Command::new(python);
        command.args(["-c", "import mypy, pytest"]).output().is_ok_and(|output| output.status.success())
    };
    let own = workspace().join(".venv/bin/python");
    if has_tools(&own) {
        return own;
    }
    let folder = workspace().join("target/python-tools");
    let made = folder.join("bin/python");
    if !has_tools(&made) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(&made).args(["-m", "pip", "install", "--quiet", "mypy", "pytest"]));
    }
    made
}

#[test]
fn the_tests_of_the_python_binding_pass_on_a_made_up_core() {
    let synthetic = synthetic();
    let files = python::write(&synthetic.interface, &synthetic.root).expect("a Python binding");
    write::write_files(&synthetic.root, python::FOLDERS, &files).expect("written files");
    synthetic.cargo(&["build", "-p", "tillgate-python", "--features", "tillgate/uniffi"]);
    let package = synthetic.root.join("bindings-python/python");
    let built = synthetic.debug().join("lib_native.so");
    std::fs::copy(&built, package.join("tillgate/_native.abi3.so")).expect("a built extension");
    let said = run(Command::new(interpreter())
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .arg(workspace().join("bindings-python/tests/synthetic"))
        .env("PYTHONPATH", &package)
        .env("RUST_BACKTRACE", "0"));
    let passed =
        said.split_whitespace().zip(said.split_whitespace().skip(1)).find(|(_, word)| *word == "passed");
    let passed: usize = passed.and_then(|(count, _)| count.parse().ok()).unwrap_or_default();
    assert!(passed > 50, "{said}");
}

#[test]
fn writing_again_changes_nothing() {
    let synthetic = synthetic();
    let files = python::write(&synthetic.interface, &synthetic.root).expect("a Python binding");
    let again = python::write(&synthetic.interface, &synthetic.root).expect("a Python binding");
    assert!(!files.is_empty());
    assert!(files == again);
}
