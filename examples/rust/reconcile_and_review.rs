//! Goes through the journal: what is open, what needs a person, and what a person decided.
//!
//!     cargo run -p tillgate --example reconcile_and_review -- [URL [USER [PASSWORD [JOURNAL]]]]
//!     … -- URL USER PASSWORD JOURNAL ID succeeded|failed|reversed WHO GROUNDS
//!
//! The first form asks the gateway about every order that is not settled, and ends with 0 when nobody is needed. The second
//! writes a decision down first. One program at a time buys with a journal, or decides: close the till before, or let the
//! program that sells do what stands here.

mod shop;

use std::error::Error;
use std::process::ExitCode;

use tillgate::{Decision, Order, OrderFilter, OrderState, Till, TillgateError, block_on};

use shop::{arguments, in_words, open_till};

/// Those in review are listed apart: they wait for a person.
const OPEN: [OrderState; 4] =
    [OrderState::Pending, OrderState::Sending, OrderState::Unknown, OrderState::Accepted];

fn main() -> ExitCode {
    shop::end(run())
}

fn run() -> Result<bool, Box<dyn Error>> {
    let told = arguments();
    let till = open_till(&told)?;
    match told.more.as_slice() {
        [] => {}
        [id, state, decided_by, grounds] => resolve(&till, id, state, decided_by, grounds)?,
        _ => return Err("a decision is ID STATE WHO GROUNDS".into()),
    }
    let nobody_is_needed = reconcile(&till)?;
    block_on(till.close())?;
    Ok(nobody_is_needed)
}

/// Asks about everything that is not settled; whether nothing is left for a person to do.
fn reconcile(till: &Till) -> Result<bool, Box<dyn Error>> {
    let status = block_on(till.status())?;
    if let Some(why) = &status.quarantine {
        println!("The journal is in quarantine: {why}");
    }
    for account in &status.unattached_accounts {
        println!("There are open orders of {account}, and nobody attached it.");
    }

    let filters = [
        OrderFilter { states: OPEN.to_vec(), ..OrderFilter::default() },
        OrderFilter { states: vec![OrderState::NeedsReview], ..OrderFilter::default() },
        // Final orders of which the gateway said something else later.
        OrderFilter { conflicts_only: true, ..OrderFilter::default() },
    ];
    for filter in filters {
        for order in all(till, filter)? {
            match block_on(till.look_up(order.id.clone())) {
                Ok(order) => show(till, &order)?,
                // Nothing certain was learnt, so nothing was changed. An error is no answer.
                Err(error) => println!("{} could not be looked up: {error}", order.id),
            }
        }
    }

    let status = block_on(till.status())?;
    println!(
        "{} open, {} of them in review; {} in conflict.",
        status.open_orders, status.in_review, status.conflicts
    );
    Ok(status.in_review == 0 && status.conflicts == 0 && status.quarantine.is_none())
}

/// All pages, one after the other.
fn all(till: &Till, mut filter: OrderFilter) -> tillgate::Result<Vec<Order>> {
    let mut orders = Vec::new();
    loop {
        let page = block_on(till.list(filter.clone()))?;
        orders.extend(page.orders);
        filter.after = page.next;
        if filter.after.is_none() {
            return Ok(orders);
        }
    }
}

fn show(till: &Till, order: &Order) -> tillgate::Result<()> {
    let Order { id, amount, product, created_at, .. } = order;
    println!("\n{id}: {} {} of {product}, since {created_at:.0}", amount.amount, amount.currency);
    println!("  {}", in_words(order));
    if order.overdue {
        println!(
            "  Overdue: there has been no certain answer for long. See whether the gateway can be reached."
        );
    }
    if let Some(seen) = &order.conflict {
        println!("  In conflict: {seen}");
    }
    for entry in block_on(till.history(id.clone()))? {
        let note = entry.note.unwrap_or_default();
        println!("  {:3} {:.0} {}: {}. {note}", entry.sequence, entry.at, entry.what, entry.state);
    }
    Ok(())
}

/// Writes a person's decision into the order's history, for good.
fn resolve(
    till: &Till,
    id: &str,
    state: &str,
    decided_by: &str,
    grounds: &str,
) -> Result<(), Box<dyn Error>> {
    let state = match state {
        "succeeded" => OrderState::Succeeded,
        "failed" => OrderState::Failed,
        "reversed" => OrderState::Reversed,
        other => return Err(format!("{other} is no decision").into()),
    };
    let decision = Decision { state, decided_by: decided_by.into(), grounds: grounds.into() };
    match block_on(till.resolve(id.into(), decision)) {
        Ok(order) => show(till, &order)?,
        // Evidence came first, and settled it: nothing is left to decide.
        Err(error @ TillgateError::TooLate { .. }) => println!("{error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
