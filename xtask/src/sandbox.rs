//! A gateway of our own, with faults to order: the program `tillgate-sandbox`.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::plan::Gateway;
use crate::tree::Tree;

/// A sandbox that ends when it is dropped, and also when xtask dies.
pub struct Sandbox {
    child: Child,
    url: String,
    /// What it really sold, line by line.
    pub ledger: PathBuf,
}

const PROGRAM: &str = "tillgate-sandbox";
const USER: &str = "till";
const PASSWORD: &str = "secret";
/// Seconds of real time for an answer of its control.
const CONTROL_TIMEOUT_S: u64 = 30;

impl Sandbox {
    /// An order settles in a fiftieth of a second.
    pub const SPEED_OF_EXAMPLES: u32 = 100;

    /// Starts one whose time runs so many times faster; its ledger lies in this folder.
    pub fn start(tree: &Tree, folder: &Path, speed: u32) -> Result<Self> {
        Self::start_with(&tree.program(PROGRAM), folder, speed, &[])
    }

    /// Starts a copy of the program that lies somewhere else.
    pub fn start_copy(program: &Path, folder: &Path, speed: u32) -> Result<Self> {
        Self::start_with(program, folder, speed, &[])
    }

    /// Starts one whose orders are final as soon as they are taken.
    pub fn start_immediate(tree: &Tree, folder: &Path) -> Result<Self> {
        Self::start_with(&tree.program(PROGRAM), folder, 1, &["--immediately-final"])
    }

    fn start_with(program: &Path, folder: &Path, speed: u32, more: &[&str]) -> Result<Self> {
        let ledger = folder.join("ledger.jsonl");
        let mut child = Command::new(program)
            .args(["--port", "0", "--catalogue-products", "0", "--until-stdin-closes"])
            .args(["--speed", &speed.to_string()])
            .args(more)
            .args(["--account", &format!("{USER}:{PASSWORD}:100000:CHF")])
            .arg("--ledger")
            .arg(&ledger)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let stdout = child.stdout.take().context("the sandbox has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the sandbox said {line:?} instead of where it listens");
        };
        Ok(Self { url: url.to_string(), child, ledger })
    }

    pub fn gateway(&self) -> Gateway<'_> {
        Gateway { url: &self.url, user: USER, password: PASSWORD }
    }

    /// Where to sell, as tests find it in their environment.
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        let gateway = self.gateway();
        [
            ("TILLGATE_SANDBOX_URL", gateway.url),
            ("TILLGATE_SANDBOX_USER", gateway.user),
            ("TILLGATE_SANDBOX_PASSWORD", gateway.password),
        ]
    }

    /// What every example takes: URL, user, password, and the place of its journal.
    pub fn example_arguments(&self, place: &Path) -> [OsString; 4] {
        let gateway = self.gateway();
        [gateway.url.into(), gateway.user.into(), gateway.password.into(), place.join("journal").into()]
    }

    /// Orders faults, all before any strikes.
    pub fn order_faults(&self, faults: &[Value]) -> Result<()> {
        self.control("faults", Some(&Value::from(faults))).map(drop)
    }

    /// Asks its control, or tells it something.
    pub fn control(&self, path: &str, body: Option<&Value>) -> Result<Value> {
        let origin: String = self.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let address = format!("{origin}/_sandbox/{path}");
        let request = match body {
            Some(body) => minreq::post(address)
                .with_header("Content-Type", "application/json")
                .with_body(body.to_string()),
            None => minreq::get(address),
        };
        let answer = request
            .with_timeout(CONTROL_TIMEOUT_S)
            .send()
            .context("the sandbox's control does not answer")?;
        let text = answer.as_str().unwrap_or("no text");
        if !(200..300).contains(&answer.status_code) {
            bail!("the sandbox's control refused {path}: {text}");
        }
        Ok(serde_json::from_str(text)?)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Closing its standard input would end it as well; this does not wait for it to notice.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
