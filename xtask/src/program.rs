//! Runs a program: bounded in time, its output kept in a file, its failure told honestly.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait_timeout::ChildExt;

/// Lines of its output that a failure shows.
const LINES_SHOWN: usize = 30;

/// How often a program that takes long shows where it is.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// The command, as one would type it.
    pub command: String,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// It was still running when its time was over, and was ended.
    pub timed_out: bool,
    /// What it wrote to standard output.
    pub stdout: String,
    /// Standard error, with standard output unless that was kept apart.
    pub log: PathBuf,
    pub took: Duration,
}

/// Where standard output goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Into the log, among standard error.
    Together,
    /// Into a file of its own beside the log, since it is read by us.
    Apart,
}

/// Runs a command to its end, or to the end of its time.
pub fn run(command: &mut Command, log: &Path, output: Output, limit: Duration) -> Result<Ended> {
    let told = told(command);
    let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
    let apart = log.with_extension("out");
    let stdout = match output {
        Output::Together => file.try_clone()?,
        Output::Apart => emptied(&apart)?,
    };
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(file)
        .spawn()
        .with_context(|| format!("{told} could not be started"))?;
    let status = wait(&mut child, begun, limit, log)?;
    let timed_out = status.is_none();
    let status = match status {
        Some(status) => status,
        None => {
            child.kill()?;
            child.wait()?
        }
    };
    let text = match output {
        Output::Together => String::from_utf8_lossy(&std::fs::read(log)?).into_owned(),
        Output::Apart => String::from_utf8_lossy(&std::fs::read(&apart)?).into_owned(),
    };
    Ok(Ended {
        command: told,
        exit_code: status.code(),
        signal: status.signal(),
        timed_out,
        stdout: text,
        log: log.to_path_buf(),
        took: begun.elapsed(),
    })
}

/// An empty file to which is appended: others may append to it meanwhile, and the order shows who was first.
fn emptied(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(File::options().append(true).open(path)?)
}

/// Waits for the end, and now and then shows that something goes on.
fn wait(child: &mut Child, begun: Instant, limit: Duration, log: &Path) -> Result<Option<ExitStatus>> {
    loop {
        let left = limit.saturating_sub(begun.elapsed());
        let status = child.wait_timeout(left.min(SIGN_OF_LIFE))?;
        if status.is_some() || left <= SIGN_OF_LIFE {
            return Ok(status);
        }
        let said = std::fs::read(log).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().last().unwrap_or_default().trim();
        println!("   … {} s: {last}", begun.elapsed().as_secs());
    }
}

impl Ended {
    pub fn succeeded(&self) -> bool {
        self.exit_code == Some(0) && !self.timed_out
    }

    /// Fails with the whole story unless the program ended well.
    pub fn ok(self) -> Result<Self> {
        if self.succeeded() { Ok(self) } else { bail!("{}", self.story()) }
    }

    /// Which command, how it ended, its last lines, and where the rest is.
    pub fn story(&self) -> String {
        let how = match (self.timed_out, self.exit_code, self.signal) {
            (true, ..) => format!("was ended after {} s", self.took.as_secs()),
            (_, Some(code), _) => format!("ended with {code}"),
            (_, None, Some(signal)) => format!("was ended by signal {signal}"),
            _ => "ended".to_string(),
        };
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let mut lines: Vec<&str> = log.lines().rev().take(LINES_SHOWN).collect();
        lines.reverse();
        let lines = lines.iter().map(|line| format!("    | {line}\n")).collect::<String>();
        format!("{} {how}\n{lines}    the whole output: {}", self.command, self.log.display())
    }
}

/// A command as one would type it.
pub fn told(command: &Command) -> String {
    let mut told = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        told.push(' ');
        told.push_str(&argument.to_string_lossy());
    }
    told
}

/// Whether a program of this name can be started.
pub fn is_there(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> (Ended, String) {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let ended = run(Command::new("sh").args(["-c", script]), &log, Output::Together, limit).unwrap();
        // While the log is still there.
        let story = ended.story();
        (ended, story)
    }

    #[test]
    fn a_failure_names_its_command_its_end_and_its_last_lines() {
        let (ended, story) = shell("echo one; echo two >&2; exit 3", Duration::from_secs(60));
        assert!(ended.ok().is_err());
        for part in ["sh -c", "ended with 3", "| one", "| two", "the whole output"] {
            assert!(story.contains(part), "{part:?} is missing in {story}");
        }
    }

    #[test]
    fn a_kill_is_told_from_an_exit() {
        let (ended, _) = shell("kill -9 $$", Duration::from_secs(60));
        assert_eq!((ended.exit_code, ended.signal, ended.timed_out), (None, Some(9), false));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let (ended, _) = shell("exec sleep 600", Duration::from_millis(50));
        assert!(ended.timed_out);
        assert!(!ended.succeeded());
    }
}
