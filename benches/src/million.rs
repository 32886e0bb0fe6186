//! The next order in a journal that holds a million, beside the next order in a new one.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use tillgate::{OrderState, Till, block_on};

use crate::Result;
use crate::rounds::{Round, serve};
use crate::till::{self, Ids};

/// The id that is multiplied: of the length of real ones, with the digits last.
pub const TEMPLATE: &str = "copied000000000000000000000";

pub fn run(url: &str, place: &str, orders: &str, count: &str) -> Result<()> {
    let (orders, count): (u64, usize) = (orders.parse()?, count.parse()?);
    let place = Path::new(place);
    let full = place.join("full");
    let till = till::open(url, &full, None)?;
    block_on(till.buy(till::new_order(TEMPLATE)))?;
    block_on(till.close())?;
    let held = copied(&full, orders)?;
    let full = till::open(url, &full, None)?;
    let new = till::open(url, &place.join("new"), None)?;
    let (mut full_ids, mut new_ids) = (Ids::new("full"), Ids::new("new"));
    serve(|| {
        let begun = Instant::now();
        let (mut in_full, mut in_new) = (Vec::new(), Vec::new());
        for _ in 0..count {
            in_new.push(buy(&new, &mut new_ids)?);
            in_full.push(buy(&full, &mut full_ids)?);
        }
        Ok(Round {
            nanoseconds: begun.elapsed().as_nanos(),
            count: 2 * count as u64,
            samples: vec![("full".into(), in_full), ("new".into(), in_new)],
            figures: vec![("orders held".into(), held)],
            ..Round::default()
        })
    })?;
    block_on(full.close())?;
    block_on(new.close())?;
    Ok(())
}

fn buy(till: &Till, ids: &mut Ids) -> Result<u64> {
    let id = ids.next();
    let (order, at) = (till::new_order(&id), Instant::now());
    let order = block_on(till.buy(order))?;
    let took = at.elapsed().as_nanos() as u64;
    if order.state != OrderState::Succeeded {
        return Err(format!("{id} is {}", order.state).into());
    }
    Ok(took)
}

/// Has another process multiply: what that takes is no part of what is measured here.
pub fn copied(place: &Path, orders: u64) -> Result<u64> {
    let output = std::process::Command::new(std::env::current_exe()?)
        .arg("copy")
        .arg(place)
        .arg(orders.to_string())
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the orders could not be copied".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Copies the one order of a closed journal so many times, with all that belongs to it, and says how many are held then.
///
/// Buying a million through the till would take an hour; what lies on the disk is the same. The journal's own checks pass: it is
/// opened afterwards as any other.
fn multiply(place: &Path, orders: u64) -> Result<u64> {
    let mut connection = Connection::open(place.join("journal"))?;
    // Nothing here must survive a power cut.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;")?;
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info('orders') WHERE name <> 'id'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    // Wherever the id stands, also as the gateway has it, stands the copy's.
    let copied: Vec<String> = columns
        .iter()
        .map(|column| match column.as_str() {
            "key" | "gateway_uid" | "search" | "body" => {
                format!("replace({column}, '{TEMPLATE}', printf('copied%021d', n))")
            }
            _ => column.clone(),
        })
        .collect();
    let transaction = connection.transaction()?;
    transaction.execute_batch(&format!(
        "CREATE TEMP TABLE numbers AS
           WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {orders})
           SELECT n FROM counted;
         INSERT INTO orders ({columns}) SELECT {copied} FROM numbers, orders WHERE key = lower('{TEMPLATE}') ORDER BY n;
         INSERT INTO history (order_id, sequence, at, what, state, note)
           SELECT o.id, h.sequence, h.at, h.what, h.state, h.note FROM orders o
           JOIN history h ON h.order_id = (SELECT id FROM orders WHERE key = lower('{TEMPLATE}'))
           WHERE o.key <> lower('{TEMPLATE}') ORDER BY o.id, h.sequence;",
        columns = columns.join(", "),
        copied = copied.join(", "),
    ))?;
    transaction.commit()?;
    Ok(connection.query_row("SELECT count(*) FROM orders", [], |row| row.get(0))?)
}

/// The process that multiplies.
pub fn copy(place: &str, orders: &str) -> Result<()> {
    println!("{}", multiply(Path::new(place), orders.parse()?)?);
    Ok(())
}
