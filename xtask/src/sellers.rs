//! The sellers: one short runner per language, through each of which the same plans are carried out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::compile::{self, Artifact, What};
use crate::program::Ended;
use crate::report::Report;
use crate::runner::Runner;
use crate::selling::Points;
use crate::tree::Tree;
use crate::{c, kotlin, node, python, selling, setup};

/// A plan takes seconds, and a disk that others keep busy may take a minute for one fsync; a seller that hangs is a failure.
const LIMIT: Duration = Duration::from_secs(300);

/// The language of a seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Rust,
    C,
    Python,
    Node,
    Kotlin,
}

impl Language {
    pub const ALL: [Self; 5] = [Self::Rust, Self::C, Self::Python, Self::Node, Self::Kotlin];

    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Python => "Python",
            Self::Node => "Node",
            Self::Kotlin => "Kotlin",
        }
    }

    /// As arguments and file names have it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::C => "c",
            Self::Python => "python",
            Self::Node => "node",
            Self::Kotlin => "kotlin",
        }
    }

    /// The one of this name, or all.
    pub fn chosen(key: Option<&str>) -> Result<Vec<Self>> {
        let Some(key) = key else { return Ok(Self::ALL.to_vec()) };
        let found = Self::ALL.into_iter().find(|language| language.key() == key);
        Ok(vec![found.with_context(|| format!("nothing is written in {key:?}"))?])
    }
}

/// Sets up and builds what the programs of these languages need. None if that failed, which the report has told.
pub fn prepare(report: &mut Report, tree: &Tree, languages: &[Language]) -> Option<Vec<Artifact>> {
    let mut built = Vec::new();
    let needs = |language| languages.contains(&language);
    let ready = report.prepare("what the machine needs", || {
        setup::machine(tree, setup::For::Sellers)?;
        setup::python(tree)?;
        if needs(Language::Node) { setup::node(tree) } else { Ok(()) }
    }) && report.prepare("build", || {
        built = compile::build(tree, What::Programs)?;
        Ok(())
    }) && (!needs(Language::Python)
        || report.prepare("Python's package", || python::install(tree)))
        && (!needs(Language::Node) || report.prepare("Node's addon", || node::install(tree)))
        && (!needs(Language::Kotlin)
            || report.prepare("Kotlin's programs", || kotlin::compile(tree, &built)));
    ready.then_some(built)
}

/// A seller that is ready to be started.
pub struct Seller {
    pub language: Language,
    program: PathBuf,
    arguments: Vec<PathBuf>,
    environment: Vec<(&'static str, PathBuf)>,
}

/// What is special about one start.
#[derive(Default)]
pub struct Manner<'a> {
    /// How much faster the seller's clock runs.
    pub clock_speed: Option<u32>,
    /// The crash point at which the process kills itself.
    pub crash_at: Option<usize>,
    /// Where the crash points that were passed are noted.
    pub crash_log: Option<&'a Path>,
    /// They stand among what is told of the steps, too.
    pub tells_points: bool,
    /// Guards that do not hold.
    pub guards_off: Option<&'a str>,
}

impl Seller {
    /// Gets one ready: the C runner is compiled here; the others were built before.
    pub fn ready(tree: &Tree, language: Language) -> Result<Self> {
        let seller = |program: PathBuf| Self { language, program, arguments: vec![], environment: vec![] };
        Ok(match language {
            Language::Rust => seller(tree.program("tillgate-runner")),
            Language::C => seller(c::runner(tree)?),
            Language::Python => Self {
                arguments: vec![tree.root.join("conformance/runners/python/runner.py")],
                environment: vec![("PYTHONPATH", python::installed(tree))],
                ..seller(setup::interpreter(tree))
            },
            Language::Node => Self {
                arguments: vec![tree.root.join("conformance/runners/node/runner.mjs")],
                ..seller(PathBuf::from("node"))
            },
            Language::Kotlin => Self {
                arguments: vec![kotlin::arguments_in_a_file(tree, "runner.RunnerKt")?],
                ..seller(kotlin::JAVA.into())
            },
        })
    }

    /// Carries a plan out, to its end or to the seller's.
    pub fn sell(&self, plan: &Path, manner: &Manner<'_>, log: &Path) -> Result<Ended> {
        let mut command = self.command();
        for name in ["TILLGATE_CRASH_AT", "TILLGATE_CRASH_LOG", "TILLGATE_GUARDS_OFF", "TILLGATE_CLOCK_SPEED"]
        {
            command.env_remove(name);
        }
        if let Some(speed) = manner.clock_speed {
            command.env("TILLGATE_CLOCK_SPEED", speed.to_string());
        }
        if let Some(number) = manner.crash_at {
            command.env("TILLGATE_CRASH_AT", number.to_string());
        }
        if let Some(file) = manner.crash_log {
            command.env("TILLGATE_CRASH_LOG", file);
        }
        if let Some(guards) = manner.guards_off {
            command.env("TILLGATE_GUARDS_OFF", guards);
        }
        let text = std::fs::read_to_string(plan).with_context(|| plan.display().to_string())?;
        let mut runner = Runner::start(&mut command, log, LIMIT)?;
        let mut points = Points { log: manner.crash_log.filter(|_| manner.tells_points), told: 0 };
        let sold = selling::carry_out(&mut runner, &text, &mut points)?;
        let mut ended = runner.end(log, sold.told)?;
        ended.stdout.push_str(&points.passed()?);
        if let Some(why) = sold.gave_up.filter(|_| ended.exit_code == Some(0)) {
            ended.exit_code = Some(1);
            let mut file = std::fs::OpenOptions::new().append(true).open(log)?;
            writeln!(file, "{why}")?;
        }
        Ok(ended)
    }

    /// What starts its runner.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        // By it cargo leads to the library of the tree that it runs; a program says itself which one it means.
        command.env_remove("LD_LIBRARY_PATH");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}
