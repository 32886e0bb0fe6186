//! The C binding.

use std::process::Command;
use std::sync::OnceLock;

use camino::Utf8PathBuf;
use tillgate_bindgen::ir::Interface;
use tillgate_bindgen::{c, write};

use crate::synthetic::{Synthetic, run, synthetic, workspace};

/// The made-up core with its C library.
fn library() -> &'static Synthetic {
    static BUILT: OnceLock<&'static Synthetic> = OnceLock::new();
    BUILT.get_or_init(|| {
        let synthetic = synthetic();
        let files = c::write(&synthetic.interface, &synthetic.root).expect("a C binding");
        write::write_files(&synthetic.root, c::FOLDERS, &files).expect("written files");
        synthetic.cargo(&["build", "-p", "tillgate-c"]);
        synthetic
    })
}

fn gcc() -> Command {
    let mut command = Command::new("gcc");
    command.args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-g"]);
    command.arg("-I").arg(library().root.join("bindings-c/include"));
    command
}

fn probe() -> Utf8PathBuf {
    static PROBE: OnceLock<Utf8PathBuf> = OnceLock::new();
    PROBE
        .get_or_init(|| {
            let program = library().root.join("target/probe");
            run(gcc()
                .arg(workspace().join("bindgen/tests/c/probe.c"))
                .arg("-o")
                .arg(&program)
                .arg("-L")
                .arg(library().debug())
                .args(["-ltillgate", "-Wl,-rpath"])
                .arg(library().debug()));
            program
        })
        .clone()
}

#[test]
fn every_type_goes_there_and_back() {
    let said = run(&mut Command::new(probe()));
    assert!(said.contains(" passed, 0 failed"), "{said}");
}

#[test]
fn no_memory_is_lost_or_used_wrongly() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    run(Command::new("valgrind")
        .args(["--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect"])
        .args(["--errors-for-leak-kinds=definite,indirect", "--error-exitcode=9"])
        .arg(probe()));
}

#[test]
fn the_header_is_c99_and_cpp17_and_lies_as_recorded() {
    let layout = library().root.join("bindings-c/tests/layout.c");
    run(gcc().arg("-fsyntax-only").arg(&layout));
    run(Command::new("g++")
        .args(["-std=c++17", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "-I"])
        .arg(library().root.join("bindings-c/include"))
        .arg(&layout));
}

#[test]
fn only_our_names_are_exported() {
    let said =
        run(Command::new("nm").args(["-D", "--defined-only"]).arg(library().debug().join("libtillgate.so")));
    let names: Vec<_> = said.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert!(names.contains(&"tg_version"), "{said}");
    let others: Vec<_> = names.iter().filter(|name| !name.starts_with("tg_")).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn writing_again_changes_nothing() {
    let synthetic = library();
    let rlib = synthetic.debug().join("libtillgate_synthetic.rlib");
    // Without the feature, since the C library was built after: no metadata, and that is said.
    let without = Interface::read(&rlib, "tillgate_synthetic", "0.1.0");
    if let Err(error) = &without {
        assert!(format!("{error:#}").contains("feature `uniffi`"), "{error:#}");
    }
    let files = c::write(&synthetic.interface, &synthetic.root).expect("a C binding");
    let changed = write::differing(&synthetic.root, c::FOLDERS, &files).expect("readable files");
    assert!(changed.is_empty(), "{changed:?}");
}
