//! C: the header in two languages, the tests and examples under Valgrind and AddressSanitizer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::examples;
use crate::program::{self, Output};
use crate::report::Tally;
use crate::sandbox::Sandbox;
use crate::tree::Tree;

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// A test that cannot run here ends with this, as in Automake, and its last line says why.
const SKIPPED: i32 = 77;
/// The exit code when Valgrind or a sanitizer found something.
const FOUND: &str = "99";

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

/// The runner, compiled.
pub fn runner(tree: &Tree) -> Result<PathBuf> {
    runner_in(tree, Dialect::C99)
}

/// The runner, compiled so that it also finds memory that is lost or used wrongly.
pub fn watched_runner(tree: &Tree) -> Result<PathBuf> {
    runner_in(tree, Dialect::Sanitized)
}

fn runner_in(tree: &Tree, dialect: Dialect) -> Result<PathBuf> {
    let folder = tree.work.join("c");
    std::fs::create_dir_all(&folder)?;
    compile(tree, &[&tree.root.join("conformance/runners/c/runner.c")], &folder, dialect, &[])
}

/// What makes very many calls, compiled with these options besides.
pub fn memory(tree: &Tree, options: &[&str]) -> Result<PathBuf> {
    let folder = tree.fresh("c-memory")?;
    compile(tree, &[&tree.root.join("conformance/memory/memory.c")], &folder, Dialect::C99, options)
}

/// The whole stage.
pub fn run(tree: &Tree) -> Result<Tally> {
    let folder = tree.fresh("c-tests")?;
    let tests = sources(&tree.root.join("bindings-c/tests"), "c")?;
    let examples = sources(&tree.root.join("examples/c"), "c")?;
    let mut tally = Tally::default();
    for dialect in [Dialect::Cpp17, Dialect::C99, Dialect::Sanitized] {
        for source in tests.iter().chain(&examples) {
            let Some(program) = compiled(tree, source, &folder, dialect, &mut tally) else { continue };
            // As C++ they are only about the header.
            if dialect != Dialect::Cpp17 && tests.contains(source) {
                let name = format!("{} ({})", tree.told(source), dialect.name());
                test(tree, &name, &program, dialect, &mut tally)?;
            }
        }
        if dialect != Dialect::Cpp17 {
            tally += run_examples(tree, &examples, &folder, dialect)?;
        }
    }
    let examples = sources(&tree.root.join("examples/cpp"), "cpp")?;
    for source in &examples {
        compiled(tree, source, &folder, Dialect::Cpp17, &mut tally);
    }
    tally += run_examples(tree, &examples, &folder, Dialect::Cpp17)?;
    Ok(tally)
}

/// Compiles a program, and counts whether that can be done.
fn compiled(
    tree: &Tree,
    source: &Path,
    folder: &Path,
    dialect: Dialect,
    tally: &mut Tally,
) -> Option<PathBuf> {
    let program = compile(tree, &[source], folder, dialect, &[]);
    if let Err(error) = &program {
        println!("   {} ({}) does not compile: {error:#}", tree.told(source), dialect.name());
    }
    tally.count(program.is_ok());
    program.ok()
}

/// Runs a test in an empty folder. It finds the gateway in its environment.
fn test(tree: &Tree, name: &str, program: &Path, dialect: Dialect, tally: &mut Tally) -> Result<()> {
    let place = program.with_extension("place");
    crate::tree::empty(&place)?;
    let sandbox = Sandbox::start_immediate(tree, &place)?;
    let mut command = watched(tree, program, dialect);
    command.current_dir(&place).envs(sandbox.environment());
    let ended = program::run(&mut command, &place.with_extension("log"), Output::Together, LIMIT)?;
    if ended.exit_code == Some(SKIPPED) {
        let reason = ended.stdout.lines().last().unwrap_or("it does not say why").to_string();
        tally.skipped.push(format!("{name}: {reason}"));
        return Ok(());
    }
    if !ended.succeeded() {
        println!("   {name} failed: {}", ended.story());
    }
    tally.count(ended.succeeded());
    Ok(())
}

/// Runs the examples that were compiled in this dialect.
fn run_examples(tree: &Tree, sources: &[PathBuf], folder: &Path, dialect: Dialect) -> Result<Tally> {
    let places = folder.join(format!("examples-{}", dialect.name()));
    let program = |name: &str| Ok(watched(tree, &folder.join(format!("{name}-{}", dialect.name())), dialect));
    let mut tally = Tally::default();
    for source in sources {
        tally += examples::run(tree, &places, &stem(source), &program)?;
    }
    Ok(tally)
}

/// The command of a program whose memory is watched.
fn watched(tree: &Tree, program: &Path, dialect: Dialect) -> Command {
    if dialect == Dialect::Sanitized {
        let mut command = Command::new(program);
        // Not an exit code that an example may have.
        command.env("ASAN_OPTIONS", format!("exitcode={FOUND}"));
        command.env("UBSAN_OPTIONS", format!("halt_on_error=1,exitcode={FOUND}"));
        command
    } else {
        let mut valgrind = Command::new("valgrind");
        // Threads of the runtime that still live at the end hold "possibly lost" memory.
        valgrind.args([
            "--quiet",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite,indirect",
            "--show-leak-kinds=definite,indirect",
        ]);
        let known = tree.root.join("bindings-c/tests/valgrind.supp");
        valgrind.arg(format!("--suppressions={}", known.display()));
        valgrind.arg(format!("--error-exitcode={FOUND}")).arg(program);
        valgrind
    }
}

/// The program is called after its first source.
fn compile(
    tree: &Tree,
    sources: &[&Path],
    folder: &Path,
    dialect: Dialect,
    options: &[&str],
) -> Result<PathBuf> {
    let program = folder.join(format!("{}-{}", stem(sources[0]), dialect.name()));
    let mut command = dialect.compiler();
    command.args(options).arg("-I").arg(tree.root.join("bindings-c/include")).args(sources);
    if dialect == Dialect::Cpp17 {
        // The language of what follows is no longer C++ source.
        command.args(["-x", "none"]);
    }
    command.arg("-L").arg(&tree.built).arg("-ltillgate").arg("-lpthread");
    command.arg(format!("-Wl,-rpath,{}", tree.built.display())).arg("-o").arg(&program);
    program::run(&mut command, &program.with_extension("compile.log"), Output::Together, LIMIT)?.ok()?;
    Ok(program)
}

fn sources(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut sources = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

fn stem(source: &Path) -> String {
    source.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
