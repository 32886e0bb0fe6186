//! A side of a row: a program that makes a round whenever it is asked for one.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The longest that a round, or the making of a journal with a million orders, may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10 * 60);

pub struct Side {
    pub name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    answers: mpsc::Receiver<std::io::Result<String>>,
}

/// What a side says of a round.
#[derive(Debug, Default)]
pub struct Round {
    pub nanoseconds: f64,
    pub count: u64,
    pub sum: Option<String>,
    pub samples: HashMap<String, Vec<f64>>,
    pub figures: HashMap<String, u64>,
}

impl Side {
    pub fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let told = crate::program::told(command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{told} could not be started"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the side has no output")?;
        let side = Self { name, child, input, answers: listen(output) };
        let ready = side.answer()?;
        if ready.trim() != "ready" {
            bail!("{told} said {ready:?} instead of `ready`");
        }
        Ok(side)
    }

    /// Asks for a round.
    pub fn round(&mut self) -> Result<Round> {
        let input = self.input.as_mut().context("the side was ended")?;
        input.write_all(b"round\n").and_then(|()| input.flush()).with_context(|| self.ended())?;
        let answer = self.answer()?;
        read(&answer).with_context(|| format!("{} said {answer:?}", self.name))
    }

    /// Lets it end by itself, since what it holds must be closed.
    pub fn end(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.child.wait()?;
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(())
    }

    fn answer(&self) -> Result<String> {
        self.answers
            .recv_timeout(ANSWER_LIMIT)
            .with_context(|| self.ended())?
            .context("a side cannot be read")
    }

    fn ended(&self) -> String {
        format!("{} does not answer; what it said of that stands above", self.name)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(output: ChildStdout) -> mpsc::Receiver<std::io::Result<String>> {
    let (sender, answers) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    answers
}

fn read(answer: &str) -> Result<Round> {
    let value: Value = serde_json::from_str(answer)?;
    let number = |value: &Value| value.as_f64().context("no number");
    let mut round = Round {
        nanoseconds: number(&value["nanoseconds"])?,
        count: value["count"].as_u64().context("no count")?,
        sum: value["sum"].as_str().map(str::to_string),
        ..Round::default()
    };
    for pair in value["samples"].as_array().into_iter().flatten() {
        let times = pair[1].as_array().into_iter().flatten().map(number).collect::<Result<_>>()?;
        round.samples.insert(pair[0].as_str().context("no name")?.to_string(), times);
    }
    for pair in value["figures"].as_array().into_iter().flatten() {
        let figure = pair[1].as_u64().context("no figure")?;
        round.figures.insert(pair[0].as_str().context("no name")?.to_string(), figure);
    }
    Ok(round)
}
