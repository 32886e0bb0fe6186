//! Each guard off in turn: histories must notice, or the promise is not what they check.

use tillgate::testing::{Guard, switch_off};

use crate::run::{Seeds, run};

/// Why histories cannot show that a guard is off, where that is so.
fn why_not(guard: Guard) -> Option<&'static str> {
    match guard {
        Guard::DiskFailure => Some("no disk fails here; the sweep over torn disks shows it"),
        Guard::SamePrincipal => Some("every account is attached here; the test of its name shows it"),
        Guard::ControlCall => {
            Some("rights come back before an absence is settled; the tests of its name show it")
        }
        Guard::HintBeforeAnswer => {
            Some("a kill would have to fall between an answer and its commit; the test of its name shows it")
        }
        Guard::UndoBaseline => {
            Some("no refund here leaves room for a second one; the test of its name shows it")
        }
        Guard::OutdatedBaseline => {
            Some("about one history in fifty thousand does; seed 51361 and the test of its name show it")
        }
        Guard::NoRedirects
        | Guard::FreshConnections
        | Guard::AnswerSize
        | Guard::ExactMoney
        | Guard::CallbackPath
        | Guard::CallbackSize
        | Guard::SecretsNotPrinted
        | Guard::HttpsOnly
        | Guard::CertificateChecked => Some("no HTTP here; tests against sockets show it"),
        _ => None,
    }
}

/// Runs seeds until one shows that a guard is off.
pub fn show(guard: Guard, seeds: &Seeds) -> bool {
    let found = find(guard, seeds);
    match &found {
        Some((seed, broken)) => println!("{}: seed {seed} shows it: {broken}", guard.name()),
        None => println!("{}: no seed shows it", guard.name()),
    }
    found.is_some()
}

/// The same for each guard, as a table. The switches are the whole process's: one guard after the other.
pub fn show_all(seeds: &Seeds) -> bool {
    println!("{:<27}{:>6}  broken by the first that showed it", "guard", "seeds");
    let mut all_shown = true;
    for guard in Guard::ALL {
        if let Some(why) = why_not(guard) {
            println!("{:<27}{:>6}  {why}", guard.name(), "-");
            continue;
        }
        match find(guard, seeds) {
            Some((seed, broken)) => {
                let broken: String = broken.chars().take(96).collect();
                println!("{:<27}{:>6}  {broken}", guard.name(), seed - seeds.from + 1);
            }
            None => {
                println!("{:<27}{:>6}  NOT SHOWN", guard.name(), format!(">{}", seeds.count));
                all_shown = false;
            }
        }
    }
    all_shown
}

fn find(guard: Guard, seeds: &Seeds) -> Option<(u64, String)> {
    let _off = switch_off(guard);
    let totals = run(seeds, true);
    totals.first_broken().map(|(seed, broken)| (seed, broken.to_string()))
}
