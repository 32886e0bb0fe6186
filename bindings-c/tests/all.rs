//! The C library as C programs see it. The programs are compiled here; the library is built before.

use std::path::{Path, PathBuf};
use std::process::Command;

use tillgate_sandbox::{Sandbox, SandboxConfig};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo puts libraries of this profile. Cargo does not build a library that no Rust test can link, so it must be there.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let built = test.ancestors().nth(2).expect("cargo's folders").to_path_buf();
    let changed = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    let library = changed(&built.join("libtillgate.so"));
    for source in ["src/public.rs", "src/generated/mod.rs", "src/generated/till.rs"] {
        let is_older = library < changed(&folder().join(source));
        assert!(
            !is_older,
            "libtillgate.so is missing or older than {source}: run `cargo build -p tillgate-c` first"
        );
    }
    built
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

/// The program, compiled for the use of one test.
fn compiled(name: &str, test: &str) -> PathBuf {
    let program = built().join(format!("c-{name}-{test}"));
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

/// Lets the program sell at a sandbox of its own, and returns what was really bought there.
fn sell(command: &mut Command, name: &str) -> usize {
    let sandbox =
        Sandbox::start_blocking(SandboxConfig { immediately_final: true, ..SandboxConfig::default() })
            .expect("a sandbox");
    let journals = built().join(format!("c-journals-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&journals).expect("a folder");
    let said = run(command.arg(sandbox.url()).arg(journals.join("journal")));
    std::fs::remove_dir_all(&journals).expect("the folder goes");
    assert!(said.contains("sold\n"), "{said}");
    sandbox.ledger().len()
}

#[test]
fn a_c_program_sells_a_voucher_once() {
    assert_eq!(sell(&mut Command::new(compiled("sale", "plain")), "plain"), 1);
}

#[test]
fn selling_loses_no_memory() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect"]);
    command.args(["--errors-for-leak-kinds=definite,indirect", "--error-exitcode=9"]);
    assert_eq!(sell(command.arg(compiled("sale", "valgrind")), "valgrind"), 1);
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
