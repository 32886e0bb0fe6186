//! What each example must show, the same in every language. An example that is not named here must sell, walk or whatever it
//! does at its first start, and end with 0.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use wait_timeout::ChildExt;

use crate::program::{self, Ended, Output};
use crate::report::Tally;
use crate::sandbox::Sandbox;
use crate::tree::{self, Tree};

/// Each start takes seconds.
const LIMIT: Duration = Duration::from_secs(120);
/// Between two looks at what has happened.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// In the sandbox's time, which runs faster. Nothing here takes so long.
const LATER_MS: u64 = 86_400_000;

/// Runs one example at a sandbox of its own. `program` makes the command of an example, since one needs another before it.
pub fn run(
    tree: &Tree,
    folder: &Path,
    name: &str,
    program: &dyn Fn(&str) -> Result<Command>,
) -> Result<Tally> {
    let place = folder.join(name);
    tree::empty(&place)?;
    let sandbox = Sandbox::start(tree, &place, Sandbox::SPEED_OF_EXAMPLES)?;
    let shop = Shop { sandbox, place: &place, program, starts: Cell::new(0) };
    let shown = match name {
        "crash_and_resume" => shop.a_crash_does_not_buy_twice(),
        "redeem_a_voucher" => shop.a_voucher_is_handed_out_once(),
        "reconcile_and_review" => shop.a_person_decides(),
        "receive_callback" | "receive_callback_loop" => shop.only_the_gateway_settles(name),
        _ => shop.start(name, &[]).and_then(|ended| ended.ok()).map(drop),
    };
    let mut tally = Tally::default();
    if let Err(error) = &shown {
        println!("   {name}: {error:#}");
    }
    tally.count(shown.is_ok());
    Ok(tally)
}

/// A place with a journal, and the gateway that it sells through.
struct Shop<'a> {
    sandbox: Sandbox,
    place: &'a Path,
    program: &'a dyn Fn(&str) -> Result<Command>,
    starts: Cell<u32>,
}

impl Shop<'_> {
    /// The gateway has the order when the program is killed. It goes on with it.
    fn a_crash_does_not_buy_twice(&self) -> Result<()> {
        let kill = json!({ "operation": "createOrder", "kind": "kill", "point": "after_accepting" });
        self.sandbox.order_faults(&[kill])?;
        let killed = self.start("crash_and_resume", &[])?;
        ensure!(killed.signal == Some(9), "it was not killed: {}", killed.story());
        self.says("crash_and_resume", &[], 0, "going on with")?;
        self.is_bought(1)
    }

    fn a_voucher_is_handed_out_once(&self) -> Result<()> {
        let name = "redeem_a_voucher";
        let first = self.says(name, &[], 0, "Code ")?;
        let code = code(&first)?;
        let again = self.says(name, &[], 0, "The slip was printed")?;
        ensure!(!again.contains(code), "the code was printed again: {again}");
        // It died while it printed.
        std::fs::write(self.place.join("journal.slip"), "printing")?;
        let copy = self.says(name, &[], 0, "COPY")?;
        ensure!(self::code(&copy)? == code, "the copy has another code: {copy}");
        // The key was lost: there is another one under another name.
        std::fs::write(self.place.join("journal.slip"), "printing")?;
        std::fs::write(
            self.place.join("journal.key"),
            "second AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        )?;
        let copy = self.says(name, &[], 0, "COPY")?;
        ensure!(self::code(&copy)? == code, "after the key was lost the code is another one: {copy}");
        self.is_bought(1)
    }

    /// The answer is lost, and what the gateway has under the order's id is another amount.
    fn a_person_decides(&self) -> Result<()> {
        let name = "reconcile_and_review";
        self.says(name, &[], 0, "0 open")?;
        self.sandbox.order_faults(&[
            json!({ "operation": "createOrder", "kind": "accept_then_reset" }),
            json!({ "operation": "getOrder", "kind": "mangle", "change": "face_value", "times": "forever" }),
        ])?;
        self.says("sell", &[], 1, "A person must look at order")?;
        self.says(name, &[], 1, "1 of them in review")?;
        let id = std::fs::read_to_string(self.place.join("journal.sale"))?;
        let decision = [id.trim(), "succeeded", "Ann Example", "the statement has it once"];
        let decided = self.says(name, &decision, 0, "0 open")?;
        ensure!(
            decided.contains("Ann Example: the statement has it once"),
            "the history lacks it: {decided}"
        );
        // Nothing is left to decide: that is said, and nothing changes.
        self.says(name, &[decision[0], "failed", "Bob Example", "a guess"], 0, "nothing to decide")?;
        self.is_bought(1)
    }

    /// The order stays open until all strangers have called; then the gateway calls.
    fn only_the_gateway_settles(&self, name: &str) -> Result<()> {
        let later = json!({
            "operation": "createOrder", "kind": "outcome", "status": "success", "response_code": "00", "after_ms": LATER_MS,
        });
        self.sandbox.order_faults(&[later])?;
        let mut receiver = Receiver::start(self.command(name)?, self.place)?;
        receiver.until("the gateway has the order", || self.is_bought(1).map_or(Ok(false), |()| Ok(true)))?;
        let id = std::fs::read_to_string(self.place.join("journal.sale"))?;
        let url = receiver.url.clone();

        let asked = self.look_ups()?;
        self.forged(
            &json!({ "url": url, "kind": "status", "user_uid": id.trim(), "status": "success" }),
            200,
        )?;
        receiver.until("the forgery makes the till ask", || Ok(self.look_ups()? > asked))?;
        self.forged(&json!({ "url": url, "kind": "unknown_ids", "user_uid": "nobody" }), 200)?;
        self.forged(&json!({ "url": url, "kind": "not_json" }), 400)?;
        self.forged(&json!({ "url": url, "kind": "huge", "bytes": 2 << 20 }), 413)?;
        self.forged(&json!({ "url": format!("{url}x"), "kind": "not_json" }), 404)?;
        if name == "receive_callback_loop" {
            receiver.refuses_who_is_slow()?;
        }
        receiver.goes_on()?;

        self.sandbox.control("advance", Some(&json!({ "ms": LATER_MS })))?;
        receiver.ends_and_says("Done: ")?;
        self.sandbox.control("idle", None)?;
        let taken = self.sandbox.control("callbacks", None)?;
        let taken = taken.as_array().into_iter().flatten();
        let ours =
            taken.filter(|callback| callback["user_uid"] == id.trim() && callback["status"] == 200).count();
        ensure!(ours == 2, "the forgery and the gateway's own callback were to be taken, and {ours} were");
        self.is_bought(1)
    }

    /// Posts a callback that the gateway would not send.
    fn forged(&self, forgery: &Value, http_status: u16) -> Result<()> {
        let record = self.sandbox.control("callbacks", Some(forgery))?;
        ensure!(record["status"] == http_status, "{forgery} was not answered with {http_status}: {record}");
        Ok(())
    }

    /// How often somebody asked what became of an order.
    fn look_ups(&self) -> Result<usize> {
        let requests = self.sandbox.control("requests", None)?;
        Ok(requests
            .as_array()
            .into_iter()
            .flatten()
            .filter(|request| request["operation"] == "getOrder")
            .count())
    }

    /// An example with what every one takes.
    fn command(&self, name: &str) -> Result<Command> {
        let mut command = (self.program)(name)?;
        command.current_dir(self.place).args(self.sandbox.example_arguments(self.place));
        Ok(command)
    }

    /// Starts an example with what every one takes, and more.
    fn start(&self, name: &str, more: &[&str]) -> Result<Ended> {
        self.starts.set(self.starts.get() + 1);
        let mut command = self.command(name)?;
        command.args(more);
        let log = self.place.join(format!("{}-{name}.log", self.starts.get()));
        program::run(&mut command, &log, Output::Together, LIMIT)
    }

    /// Starts an example that ends so and says so.
    fn says(&self, name: &str, more: &[&str], exit_code: i32, text: &str) -> Result<String> {
        let ended = self.start(name, more)?;
        if ended.exit_code != Some(exit_code) || !ended.stdout.contains(text) {
            bail!("it should end with {exit_code} and say {text:?}, but {}", ended.story());
        }
        Ok(ended.stdout)
    }

    /// So many purchases stand in the gateway's ledger.
    fn is_bought(&self, times: usize) -> Result<()> {
        let ledger = std::fs::read_to_string(&self.sandbox.ledger)?;
        let entries = ledger.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
        let bought = entries.iter().filter(|entry| entry["event"] == "accepted").count();
        ensure!(bought == times, "bought {bought} times instead of {times}");
        Ok(())
    }
}

/// An example that is running and receives callbacks. It ends when this is dropped.
struct Receiver {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Where it receives them.
    url: String,
}

impl Receiver {
    /// Starts it; it says first where it listens.
    fn start(mut command: Command, place: &Path) -> Result<Self> {
        let told = program::told(&command);
        let log = File::create(place.join("receiver.log"))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().with_context(|| format!("{told} could not be started"))?;
        let stdout = BufReader::new(child.stdout.take().context("it has no output")?);
        let mut receiver = Self { child, stdout, url: String::new() };
        let mut line = String::new();
        receiver.stdout.read_line(&mut line)?;
        let url = line.trim().strip_prefix("callbacks at ");
        receiver.url = url.with_context(|| format!("{told} said {line:?}"))?.to_string();
        Ok(receiver)
    }

    /// Waits for something to happen while it runs.
    fn until(&mut self, what: &str, has_happened: impl Fn() -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        while !has_happened()? {
            self.goes_on().with_context(|| format!("it was to wait until {what}"))?;
            ensure!(begun.elapsed() < LIMIT, "it did not happen that {what}");
        }
        Ok(())
    }

    fn goes_on(&mut self) -> Result<()> {
        match self.child.wait_timeout(LOOK_AGAIN)? {
            None => Ok(()),
            Some(status) => bail!("it ended too early: {status}"),
        }
    }

    /// The till's own receiver has its tests in core; sockets by hand are the example's business.
    fn refuses_who_is_slow(&self) -> Result<()> {
        let address = self.url.trim_start_matches("http://");
        let (host, path) = address.split_once('/').context("an address without a path")?;
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(LIMIT))?;
        write!(stream, "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n[")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 408 "), "half a request was answered with {answer:?}");
        Ok(())
    }

    fn ends_and_says(mut self, text: &str) -> Result<()> {
        let status = self.child.wait_timeout(LIMIT)?.context("it does not end")?;
        let mut said = String::new();
        self.stdout.read_to_string(&mut said)?;
        ensure!(status.success() && said.contains(text), "{status}, after it said {said:?}");
        Ok(())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The code on a slip.
fn code(slip: &str) -> Result<&str> {
    let code = slip.lines().find_map(|line| line.strip_prefix("Code ")).map(str::trim);
    code.filter(|code| !code.is_empty()).with_context(|| format!("no code on the slip: {slip}"))
}
