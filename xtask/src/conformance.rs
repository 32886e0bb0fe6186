//! What becomes of orders, and what each language offers: the same everywhere, by cases that are data and one judge.

use std::path::Path;

use anyhow::Result;

use crate::compile::{self, Artifact};
use crate::operations::{judged, own_tests};
use crate::report::{Report, Tally};
use crate::sellers::{self, Language, Seller};
use crate::tree::Tree;
use crate::{c, generate, kotlin, python};

/// No runner is longer, with all that is written by hand for it.
const RUNNER_LINES_MAX: usize = 200;

/// The command.
pub fn command(tree: &Tree, language: Option<&str>) -> Result<bool> {
    let languages = Language::chosen(language)?;
    let mut report = Report::default();
    // What a language offers is compared with all others.
    if let Some(programs) = sellers::prepare(&mut report, tree, &Language::ALL) {
        report.cases("what becomes of orders, in each language", || run(tree, &languages));
        report.cases("what each language offers", || items(tree, &programs));
    }
    Ok(report.finish())
}

/// Each case in each language counts, and so does each lie that must be noticed.
pub fn run(tree: &Tree, languages: &[Language]) -> Result<Tally> {
    let place = tree.fresh("orders")?;
    let conformance = tree.root.join("conformance");
    let installed = python::installed(tree);
    let mut judge = python::python(tree, &installed, &["-m", "orders"]);
    judge.current_dir(&conformance).arg("--sandbox").arg(tree.program("tillgate-sandbox"));
    judge.arg("--header").arg(tree.root.join("bindings-c/include/tillgate.h"));
    for language in languages {
        judge.args(["--language", language.name()]);
        if *language == Language::C {
            judge.arg(c::watched_runner(tree)?);
        } else {
            let runner = Seller::ready(tree, *language)?.command();
            judge.arg(runner.get_program()).args(runner.get_args());
        }
    }
    if languages.contains(&Language::Python) {
        judge.arg("--altered").arg(conformance.join("runners/python/runner.py"));
    }
    let mut tally = judged(&mut judge, &place)?;
    tally += python::pytest(tree, &mut own_tests(tree, &conformance, "orders/tests"), "pytest-orders")?;
    Ok(tally)
}

/// Each public item in each language counts, and so do the judge's own tests.
pub fn items(tree: &Tree, programs: &[Artifact]) -> Result<Tally> {
    let mut tally = listed(tree, programs)?;
    let conformance = tree.root.join("conformance");
    tally += python::pytest(tree, &mut own_tests(tree, &conformance, "items/tests"), "pytest-items")?;
    Ok(tally)
}

/// Each public item in each language counts.
pub fn listed(tree: &Tree, programs: &[Artifact]) -> Result<Tally> {
    let place = tree.fresh("items")?;
    let conformance = tree.root.join("conformance");
    let listed = place.join("core.jsonl");
    std::fs::write(&listed, generate::items(tree, programs)?)?;
    let installed = python::installed(tree);
    let mut judge = python::python(tree, &installed, &["-m", "items"]);
    judge.current_dir(&conformance).arg("--core").arg(&listed);
    judge.arg("--rust").arg(compile::documented(tree)?);
    judge.arg("--header").arg(tree.root.join("bindings-c/include/tillgate.h"));
    judge.arg("--declarations").arg(tree.root.join("bindings-node/js/generated"));
    judge.arg("--kotlin").arg(kotlin::generated(tree));
    judged(&mut judge, &place)
}

/// How long each runner is: all files of its folder but what is generated and what cargo wants.
pub fn lengths(tree: &Tree) -> Result<Tally> {
    let mut tally = Tally::default();
    let folder = tree.root.join("conformance/runners");
    for language in std::fs::read_dir(&folder)? {
        let language = language?.path();
        let lines = lines(&language)?;
        if lines > RUNNER_LINES_MAX {
            println!("   {} has {lines} lines, and {RUNNER_LINES_MAX} are allowed", tree.told(&language));
        }
        tally.count(lines <= RUNNER_LINES_MAX);
    }
    Ok(tally)
}

fn lines(folder: &Path) -> Result<usize> {
    let mut lines = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_code = !matches!(
            name.as_str(),
            "generated" | "Cargo.toml" | "__pycache__" | "node_modules" | "package.json"
        );
        if path.is_dir() && is_code {
            lines += self::lines(&path)?;
        } else if is_code {
            lines += std::fs::read_to_string(&path)?.lines().count();
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("src/generated")).unwrap();
        std::fs::write(dir.path().join("src/main.rs"), "a\nb\n").unwrap();
        std::fs::write(dir.path().join("src/more.rs"), "c\n").unwrap();
        std::fs::write(dir.path().join("src/generated/mod.rs"), "d\n").unwrap();
        assert_eq!(lines(dir.path()).unwrap(), 3);
    }
}
