//! A record and an operation that nobody has thought of: written into the core of a copy of the tree, and nowhere else. Then every
//! language must have both, with their docs, and the call must come to what core says.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::compile::{self, What};
use crate::program::{self, Output};
use crate::report::{Report, Tally};
use crate::runner::Runner;
use crate::sellers::{Language, Seller};
use crate::tree::Tree;
use crate::{conformance, generate, kotlin, node, python, setup};

const LIMIT: Duration = Duration::from_secs(5 * 60);

/// What was set up or fetched already, and is the same for the copy.
const SHARED: [&str; 3] = [".venv", "bindings-node/node_modules", "examples/node/node_modules"];

/// The command.
pub fn command(tree: &Tree) -> Result<bool> {
    let mut report = Report::default();
    let ready = report.prepare("what the machine needs", || {
        setup::machine(tree, setup::For::Sellers)?;
        setup::python(tree)?;
        setup::node(tree)?;
        kotlin::fetch(tree)
    }) && report
        .prepare("build: what writes the bindings", || compile::build(tree, What::Bindgen).map(drop));
    if ready {
        report.cases("an invented record and operation", || run(tree));
    }
    Ok(report.finish())
}

/// The change, what each language offers, and the call in each of them are the cases. Bindgen must have been built.
pub fn run(tree: &Tree) -> Result<Tally> {
    let invention = Invention::by_chance();
    let Invention { module, record, operation, .. } = &invention;
    println!("   invented: the module {module}, the record {record}, the operation {operation}");
    let copy = copy(tree)?;
    invention.write(&copy)?;
    let artifacts = compile::build(&copy, What::Core)?;
    generate::write(&copy, &artifacts, false)?;

    let mut tally = Tally::default();
    let changed = changed(&copy)?;
    let written: Vec<&String> = changed.by_hand.iter().filter(|path| !path.starts_with("core/")).collect();
    println!("   changed: {} in core, {} generated files", changed.by_hand.len(), changed.generated);
    if !written.is_empty() {
        println!("   and besides, which should not be: {written:?}");
    }
    tally.count(written.is_empty() && changed.by_hand.len() == 2 && changed.generated > 0);

    compile::build(&copy, What::Faces)?;
    python::install(&copy)?;
    node::install(&copy)?;
    kotlin::compile(&copy, &artifacts)?;
    // By their own lists, docs and all; a list that lacks the invention would be noticed, since core's has it.
    let listed = generate::items(&copy, &artifacts)?;
    for name in [record.clone(), format!("CysendClient.{operation}")] {
        tally.count(listed.contains(&format!("\"{name}\"")));
    }
    tally += conformance::listed(&copy, &artifacts)?;
    for language in Language::ALL {
        let told = invention.call(&copy, language);
        match &told {
            Ok(()) => println!("   {}: called", language.name()),
            Err(error) => println!("   {}: {error:#}", language.name()),
        }
        tally.count(told.is_ok());
    }
    Ok(tally)
}

/// A workspace with all files of the tree, as they are now. What cargo compiles on the way lies among the tree's own, so that what
/// comes from registries is not compiled once more.
fn copy(tree: &Tree) -> Result<Tree> {
    let root = tree.fresh("invented")?;
    let mut list = Command::new("git");
    list.current_dir(&tree.root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = program::run(&mut list, &tree.log("invented-files"), Output::Apart, LIMIT)?.ok()?.stdout;
    for file in listed.split('\0').filter(|file| !file.is_empty()) {
        let (from, to) = (tree.root.join(file), root.join(file));
        // What was deleted and not yet committed is listed too.
        if !from.exists() {
            continue;
        }
        std::fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
        std::fs::copy(&from, &to).with_context(|| format!("{file} cannot be copied"))?;
    }
    for shared in SHARED {
        symlink(tree.root.join(shared), root.join(shared))?;
    }
    let target = root.join("target");
    let (built, work) = (target.join("debug"), target.join("xtask"));
    std::fs::create_dir_all(&built)?;
    std::fs::create_dir_all(work.join("logs"))?;
    symlink(kotlin::repository(tree), target.join("maven"))?;
    std::fs::copy(tree.program("tillgate-bindgen"), built.join("tillgate-bindgen"))?;
    let copy = Tree { root, target, built, work, compiled: Some(tree.target.clone()) };
    // Nothing is committed: what is in the index is what there was before.
    git(&copy, &["init", "--quiet"])?;
    git(&copy, &["add", "--all"])?;
    Ok(copy)
}

/// Files that are no longer what they were.
struct Changed {
    by_hand: Vec<String>,
    generated: usize,
}

fn changed(copy: &Tree) -> Result<Changed> {
    let mut changed = Changed { by_hand: Vec::new(), generated: 0 };
    let differing = git(copy, &["diff", "--name-only"])?;
    let new = git(copy, &["ls-files", "--others", "--exclude-standard"])?;
    for file in differing.lines().chain(new.lines()) {
        let text = std::fs::read_to_string(copy.root.join(file)).unwrap_or_default();
        if text.lines().take(5).any(|line| line.contains("Generated by") && line.contains("Do not edit")) {
            changed.generated += 1;
        } else {
            changed.by_hand.push(file.to_string());
        }
    }
    Ok(changed)
}

fn git(copy: &Tree, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.current_dir(&copy.root).args(arguments);
    Ok(program::run(&mut command, &copy.log("git"), Output::Apart, LIMIT)?.ok()?.stdout)
}

/// Names that mean nothing.
struct Invention {
    module: String,
    record: String,
    operation: String,
    /// Fields of the record.
    text: String,
    number: String,
}

impl Invention {
    fn by_chance() -> Self {
        let name = || format!("{}_{}", word(), word());
        let record = format!("{}{}", capital(&word()), capital(&word()));
        Self { module: word(), record, operation: name(), text: name(), number: name() }
    }

    /// A file of its own, and two lines in core's first.
    fn write(&self, copy: &Tree) -> Result<()> {
        let Self { module, record, operation, text, number } = self;
        let file = copy.root.join("core/src").join(module).with_extension("rs");
        ensure!(!file.exists(), "by chance there is a module {module} already");
        std::fs::write(
            file,
            format!(
                "//! Invented.\n\nuse crate::{{CysendClient, Result}};\n\n\
                 /// A record that was invented.\n#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]\npub struct {record} {{\n    \
                 /// A text of it.\n    pub {text}: String,\n    /// A number of it.\n    pub {number}: u32,\n}}\n\n\
                 #[uniffi::export]\nimpl CysendClient {{\n    /// Turns the text round and adds one to the number.\n    \
                 pub async fn {operation}(&self, given: {record}) -> Result<{record}> {{\n        \
                 Ok({record} {{ {text}: given.{text}.chars().rev().collect(), {number}: given.{number} + 1 }})\n    }}\n}}\n"
            ),
        )?;
        let library = copy.root.join("core/src/lib.rs");
        let lines = std::fs::read_to_string(&library)?;
        let mark = "mod transport;\n";
        ensure!(lines.contains(mark), "core/src/lib.rs has no longer {mark:?}");
        let added = format!("{mark}mod {module};\npub use {module}::{record};\n");
        Ok(std::fs::write(library, lines.replacen(mark, &added, 1))?)
    }

    /// Through the language's runner, which is told names and knows none.
    fn call(&self, copy: &Tree, language: Language) -> Result<()> {
        let Self { operation, text, number, .. } = self;
        let log = copy.log(&format!("invented-{}", language.key()));
        let mut runner = Runner::start(&mut Seller::ready(copy, language)?.command(), &log, LIMIT)?;
        let made = runner.say(
            "make client CysendClient new",
            &[
                ("config", ""),
                ("config.credentials", ""),
                ("config.credentials.user", "till"),
                ("config.credentials.password", "secret"),
            ],
        )?;
        ensure!(made == Some(json!({ "returned": Value::Null })), "the client: {made:?}");
        let (of_text, of_number) = (format!("given.{text}"), format!("given.{number}"));
        let given = [("given", ""), (of_text.as_str(), "abc"), (of_number.as_str(), "41")];
        let told = runner.say(&format!("call client {operation}"), &given)?;
        let wanted = json!({ "returned": { text.as_str(): "cba", number.as_str(): 42 } });
        ensure!(told.as_ref() == Some(&wanted), "it told {told:?}");
        runner.end(&log, String::new())?.ok()?;
        Ok(())
    }
}

/// Three syllables that no language has for a word of its own.
fn word() -> String {
    const BEGIN: &[u8] = b"bdfgklmnprstvz";
    const END: &[u8] = b"aeiou";
    // A new one begins with other random keys each time.
    let mut chance = RandomState::new().build_hasher().finish();
    let mut draw = |letters: &[u8]| {
        let letter = letters[(chance % letters.len() as u64) as usize];
        chance /= letters.len() as u64;
        char::from(letter)
    };
    (0..3).flat_map(|_| [draw(BEGIN), draw(END)]).collect()
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_others_each_time() {
        let (one, two) = (Invention::by_chance(), Invention::by_chance());
        assert_ne!(one.record, two.record);
        assert_ne!(one.operation, two.operation);
    }
}
