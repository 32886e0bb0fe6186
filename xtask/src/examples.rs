//! What each example must show, the same in every language. An example that is not named here must sell, walk or whatever it
//! does at its first start, and end with 0.

use std::cell::Cell;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::program::{self, Ended, Output};
use crate::report::Tally;
use crate::sandbox::Sandbox;
use crate::tree::{self, Tree};

/// Each start takes seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs one example at a sandbox of its own. `program` makes the command of an example, since one needs another before it.
pub fn run(tree: &Tree, folder: &Path, name: &str, program: &dyn Fn(&str) -> Result<Command>) -> Result<Tally> {
    let place = folder.join(name);
    tree::empty(&place)?;
    let sandbox = Sandbox::start(tree, &place, Sandbox::SPEED_OF_EXAMPLES)?;
    let shop = Shop { sandbox, place: &place, program, starts: Cell::new(0) };
    let shown = match name {
        "crash_and_resume" => shop.a_crash_does_not_buy_twice(),
        "redeem_a_voucher" => shop.a_voucher_is_handed_out_once(),
        "reconcile_and_review" => shop.a_person_decides(),
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
        ensure!(decided.contains("Ann Example: the statement has it once"), "the history lacks it: {decided}");
        // Nothing is left to decide: that is said, and nothing changes.
        self.says(name, &[decision[0], "failed", "Bob Example", "a guess"], 0, "nothing to decide")?;
        self.is_bought(1)
    }

    /// Starts an example with what every one takes, and more.
    fn start(&self, name: &str, more: &[&str]) -> Result<Ended> {
        self.starts.set(self.starts.get() + 1);
        let mut command = (self.program)(name)?;
        command.current_dir(self.place).args(self.sandbox.example_arguments(self.place)).args(more);
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
        let bought = ledger.lines().count();
        ensure!(bought == times, "bought {bought} times instead of {times}");
        Ok(())
    }
}

/// The code on a slip.
fn code(slip: &str) -> Result<&str> {
    let code = slip.lines().find_map(|line| line.strip_prefix("Code ")).map(str::trim);
    code.filter(|code| !code.is_empty()).with_context(|| format!("no code on the slip: {slip}"))
}
