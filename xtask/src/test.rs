//! `cargo xtask test`: everything, from a fresh clone to the last line.

use anyhow::Result;

use crate::compile::{self, Artifact, What};
use crate::report::Report;
use crate::sellers::Language;
use crate::tree::Tree;
use crate::{
    bench, c, cargo_tests, conformance, demo, disks, document, fuzz, generate, kills, kotlin, memory, mutate,
    node, operations, python, setup, simulate,
};

/// A virtual machine takes a second to start, twice for each kill. `cargo xtask kills --language kotlin` takes all of them.
const KILLS_STRIDE_IN_KOTLIN: usize = 9;

pub fn run(tree: &Tree) -> Result<bool> {
    let mut report = Report::default();
    if !report.prepare("set-up: the machine", || setup::machine(tree, setup::For::Tests)) {
        return Ok(report.finish());
    }
    // Tools come over the network while cargo keeps the processors busy.
    let tools = std::thread::scope(|scope| {
        let tools = scope.spawn(|| (setup::python(tree), setup::node(tree)));
        let maven = scope.spawn(|| kotlin::fetch(tree));
        let built = build(tree, &mut report);
        let tools = tools.join();
        let maven = maven.join().unwrap_or_else(|_| Err(anyhow::anyhow!("setting Maven up panicked")));
        built.map(|(programs, tests)| (programs, tests, tools, maven))
    });
    let Some((programs, tests, tools, maven)) = tools else {
        report.given_up("everything else", "the build failed");
        return Ok(report.finish());
    };
    report.prepare("drift of generated files", || generate::write(tree, &programs, true).map(drop));
    report.cases("tests of the workspace", || cargo_tests::run(tree));
    report.cases("examples in Rust", || cargo_tests::examples(tree, &tests));
    report.cases("histories from seeds", || simulate::short(tree));
    report.cases("torn, failing and full disks", || disks::short(tree));
    report.cases("C", || c::run(tree));
    report.cases("fuzzing, bounded", || fuzz::bounded(tree));
    let panicked = || Err(anyhow::anyhow!("setting it up panicked"));
    let (python_tools, node_tools) = tools.unwrap_or_else(|_| (panicked(), panicked()));
    let tools = report.prepare("set-up: tools for Python", || python_tools);
    if tools {
        report.cases("sandbox against the document", || document::check(tree));
    } else {
        report.given_up("sandbox against the document", "Python's tools could not be set up");
    }
    let node = report.prepare("set-up: Node", || node_tools.and_then(|()| node::install(tree)));
    if node {
        report.cases("Node", || node::run(tree));
        report.cases("Node on a made-up core", || node::run_made_up(tree));
    } else {
        report.given_up("Node", "its set-up failed");
    }
    let kotlin = report.prepare("set-up: tools for Kotlin", || maven)
        && report.prepare("set-up: Kotlin", || kotlin::compile(tree, &programs));
    if kotlin {
        report.cases("Kotlin", || kotlin::run(tree));
    } else {
        report.given_up("Kotlin", "its set-up failed");
    }
    let python = tools && report.prepare("set-up: Python", || python::install(tree));
    if python {
        report.cases("Python", || python::run(tree));
        report.cases("Python on a made-up core", || python::run_made_up(tree));
        if node && kotlin {
            report.cases("every operation, parameter and field", || operations::run(tree));
            report
                .cases("what becomes of orders, in each language", || conformance::run(tree, &Language::ALL));
            report.cases("what each language offers", || conformance::items(tree, &programs));
            report.cases("benches, in small", || bench::small(tree));
            report.cases("a million calls in each language", || memory::run(tree, &Language::ALL));
        } else {
            report.given_up("the comparison of languages", "the set-up of Node or Kotlin failed");
        }
    } else {
        report.given_up("Python", "its set-up failed");
    }
    report.cases("guards switched off", || {
        let suites = [Some(mutate::core(&tests)?), python.then_some(mutate::Suite::Python)];
        let suites: Vec<_> = suites.into_iter().flatten().collect();
        mutate::gate(tree, &suites, &[])
    });
    for language in [Language::Rust, Language::C, Language::Python, Language::Node] {
        if (language == Language::Python && !python) || (language == Language::Node && !node) {
            continue;
        }
        report.cases(&format!("kills at every crash point, {}", language.name()), || {
            kills::enumerate(tree, language, 1)
        });
    }
    if kotlin {
        report.cases("kills at crash points, Kotlin", || {
            kills::enumerate(tree, Language::Kotlin, KILLS_STRIDE_IN_KOTLIN)
        });
    }
    if python {
        report.cases("demo", || demo::sell(tree, None));
        report.cases("demo with a broken promise", || demo::breach(tree));
    }
    Ok(report.finish())
}

fn build(tree: &Tree, report: &mut Report) -> Option<(Vec<Artifact>, Vec<Artifact>)> {
    let (mut programs, mut tests) = (Vec::new(), Vec::new());
    let built = report.prepare("build", || {
        programs = compile::build(tree, What::Programs)?;
        tests = compile::build(tree, What::Tests)?;
        Ok(())
    });
    built.then_some((programs, tests))
}
