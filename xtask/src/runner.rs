//! A runner at work: calls go in by its standard input, and what came of each comes back as a line of JSON.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::program::{self, Ended};

/// A running runner. It is ended when its time is over.
pub struct Runner {
    child: Arc<Mutex<Child>>,
    into: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
    command: String,
    begun: Instant,
    /// Dropped at the end, so that nobody waits for its time to be over.
    watch: Option<Sender<()>>,
    timed_out: Arc<Mutex<bool>>,
}

/// What came of a call; nothing when the runner is no more.
pub type Told = Option<Value>;

impl Runner {
    pub fn start(command: &mut Command, log: &Path, limit: Duration) -> Result<Self> {
        let told = program::told(command);
        let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .with_context(|| format!("{told} could not be started"))?;
        let into = child.stdin.take();
        let out = BufReader::new(child.stdout.take().context("a runner without output")?);
        let child = Arc::new(Mutex::new(child));
        let timed_out = Arc::new(Mutex::new(false));
        let (watch, ended) = mpsc::channel();
        let (watched, late) = (child.clone(), timed_out.clone());
        std::thread::spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                *late.lock().expect("nobody panics with it") = true;
                let _ = watched.lock().expect("nobody panics with it").kill();
            }
        });
        let begun = Instant::now();
        Ok(Self { child, into, out, command: told, begun, watch: Some(watch), timed_out })
    }

    /// Makes a call. Arguments are pairs of a place and a text.
    pub fn say(&mut self, head: &str, arguments: &[(&str, &str)]) -> Result<Told> {
        let mut block = format!("{head}\n");
        for (place, text) in arguments {
            let text = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
            block.push_str(&format!("{place}={text}\n"));
        }
        block.push_str("end\n");
        let mut line = String::new();
        let sent = self.into.as_mut().context("its input is closed")?.write_all(block.as_bytes());
        // Whoever was killed takes nothing more, and says nothing more.
        if sent.is_err() || self.out.read_line(&mut line).unwrap_or(0) == 0 || !line.ends_with('\n') {
            return Ok(None);
        }
        serde_json::from_str(&line).map(Some).with_context(|| format!("{} said {line:?}", self.command))
    }

    /// Lets it come to its end; `stdout` is what is to stand for its output.
    pub fn end(mut self, log: &Path, stdout: String) -> Result<Ended> {
        drop(self.into.take());
        // Its end is seen by the end of its output: nobody holds the lock meanwhile.
        let mut rest = String::new();
        let _ = std::io::Read::read_to_string(&mut self.out, &mut rest);
        let status = self.child.lock().expect("nobody panics with it").wait()?;
        drop(self.watch.take());
        let timed_out = *self.timed_out.lock().expect("nobody panics with it");
        Ok(Ended {
            command: self.command.clone(),
            exit_code: status.code(),
            signal: status.signal(),
            timed_out,
            stdout,
            log: log.to_path_buf(),
            took: self.begun.elapsed(),
        })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if self.watch.take().is_some() {
            let mut child = self.child.lock().expect("nobody panics with it");
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
