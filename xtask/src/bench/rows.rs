//! The rows: who is measured against whom, what must agree, and what the goal is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::kotlin;
use crate::tree::Tree;

use super::Scale;
use super::gateway::Gateway;
use super::makes::{Makes, Need};
use super::sides::{Round, Side};
use super::table::{Goal, Line, Times, median, nanoseconds, rate, spread};

/// A row of the table, which may have several lines.
pub struct Row {
    pub name: &'static str,
    pub needs: &'static [Need],
    measure: fn(&Bench<'_>) -> Result<Vec<Line>>,
}

pub const ROWS: [Row; 13] = [
    Row { name: "catalogue", needs: &[Need::Go, Need::TypeScript], measure: catalogue },
    Row {
        name: "catalogue-python",
        needs: &[Need::Python, Need::PeerOfPython],
        measure: catalogue_in_python,
    },
    Row { name: "orders", needs: &[Need::Go, Need::TypeScript], measure: orders },
    Row { name: "orders-c", needs: &[Need::C], measure: orders_in_c },
    Row { name: "orders-python", needs: &[Need::Python, Need::PeerOfPython], measure: orders_in_python },
    Row { name: "latency", needs: &[], measure: latency },
    Row { name: "call", needs: &[Need::C, Need::Python], measure: call },
    Row { name: "call-others", needs: &[Need::Node, Need::Kotlin], measure: call_in_others },
    Row { name: "records", needs: &[Need::Node, Need::Kotlin], measure: records },
    Row { name: "node-loop", needs: &[Need::Node], measure: node_loop },
    Row { name: "million", needs: &[], measure: million },
    Row { name: "watch", needs: &[], measure: watch },
    Row { name: "seller", needs: &[Need::C], measure: seller },
];

impl Row {
    pub fn measure(&self, tree: &Tree, makes: &Makes, scale: &Scale) -> Result<Vec<Line>> {
        let place = tree.fresh("bench")?;
        let catalogue = place.join("catalogue.json");
        let status = Command::new(&makes.program)
            .arg("catalogue")
            .arg(scale.products.to_string())
            .arg(&catalogue)
            .status()
            .with_context(|| format!("{} could not be started", makes.program.display()))?;
        if !status.success() {
            bail!("the catalogue could not be written");
        }
        let lines = (self.measure)(&Bench { tree, makes, scale, place: place.clone(), catalogue });
        // Journals of a million orders are not left lying about.
        std::fs::remove_dir_all(&place)?;
        lines
    }
}

/// What a row works with.
struct Bench<'a> {
    tree: &'a Tree,
    makes: &'a Makes,
    scale: &'a Scale,
    place: PathBuf,
    catalogue: PathBuf,
}

fn catalogue(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let mut sides = vec![
        bench.rust("ours", &["decode", "ours", bench.catalogue()])?,
        bench.rust("plain", &["decode", "plain", bench.catalogue()])?,
    ];
    if let Some(go) = &bench.makes.go {
        sides.push(Side::start("go", Command::new(go).args(["catalogue", bench.catalogue()]))?);
    }
    if let Some(script) = &bench.makes.typescript {
        let mut node = Command::new("node");
        sides.push(Side::start("typescript", node.arg(script).args(["catalogue", bench.catalogue()]))?);
    }
    let measured = bench.in_turns(sides, None)?;
    let row = "decode a catalogue, typed and exact";
    let ours = &measured["ours"];
    let mut lines =
        vec![ratio(row, ours, "serde_json, plain structs", &measured["plain"], Goal::AtMost(1.2))];
    if let Some(go) = measured.get("go") {
        lines.push(faster(row, ours, "generated Go client (32-bit floats)", go, Goal::AtLeast(20.0)));
    }
    if let Some(typescript) = measured.get("typescript") {
        lines.push(faster(row, ours, "generated TypeScript client (floats)", typescript, Goal::None));
    }
    Ok(lines)
}

fn catalogue_in_python(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let mut sides = vec![
        bench.python("ours", &["catalogue", "ours", &gateway.url])?,
        bench.python("json", &["catalogue", "json", &gateway.url])?,
    ];
    if bench.makes.peer_of_python.is_some() {
        sides.push(bench.peer_of_python("peer", &["catalogue", bench.catalogue()])?);
    }
    let measured = bench.in_turns(sides, None)?;
    let row = "the same in Python, fetched, until the sum is there as `Decimal`";
    let ours = &measured["ours"];
    let mut lines = vec![ratio(
        row,
        ours,
        "`http.client`, `json.loads`, sum of floats",
        &measured["json"],
        Goal::AtMost(1.0),
    )];
    if let Some(peer) = measured.get("peer") {
        lines.push(faster(row, ours, "generated Python client (floats, not fetched)", peer, Goal::None));
    }
    Ok(lines)
}

/// Sides that read money exactly: their sums are the same to the last digit.
const EXACT: [&str; 2] = ["ours", "plain"];

fn orders(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let count = bench.scale.orders.to_string();
    let mut sides = vec![
        bench.rust("till", &["orders", "till", &gateway.url, &bench.folder("till"), &count])?,
        bench.rust("client", &["orders", "client", &gateway.url, &bench.folder("client"), &count])?,
    ];
    sides.extend(commits(bench)?);
    sides.extend(go(bench, &gateway.url)?);
    if let Some(script) = &bench.makes.typescript {
        let mut node = Command::new("node");
        // It takes ten times as long as the others; the rate is the same for fewer.
        let fewer = (bench.scale.orders / 8).to_string();
        sides.push(Side::start("typescript", node.arg(script).args(["orders", &gateway.url, &fewer]))?);
    }
    let measured = bench.in_turns(sides, Some(&gateway))?;
    let row = "durable orders per second, 64 at once";
    let till = &measured["till"];
    let mut lines = vec![
        orders_line(row, till, "our client, no journal", &measured["client"], Goal::AtLeast(0.6)),
        commits_line(row, till, &measured),
        orders_line(row, till, "two commits per order, nothing sent", &measured["two commits"], Goal::None),
    ];
    lines.extend(go_line(row, till, &measured));
    if let Some(typescript) = measured.get("typescript") {
        lines.push(orders_line(
            row,
            till,
            "generated TypeScript client, nothing stored",
            typescript,
            Goal::None,
        ));
    }
    Ok(lines)
}

/// What writes each order by itself, and does nothing else.
fn commits(bench: &Bench<'_>) -> Result<[Side; 2]> {
    let count = bench.scale.commits.to_string();
    let (one, two) = (bench.folder("one-commit"), bench.folder("two-commits"));
    Ok([
        bench.rust("one commit", &["commits", &one, &count, "1"])?,
        bench.rust("two commits", &["commits", &two, &count, "2"])?,
    ])
}

fn commits_line(row: &'static str, till: &Times, measured: &HashMap<&'static str, Times>) -> Line {
    orders_line(row, till, "one commit per order, nothing sent", &measured["one commit"], Goal::AtLeast(4.0))
}

fn go(bench: &Bench<'_>, url: &str) -> Result<Option<Side>> {
    let count = bench.scale.orders.to_string();
    let started =
        bench.makes.go.as_ref().map(|go| Side::start("go", Command::new(go).args(["orders", url, &count])));
    started.transpose()
}

fn go_line(row: &'static str, till: &Times, measured: &HashMap<&'static str, Times>) -> Option<Line> {
    let go = measured.get("go")?;
    Some(orders_line(row, till, "generated Go client, nothing stored", go, Goal::AtLeast(1.0)))
}

fn orders_in_c(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let count = bench.scale.orders.to_string();
    let (till, client) = (bench.folder("till"), bench.folder("client"));
    let mut sides = vec![
        bench.c("till", &["orders", "till", &gateway.url, &till, &count])?,
        bench.c("client", &["orders", "client", &gateway.url, &client, &count])?,
    ];
    sides.extend(commits(bench)?);
    sides.extend(go(bench, &gateway.url)?);
    let measured = bench.in_turns(sides, Some(&gateway))?;
    let row = "the same from C, 64 threads";
    let (till, client) = (&measured["till"], &measured["client"]);
    let mut lines = vec![
        orders_line(row, till, "our client in C, no journal", client, Goal::AtLeast(0.6)),
        commits_line(row, till, &measured),
    ];
    lines.extend(go_line(row, till, &measured));
    Ok(lines)
}

fn orders_in_python(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let count = bench.scale.orders.to_string();
    let (till, client) = (bench.folder("till"), bench.folder("client"));
    let mut sides = vec![
        bench.python("till", &["orders", "till", &gateway.url, &till, &count])?,
        bench.python("client", &["orders", "client", &gateway.url, &client, &count])?,
    ];
    sides.extend(commits(bench)?);
    sides.extend(go(bench, &gateway.url)?);
    if bench.makes.peer_of_python.is_some() {
        sides.push(bench.peer_of_python("peer", &["orders", &gateway.url, &count])?);
    }
    let measured = bench.in_turns(sides, Some(&gateway))?;
    let row = "the same from Python, asyncio";
    let (till, client) = (&measured["till"], &measured["client"]);
    let mut lines = vec![
        orders_line(row, till, "our client in Python, no journal", client, Goal::AtLeast(0.6)),
        commits_line(row, till, &measured),
    ];
    lines.extend(go_line(row, till, &measured));
    if let Some(peer) = measured.get("peer") {
        lines.push(orders_line(row, till, "generated Python client, nothing stored", peer, Goal::None));
    }
    Ok(lines)
}

fn latency(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let count = bench.scale.one_by_one.to_string();
    let side = bench.rust("latency", &["latency", &gateway.url, &bench.folder("till"), &count])?;
    let rounds = bench.rounds(side, Some(&gateway))?;
    let of = |name: &str| medians(&rounds, name);
    let (till, client, synced) = (of("till")?, of("client")?, of("fdatasync")?);
    let added = Times(till.0.iter().zip(&client.0).map(|(till, client)| till - client).collect());
    let allowed = Times(synced.0.iter().map(|synced| 2.3 * synced + 100_000.0).collect());
    let ours = format!("{} added: {} with, {} without", spread(&added), spread(&till), spread(&client));
    let peer = format!("{} one fdatasync", spread(&synced));
    let ratio = added.over(&allowed);
    let row = "latency that durability adds to one order";
    let goal = Goal::AtMost(1.0);
    Ok(vec![Line::ratio(row, ours, peer, &ratio, goal, "(2.3 × fdatasync + 100 µs)")])
}

fn call(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let c = bench.c("c", &["call", &bench.scale.calls_of_c.to_string()])?;
    let c = bench.rounds(c, None)?;
    let python = bench.python("python", &["call", &bench.scale.calls_of_python.to_string()])?;
    let python = bench.rounds(python, None)?;
    let nothing = format!("a Python function that does nothing: {}", spread(&each(&python, "python")?));
    Ok(vec![
        absolute("trivial call, C", "`tg_money_init`", &each(&c, "init")?, String::new(), Some(10.0)),
        absolute(
            "call with a result that is freed, C",
            "`tg_secret_reveal`, `tg_string_free`",
            &each(&c, "reveal")?,
            format!("a bare call: {}", spread(&each(&c, "bare")?)),
            None,
        ),
        absolute("trivial call, Python", "`Secret.reveal()`", &each(&python, "reveal")?, nothing, Some(80.0)),
        absolute(
            "function by name, Python",
            "`tillgate.version()`",
            &each(&python, "version")?,
            String::new(),
            None,
        ),
    ])
}

/// Beside Python's, which has a row of its own.
fn call_in_others(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let node = bench.node("node", &["call", &bench.scale.calls_of_node.to_string()])?;
    let node = bench.rounds(node, None)?;
    let kotlin = bench.kotlin("kotlin", &["call", &bench.scale.calls_of_kotlin.to_string()])?;
    let kotlin = bench.rounds(kotlin, None)?;
    let nothing = format!("a function in JavaScript that does nothing: {}", spread(&each(&node, "nothing")?));
    let (version, reveal) = ("version()", "`Secret.reveal()`");
    Ok(vec![
        absolute("trivial call, Node", reveal, &each(&node, "reveal")?, nothing, Some(300.0)),
        absolute("function by name, Node", version, &each(&node, "version")?, String::new(), None),
        absolute("trivial call, Kotlin", reveal, &each(&kotlin, "reveal")?, String::new(), None),
        absolute("function by name, Kotlin", version, &each(&kotlin, "version")?, String::new(), None),
    ])
}

fn records(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let pages = bench.scale.pages.to_string();
    let place = |name: &str| bench.folder(name);
    let (rust, node, kotlin) = (place("rust"), place("node"), place("kotlin"));
    let sides = [
        bench.rust("Rust", &["records", &gateway.url, &rust, &pages])?,
        bench.node("Node", &["records", &gateway.url, &node, &pages])?,
        bench.kotlin("Kotlin", &["records", &gateway.url, &kotlin, &pages])?,
    ];
    let (whole, over) = ("ten orders out of the journal, by a call", "what the language adds to that call");
    let mut lines = Vec::new();
    let mut rust: Option<Times> = None;
    // One after the other, so that none has another one's threads beside it. Nothing is bought in a round.
    for side in sides {
        let name = side.name;
        let rounds = bench.rounds(side, None)?;
        let (ten, one) = (medians(&rounds, "records")?, medians(&rounds, "one")?);
        let beside = format!("one order: {}", spread(&one));
        lines.push(absolute(whole, name, &ten, beside, None));
        let Some(rust) = &rust else {
            rust = Some(ten);
            continue;
        };
        let added = Times(ten.0.iter().zip(&rust.0).map(|(ours, rust)| (ours - rust).max(0.0)).collect());
        let most = (name == "Node").then_some(80_000.0);
        lines.push(absolute(over, name, &added, format!("the call in Rust: {}", spread(rust)), most));
    }
    Ok(lines)
}

fn node_loop(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let count = bench.scale.at_once.to_string();
    let side = bench.node("node", &["loop", &gateway.url, &bench.folder("till"), &count])?;
    let rounds = bench.rounds(side, Some(&gateway))?;
    let figure = |name: &str| -> Result<Times> {
        let figures = rounds.iter().map(|round| round.figures.get(name).map(|figure| *figure as f64));
        Ok(Times(figures.collect::<Option<_>>().with_context(|| format!("no {name}"))?))
    };
    let (worst, ticks) = (figure("worst delay, ns")?, figure("ticks")?);
    let what = format!("worst delay of a timer of 5 ms, {:.0} ticks", ticks.median());
    Ok(vec![absolute("1,000 orders at once in Node", &what, &worst, String::new(), None)])
}

fn million(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let (held, count) = (bench.scale.held, bench.scale.one_by_one.to_string());
    let arguments = ["million", &gateway.url, &bench.folder("till"), &held.to_string(), &count];
    let side = bench.rust("million", &arguments)?;
    let rounds = bench.rounds(side, Some(&gateway))?;
    if rounds.iter().any(|round| round.figures.get("orders held").is_none_or(|found| *found < held)) {
        bail!("the journal did not hold {held} orders");
    }
    let (full, new) = (medians(&rounds, "full")?, medians(&rounds, "new")?);
    let row = "the next order with a million in the journal";
    Ok(vec![ratio(row, &full, "the next in a new journal", &new, Goal::AtMost(1.2))])
}

fn watch(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("accepted")?;
    let Scale { held, look_ups_per_second, watch_s, .. } = *bench.scale;
    let arguments = [
        "watch",
        &gateway.url,
        &bench.folder("till"),
        &held.to_string(),
        &look_ups_per_second.to_string(),
        &watch_s.to_string(),
    ];
    let mut side = bench.rust("watch", &arguments)?;
    let round = side.round()?;
    let counts = gateway.counts()?;
    side.end()?;
    if round.count < held || counts.look_ups == 0 || counts.twice != 0 {
        bail!("{} orders were open, {counts:?}", round.count);
    }
    let figure = |name: &str| round.figures.get(name).copied().with_context(|| format!("no {name}"));
    let most = megabytes(figure("memory at most, KiB")?);
    let now = megabytes(figure("memory now, KiB")?);
    let rate = counts.look_ups_in_a_second_max as f64 / look_ups_per_second as f64;
    let row = "a million open orders being looked up";
    Ok(vec![
        Line {
            row,
            ours: format!(
                "{most:.0} MB at most, {now:.0} MB then; taken up in {}",
                nanoseconds(round.nanoseconds)
            ),
            peer: String::new(),
            figure: format!("{most:.0} MB"),
            value: most,
            goal: Goal::AtMost(256.0),
            told_goal: "≤ 256 MB".into(),
        },
        Line {
            row,
            ours: format!(
                "{} look-ups in {watch_s} s, at most {} in any second",
                counts.look_ups, counts.look_ups_in_a_second_max
            ),
            peer: String::new(),
            figure: format!("{rate:.3} of the limit"),
            value: rate,
            // Counted where they arrive, in any second that begins with one.
            goal: Goal::AtMost(1.0),
            told_goal: format!("never above {look_ups_per_second}/s"),
        },
    ])
}

fn seller(bench: &Bench<'_>) -> Result<Vec<Line>> {
    let gateway = bench.gateway("success")?;
    let place = bench.folder("till");
    let mut side = bench.c("seller", &["seller", &gateway.url, &place])?;
    let round = side.round()?;
    side.end()?;
    if gateway.counts()?.orders != 1 {
        bail!("the seller did not sell one order");
    }
    let figure = |name: &str| round.figures.get(name).copied().map(megabytes);
    let most = figure("memory at most, KiB").context("no memory")?;
    let now = figure("memory now, KiB").context("no memory")?;
    Ok(vec![Line {
        row: "resident memory of the C seller, after one order",
        ours: format!("{now:.1} MB, {most:.1} MB at most"),
        peer: String::new(),
        figure: format!("{most:.1} MB"),
        value: most,
        goal: Goal::AtMost(15.0),
        told_goal: "≤ 15 MB".into(),
    }])
}

fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}

impl Bench<'_> {
    fn catalogue(&self) -> &str {
        self.catalogue.to_str().unwrap_or_default()
    }

    /// A folder for one side's journal, on the disk that `target/` lies on.
    fn folder(&self, name: &str) -> String {
        let folder = self.place.join(name);
        let _ = std::fs::create_dir_all(&folder);
        folder.to_string_lossy().into_owned()
    }

    fn gateway(&self, manner: &str) -> Result<Gateway> {
        Gateway::start(&self.makes.program, &self.catalogue, manner)
    }

    fn rust(&self, name: &'static str, arguments: &[&str]) -> Result<Side> {
        Side::start(name, Command::new(&self.makes.program).args(arguments))
    }

    fn c(&self, name: &'static str, arguments: &[&str]) -> Result<Side> {
        let program = self.makes.c.as_ref().context("C's side was not made")?;
        Side::start(name, Command::new(program).args(arguments))
    }

    fn python(&self, name: &'static str, arguments: &[&str]) -> Result<Side> {
        let (interpreter, package) = self.makes.python.as_ref().context("Python's side was not made")?;
        let script = self.tree.root.join("benches/python/side.py");
        started(name, interpreter, package, &script, arguments)
    }

    fn node(&self, name: &'static str, arguments: &[&str]) -> Result<Side> {
        let package = self.makes.node.as_ref().context("Node's side was not made")?;
        let mut command = Command::new("node");
        command.arg(self.tree.root.join("benches/node/side.mjs")).arg(package).args(arguments);
        Side::start(name, &mut command)
    }

    fn kotlin(&self, name: &'static str, arguments: &[&str]) -> Result<Side> {
        let library = self.makes.kotlin.as_ref().context("Kotlin's side was not made")?;
        let mut command = kotlin::optimised(self.tree, "bench.SideKt", library)?;
        Side::start(name, command.args(arguments))
    }

    fn peer_of_python(&self, name: &'static str, arguments: &[&str]) -> Result<Side> {
        let (interpreter, package) =
            self.makes.peer_of_python.as_ref().context("Python's peer was not made")?;
        started(name, interpreter, package, &package.join("side.py"), arguments)
    }

    /// Asks each side in turn, as many rounds as the scale says after one that does not count. All sums must agree, and the gateway
    /// must have seen each order once.
    fn in_turns(
        &self,
        mut sides: Vec<Side>,
        gateway: Option<&Gateway>,
    ) -> Result<HashMap<&'static str, Times>> {
        let mut times: HashMap<&'static str, Times> = HashMap::new();
        let mut told: Option<(u64, f64)> = None;
        let mut exact: Option<String> = None;
        for number in 0..=self.scale.rounds {
            // There and back, so that none always comes after the same one.
            sides.reverse();
            for side in &mut sides {
                let round = self.round(side, gateway)?;
                if let Some(sum) = &round.sum {
                    if EXACT.contains(&side.name) && *exact.get_or_insert_with(|| sum.clone()) != *sum {
                        bail!("{} adds up to {sum}, another exact one to {exact:?}", side.name);
                    }
                    let sum: f64 = sum.parse().with_context(|| format!("{} says {sum:?}", side.name))?;
                    let (count, expected) = *told.get_or_insert((round.count, sum));
                    // Floats differ in their last digits; 32-bit ones in the fourth.
                    if round.count != count || (sum - expected).abs() > expected * 1e-3 {
                        bail!(
                            "{} found {} face values for {sum}, another {count} for {expected}",
                            side.name,
                            round.count
                        );
                    }
                }
                if number > 0 {
                    let each = if round.sum.is_some() {
                        round.nanoseconds
                    } else {
                        round.nanoseconds / round.count as f64
                    };
                    times.entry(side.name).or_default().0.push(each);
                }
            }
        }
        for side in sides {
            side.end()?;
        }
        Ok(times)
    }

    /// The rounds of one side that compares within itself, after one that does not count.
    fn rounds(&self, mut side: Side, gateway: Option<&Gateway>) -> Result<Vec<Round>> {
        self.round(&mut side, gateway)?;
        let rounds = (0..self.scale.rounds).map(|_| self.round(&mut side, gateway)).collect();
        side.end()?;
        rounds
    }

    fn round(&self, side: &mut Side, gateway: Option<&Gateway>) -> Result<Round> {
        let before = gateway.map(Gateway::counts).transpose()?.unwrap_or_default();
        let round = side.round()?;
        let after = gateway.map(Gateway::counts).transpose()?.unwrap_or_default();
        if gateway.is_some()
            && round.sum.is_none()
            && !side.name.ends_with("commit")
            && !side.name.ends_with("commits")
        {
            let sold = after.orders - before.orders;
            if sold != round.count || after.twice != 0 {
                bail!(
                    "{} bought {}, the gateway has {sold} more, {} twice",
                    side.name,
                    round.count,
                    after.twice
                );
            }
        }
        Ok(round)
    }
}

fn started(
    name: &'static str,
    interpreter: &Path,
    package: &Path,
    script: &Path,
    arguments: &[&str],
) -> Result<Side> {
    let mut command = Command::new(interpreter);
    command.arg(script).args(arguments).env("PYTHONPATH", package).env("PYTHONDONTWRITEBYTECODE", "1");
    Side::start(name, &mut command)
}

/// What one of so many calls took, in each round.
fn each(rounds: &[Round], name: &str) -> Result<Times> {
    let times = rounds.iter().map(|round| Some(round.samples.get(name)?.first()? / round.count as f64));
    Ok(Times(times.collect::<Option<_>>().with_context(|| format!("no {name}"))?))
}

/// A time that stands for itself.
fn absolute(row: &'static str, what: &str, times: &Times, peer: String, most: Option<f64>) -> Line {
    Line {
        row,
        ours: format!("{what}: {}", spread(times)),
        peer,
        figure: nanoseconds(times.median()),
        value: times.median(),
        goal: most.map_or(Goal::None, Goal::AtMost),
        told_goal: most.map_or("beside it".to_string(), |most| format!("≤ {}", nanoseconds(most))),
    }
}

/// The median of each round's single times.
fn medians(rounds: &[Round], name: &str) -> Result<Times> {
    let times = rounds.iter().map(|round| round.samples.get(name).map(|times| median(times)));
    Ok(Times(times.collect::<Option<_>>().with_context(|| format!("no {name}"))?))
}

/// How many times the peer's time ours is.
fn ratio(row: &'static str, ours: &Times, name: &str, peer: &Times, goal: Goal) -> Line {
    Line::ratio(row, spread(ours), format!("{name}: {}", spread(peer)), &ours.over(peer), goal, "its time")
}

/// How many times faster ours is.
fn faster(row: &'static str, ours: &Times, name: &str, peer: &Times, goal: Goal) -> Line {
    Line::ratio(row, spread(ours), format!("{name}: {}", spread(peer)), &peer.over(ours), goal, "faster")
}

/// How many times as many orders a second.
fn orders_line(row: &'static str, ours: &Times, name: &str, peer: &Times, goal: Goal) -> Line {
    Line::ratio(row, rate(ours), format!("{name}: {}", rate(peer)), &peer.over(ours), goal, "as many")
}
