//! C: the header in two languages, the tests and examples under Valgrind and AddressSanitizer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::program::{self, Ended, Output};
use crate::report::Tally;
use crate::sandbox::Sandbox;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// A test that cannot run here ends with this, as in Automake, and its last line says why.
const SKIPPED: i32 = 77;
/// Valgrind's exit code when it found something.
const VALGRIND_FOUND: &str = "99";

/// How a program is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    C99,
    Cpp17,
    /// C99 with AddressSanitizer, which also finds leaks.
    Sanitized,
}

impl Dialect {
    fn name(self) -> &'static str {
        match self {
            Self::C99 => "c99",
            Self::Cpp17 => "c++17",
            Self::Sanitized => "asan",
        }
    }

    fn compiler(self) -> Command {
        let (program, arguments): (_, &[&str]) = match self {
            Self::C99 => ("gcc", &["-std=c99"]),
            Self::Cpp17 => ("g++", &["-x", "c++", "-std=c++17"]),
            Self::Sanitized => {
                ("gcc", &["-std=c99", "-fsanitize=address,undefined", "-fno-omit-frame-pointer"])
            }
        };
        let mut command = Command::new(program);
        command.args(arguments).args(["-g", "-pedantic", "-Wall", "-Wextra", "-Werror"]);
        command
    }
}

/// The runner of plans, compiled.
pub fn runner(tree: &Tree) -> Result<PathBuf> {
    let folder = tree.work.join("c");
    std::fs::create_dir_all(&folder)?;
    compile(tree, &[&tree.root.join("conformance/runners/c/runner.c")], &folder, Dialect::C99)
}

/// The caller of every operation, compiled so that it also finds memory that is lost or used wrongly.
pub fn caller(tree: &Tree) -> Result<PathBuf> {
    let folder = tree.work.join("c");
    std::fs::create_dir_all(&folder)?;
    let sources = tree.root.join("conformance/callers/c");
    compile(
        tree,
        &[&sources.join("caller.c"), &sources.join("generated/calls.c")],
        &folder,
        Dialect::Sanitized,
    )
}

/// The whole stage.
pub fn run(tree: &Tree) -> Result<Tally> {
    let folder = tree.fresh("c-tests")?;
    let tests = sources(&tree.root.join("bindings-c/tests"))?;
    let examples = sources(&tree.root.join("examples/c"))?;
    let runner = [tree.root.join("conformance/runners/c/runner.c")];
    let mut tally = Tally::default();
    for source in tests.iter().chain(&examples).chain(&runner) {
        let is_runner = source == &runner[0];
        for dialect in [Dialect::Cpp17, Dialect::C99, Dialect::Sanitized] {
            let name = format!("{} ({})", tree.told(source), dialect.name());
            let program = match compile(tree, &[source], &folder, dialect) {
                Ok(program) => program,
                Err(error) => {
                    println!("   {name} does not compile: {error:#}");
                    tally.count(false);
                    continue;
                }
            };
            // C++ is only about the header; the runner runs in stages of its own.
            if is_runner || dialect == Dialect::Cpp17 {
                tally.count(true);
                continue;
            }
            let place = folder.join(format!("{}-{}-place", stem(source), dialect.name()));
            crate::tree::empty(&place)?;
            let is_test = tests.contains(source);
            let sandbox = if is_test {
                Sandbox::start_immediate(tree, &place)?
            } else {
                Sandbox::start(tree, &place, Sandbox::SPEED_OF_EXAMPLES)?
            };
            let ended = start(&program, dialect, &place, &sandbox, is_test)?;
            match ended.exit_code {
                Some(SKIPPED) => {
                    let reason = ended.stdout.lines().last().unwrap_or("it does not say why").to_string();
                    tally.skipped.push(format!("{name}: {reason}"));
                }
                _ => {
                    let passed = ended.succeeded();
                    if !passed {
                        println!("   {name} failed: {}", ended.story());
                    }
                    tally.count(passed);
                }
            }
        }
    }
    Ok(tally)
}

/// Starts a program in an empty folder. A test finds the gateway in its environment, an example in its arguments.
fn start(program: &Path, dialect: Dialect, place: &Path, sandbox: &Sandbox, is_test: bool) -> Result<Ended> {
    let mut command = if dialect == Dialect::Sanitized {
        Command::new(program)
    } else {
        let mut valgrind = Command::new("valgrind");
        // Threads of the runtime that still live at the end hold "possibly lost" memory.
        valgrind.args([
            "--quiet",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect",
            "--show-leak-kinds=definite,indirect",
        ]);
        valgrind.arg(format!("--error-exitcode={VALGRIND_FOUND}")).arg(program);
        valgrind
    };
    command.current_dir(place);
    if is_test {
        command.envs(sandbox.environment());
    } else {
        command.args(sandbox.example_arguments(place));
    }
    program::run(&mut command, &place.with_extension("log"), Output::Together, LIMIT)
}

/// The program is called after its first source.
fn compile(tree: &Tree, sources: &[&Path], folder: &Path, dialect: Dialect) -> Result<PathBuf> {
    let program = folder.join(format!("{}-{}", stem(sources[0]), dialect.name()));
    let mut command = dialect.compiler();
    command.arg("-I").arg(tree.root.join("bindings-c/include")).args(sources);
    if dialect == Dialect::Cpp17 {
        // The language of what follows is no longer C++ source.
        command.args(["-x", "none"]);
    }
    command.arg("-L").arg(&tree.built).arg("-ltillgate").arg("-lpthread");
    command.arg(format!("-Wl,-rpath,{}", tree.built.display())).arg("-o").arg(&program);
    program::run(&mut command, &program.with_extension("compile.log"), Output::Together, LIMIT)?.ok()?;
    Ok(program)
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

fn stem(source: &Path) -> String {
    source.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
