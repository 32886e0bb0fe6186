//! The C library as C programs see it. The library is built before these tests run; the programs are compiled here.

use std::path::{Path, PathBuf};
use std::process::Command;

use tillgate_sandbox::{Sandbox, SandboxConfig};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo puts libraries of this profile.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    test.ancestors().nth(2).expect("cargo's folders").to_path_buf()
}

/// Runs a program and fails with all that it said.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    said
}

fn gcc() -> Command {
    let mut command = Command::new("gcc");
    command
        .args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-g", "-I"])
        .arg(folder().join("include"));
    command
}

fn compiled(name: &str) -> PathBuf {
    let program = built().join(format!("c-{name}"));
    run(gcc()
        .arg(folder().join("tests").join(format!("{name}.c")))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(built())
        .args(["-ltillgate", "-Wl,-rpath"])
        .arg(built()));
    program
}

#[test]
fn a_c_program_sells_a_voucher_once() {
    let sandbox =
        Sandbox::start_blocking(SandboxConfig { immediately_final: true, ..SandboxConfig::default() })
            .expect("a sandbox");
    let journals = built().join(format!("c-journals-{}", std::process::id()));
    std::fs::create_dir_all(&journals).expect("a folder");
    let said = run(Command::new(compiled("sale")).arg(sandbox.url()).arg(journals.join("journal")));
    std::fs::remove_dir_all(&journals).expect("the folder goes");
    assert!(said.ends_with("sold\n"), "{said}");
    let ledger = sandbox.ledger();
    assert_eq!(ledger.len(), 1, "{ledger:?}");
}

#[test]
fn the_header_is_c99_and_cpp17_and_lies_as_recorded() {
    let layout = folder().join("tests/layout.c");
    run(gcc().arg("-fsyntax-only").arg(&layout));
    run(Command::new("g++")
        .args(["-std=c++17", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "-I"])
        .arg(folder().join("include"))
        .arg(&layout));
}

#[test]
fn the_library_exports_every_function_of_the_record() {
    let version = env!("CARGO_PKG_VERSION");
    let record =
        std::fs::read_to_string(folder().join("layout").join(format!("{version}.txt"))).expect("a record");
    let said = run(Command::new("nm").args(["-D", "--defined-only"]).arg(built().join("libtillgate.so")));
    let exported: Vec<_> = said.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    let functions: Vec<_> =
        record.lines().filter_map(|line| line.strip_prefix("function ")?.split_whitespace().next()).collect();
    assert!(functions.len() > 50, "{}", functions.len());
    for function in functions {
        assert!(exported.contains(&function), "{function}");
    }
}
