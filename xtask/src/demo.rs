//! Sells from C and from Python through the worst moments, and lets a judge compare the books.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::compile::{self, What};
use crate::expectation::{ABSENT, End, Expected, ISSUER_FAILED, REFUSED, SUCCEEDED};
use crate::judge::{self, Verdict};
use crate::plan::{self, Purchase, Step};
use crate::report::{Report, Tally};
use crate::sandbox::Sandbox;
use crate::sellers::{Language, Manner, Seller};
use crate::tree::Tree;
use crate::{guards, python, setup};

/// A quarter of an hour of absence passes in a second and a half.
const CLOCK_SPEED: u32 = 600;

/// A fast clock leaves a minute's time to act no tenth of a second: the longest time there is, instead.
const POLICY: [(&str, u64); 1] = [("submit_within_ms", 86_400_000)];

const LANGUAGES: [Language; 2] = [Language::C, Language::Python];

/// Short names of the broken promises that people try most.
const ALIASES: [(&str, &str); 3] =
    [("resend", "no_blind_resend"), ("absence", "absence_proof"), ("outcomes", "three_outcomes")];

/// One order and what happens to it.
struct Scene {
    purchase: Purchase,
    faults: Vec<Value>,
    /// How often the gateway kills the seller in it.
    kills: usize,
    end: End,
    story: &'static str,
}

/// The command. With a guard off, the judge must find something wrong, and the command fails.
pub fn run(tree: &Tree, broken: Option<&str>) -> Result<bool> {
    let broken = broken.map(guard).transpose()?;
    let mut report = Report::default();
    let ready = report.prepare("what the machine needs", || {
        setup::machine(tree, setup::For::Demo)?;
        setup::python(tree)
    }) && report.prepare("build", || compile::build(tree, What::Demo).map(drop))
        && report.prepare("Python's package", || python::install(tree));
    if ready {
        report.cases("selling", || sell(tree, broken));
    }
    Ok(report.finish())
}

/// The guard that is meant. A misspelt one would break nothing, and prove nothing.
fn guard(name: &str) -> Result<&'static str> {
    let full = ALIASES.iter().find(|(short, _)| *short == name).map_or(name, |(_, full)| full);
    if let Some(guard) = guards::named(full) {
        return Ok(guard.name);
    }
    let names: Vec<&str> = guards::ALL.iter().map(|guard| guard.name).collect();
    bail!("no guard is called {name:?}; there are resend and {}", names.join(", "))
}

/// Each order is a case; it passes when the judge finds it right.
pub fn sell(tree: &Tree, broken: Option<&str>) -> Result<Tally> {
    let verdict = play(tree, broken)?;
    for line in verdict.table.lines() {
        println!("   {line}");
    }
    println!();
    let (orders, wrong) = (verdict.count("orders"), verdict.wrong());
    println!(
        "   {orders} orders: {} bought twice, {} lost, {} misreported, {} in review",
        verdict.count("bought_twice"),
        verdict.count("lost"),
        verdict.count("misreported"),
        verdict.count("in_review"),
    );
    if let Some(guard) = broken.filter(|_| wrong == 0) {
        println!(
            "   no moment of this demo needs the guard {guard}; `cargo xtask mutate {guard}` has a test that does"
        );
    }
    Ok(Tally { passed: (orders - wrong) as usize, failed: wrong as usize, skipped: Vec::new() })
}

/// The judge must notice when sellers send again what may have been sent: a judge that finds nothing wrong then proves nothing.
pub fn breach(tree: &Tree) -> Result<Tally> {
    let verdict = play(tree, Some("no_blind_resend"))?;
    let twice = verdict.count("bought_twice");
    println!("   with the guard against blind resends off, the judge finds {twice} orders bought twice");
    let mut tally = Tally::default();
    tally.count(twice > 0);
    Ok(tally)
}

fn play(tree: &Tree, broken: Option<&str>) -> Result<Verdict> {
    let folder = tree.fresh("demo")?;
    let sandbox = Sandbox::start(tree, &folder, CLOCK_SPEED)?;
    if let Some(guard) = broken {
        println!("   the sellers' guard {guard} is off");
    }
    let (mut expected, mut journals) = (Vec::new(), Vec::new());
    for language in LANGUAGES {
        let scenes = scenes(language);
        let faults: Vec<Value> = scenes.iter().flat_map(|scene| scene.faults.clone()).collect();
        sandbox.order_faults(&faults)?;
        let journal = folder.join(format!("journal-{}", language.key()));
        let text = plan::text(&journal, &sandbox.gateway(), &POLICY, &steps(&scenes));
        let path = folder.join(format!("plan-{}.txt", language.key()));
        std::fs::write(&path, text)?;
        let seller = Seller::ready(tree, language)?;
        let manner = Manner { clock_speed: Some(CLOCK_SPEED), guards_off: broken, ..Manner::default() };
        let kills = scenes.iter().map(|scene| scene.kills).sum();
        let told = sell_until_done(&seller, &path, &manner, kills)?;
        let voucher = scenes.iter().find(|scene| scene.purchase.mobile.is_none());
        if let Some(Scene { purchase, .. }) = voucher.filter(|_| broken.is_none())
            && !told.lines().any(|line| line == format!("reveal {} revealed", purchase.id))
        {
            bail!("{}: the voucher {} was not revealed", language.name(), purchase.id);
        }
        journals.push(journal);
        expected.extend(scenes.into_iter().map(|scene| Expected {
            id: scene.purchase.id,
            language: language.name(),
            story: scene.story.to_string(),
            end: scene.end,
        }));
    }
    let journals: Vec<_> = journals.iter().map(PathBuf::as_path).collect();
    judge::ask(tree, &folder, &expected, &journals, &sandbox.ledger)
}

/// Starts the seller again after each kill, until its plan is done; returns what it printed the last time.
fn sell_until_done(seller: &Seller, plan: &Path, manner: &Manner<'_>, kills: usize) -> Result<String> {
    let language = seller.language.name();
    let mut shown = Vec::new();
    for start in 0..=kills {
        println!(
            "   {language}: the till {}",
            if start == 0 { "is opened" } else { "was killed; it is opened again" }
        );
        let log = plan.with_extension(format!("{start}.log"));
        let ended = seller.sell(plan, manner, &log)?;
        for line in ended.stdout.lines().filter_map(|line| line.strip_prefix("settle ")) {
            // A seller that was opened again tells of its earlier orders once more.
            if !shown.iter().any(|earlier| earlier == line) {
                println!("      {line}");
                shown.push(line.to_string());
            }
        }
        if ended.succeeded() {
            if start < kills && manner.guards_off.is_none() {
                bail!(
                    "{language}: the gateway should have killed the seller {kills} times, and did so {start} times"
                );
            }
            return Ok(ended.stdout);
        }
        if ended.signal != Some(9) {
            if manner.guards_off.is_some() {
                println!(
                    "   {language}: the seller did not come to the end of its plan; the judge sees what it did"
                );
                return Ok(ended.stdout);
            }
            bail!("{}", ended.story());
        }
    }
    bail!("{language}: the seller was killed more often than {kills} times")
}

fn steps(scenes: &[Scene]) -> Vec<Step> {
    let mut steps = Vec::new();
    for scene in scenes {
        let id = scene.purchase.id.clone();
        steps.push(Step::Buy(scene.purchase.clone()));
        steps.push(Step::Settle(id.clone()));
        if scene.purchase.mobile.is_none() {
            steps.push(Step::Reveal(id));
        }
    }
    steps.extend([Step::Events, Step::Close]);
    steps
}

fn scenes(language: Language) -> Vec<Scene> {
    let id = |name: &str| format!("{}_{name}", language.key());
    let fault = |name: &str, kind: &str, parameters: Value| {
        let mut fault = json!({ "operation": "createOrder", "user_uid": id(name), "kind": kind });
        if let (Some(fault), Some(parameters)) = (fault.as_object_mut(), parameters.as_object()) {
            fault.extend(parameters.clone());
        }
        fault
    };
    let scene = |name: &str, scenario, faults, kills, end, story| Scene {
        purchase: Purchase::top_up(&id(name), scenario),
        faults,
        kills,
        end,
        story,
    };
    let good = "simulate-success";
    vec![
        scene("plain", good, vec![], 0, SUCCEEDED, "A top-up on a good day."),
        Scene {
            purchase: Purchase::voucher(&id("voucher")),
            faults: vec![],
            kills: 0,
            end: SUCCEEDED,
            story: "A voucher; its code lay encrypted in the journal and was revealed.",
        },
        scene(
            "refused",
            good,
            vec![fault("refused", "refuse", json!({ "status": 400, "code": "Wrong parameters" }))],
            0,
            REFUSED,
            "The gateway refused it in its own words, so nothing was bought.",
        ),
        scene(
            "issuer",
            "simulate-failed",
            vec![],
            0,
            ISSUER_FAILED,
            "The gateway took it, and later said that the issuer failed it.",
        ),
        scene(
            "lost",
            good,
            vec![fault("lost", "accept_then_reset", json!({}))],
            0,
            SUCCEEDED,
            "Bought, and the connection broke before the answer: not sent again, but looked up.",
        ),
        scene(
            "hidden",
            good,
            vec![
                fault("hidden", "accept_then_reset", json!({})),
                fault("hidden", "hide_order", json!({ "for_ms": 300_000 })),
            ],
            0,
            SUCCEEDED,
            "Bought, the answer lost, and for five minutes the gateway said \"not found\": that was not believed.",
        ),
        scene(
            "killed_early",
            good,
            vec![fault(
                "killed_early",
                "kill",
                json!({ "point": "before_accepting", "pid": "peer", "accept": false }),
            )],
            1,
            ABSENT,
            "The till was killed after the last byte of its request, and the gateway dropped it: surely not bought, proved by a quarter of an hour of asking.",
        ),
        scene(
            "killed_late",
            good,
            vec![fault("killed_late", "kill", json!({ "point": "after_accepting", "pid": "peer" }))],
            1,
            SUCCEEDED,
            "The till was killed after the gateway had bought: found by looking up, and not bought again.",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_sells_at_least_six_orders_under_ids_of_its_own() {
        let ids: std::collections::BTreeSet<String> =
            LANGUAGES.iter().flat_map(|l| scenes(*l)).map(|scene| scene.purchase.id).collect();
        assert_eq!(ids.len(), LANGUAGES.len() * scenes(Language::C).len());
        assert!(scenes(Language::C).len() >= 6);
        // The gateway's own limit on ids.
        let fits = |id: &String| id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        assert!(ids.iter().all(fits));
    }
}
