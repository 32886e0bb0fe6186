//! Lists, and that no hot path walks over all orders.

use super::*;
use crate::orders::store::{Counts, OpenOrder};

fn ids(store: &SqliteStore, filter: &OrderFilter) -> Vec<String> {
    store.list(filter).unwrap().0.into_iter().map(|order| order.id).collect()
}

fn all() -> OrderFilter {
    OrderFilter::default()
}

#[test]
fn pages_follow_each_other_newest_first_and_none_is_left_out() {
    let till = Till::new();
    let store = till.open();
    // Three at each moment, so that pages end in the midst of a moment.
    let records: Vec<Record> = (0..20).map(|n| sent(&format!("o{n:02}"), n / 3)).collect();
    created(commit(&store, create(records), 0));
    let (mut seen, mut filter) = (Vec::new(), OrderFilter { limit: 7, ..OrderFilter::default() });
    loop {
        let (records, next) = store.list(&filter).unwrap();
        seen.extend(records.into_iter().map(|order| order.id));
        match next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
    }
    let expected: Vec<String> = (0..20).rev().map(|n| format!("o{n:02}")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_bookmark_or_a_limit_that_is_none_is_refused() {
    let till = Till::new();
    let store = till.open();
    for after in ["", "x", "????", "MSBub25lIGE"] {
        let error = store.list(&OrderFilter { after: Some(after.into()), ..all() }).unwrap_err();
        assert_eq!(error.details().field.as_deref(), Some("filter.after"), "{after}");
    }
    for limit in [0, 1001] {
        let error = store.list(&OrderFilter { limit, ..all() }).unwrap_err();
        assert_eq!(error.details().field.as_deref(), Some("filter.limit"));
    }
}

#[test]
fn a_filter_gives_what_it_says() {
    let till = Till::new();
    let store = till.open();
    let mut noted = new_order("noted");
    noted.notes.insert("desk".into(), "100%_Ärmel".into());
    created(commit(&store, create([intent_of(noted, 0)]), 0));
    created(commit(&store, create([sent("sent", 10)]), 10));
    succeeded(&store, "done", 20);
    apply(&store, "done", looked_up("done", "uid of done", EvidenceStatus::Failed), 21).unwrap();

    let states = |states: &[OrderState]| OrderFilter { states: states.to_vec(), ..all() };
    assert_eq!(ids(&store, &all()), ["done", "sent", "noted"]);
    assert_eq!(ids(&store, &states(&[OrderState::Sending])), ["sent"]);
    assert_eq!(ids(&store, &states(&[OrderState::Sending, OrderState::Pending])), ["sent", "noted"]);
    assert_eq!(ids(&store, &states(&[OrderState::Sending, OrderState::Succeeded])), ["done", "sent"]);
    assert_eq!(ids(&store, &OrderFilter { conflicts_only: true, ..all() }), ["done"]);
    assert_eq!(ids(&store, &OrderFilter { account: Some("other".into()), ..all() }), [""; 0]);
    let between = OrderFilter { created_from: Some(seconds(0)), created_before: Some(seconds(20)), ..all() };
    assert_eq!(ids(&store, &between), ["sent", "noted"]);
    for (text, found) in [
        ("%", vec!["noted"]),
        ("0%_ä", vec!["noted"]),
        ("_", vec!["noted"]),
        ("UID OF", vec!["done"]),
        ("1234567", vec!["done", "sent", "noted"]),
        ("+41791234567+", vec![]),
    ] {
        assert_eq!(ids(&store, &OrderFilter { text: Some(text.into()), ..all() }), found, "{text}");
    }
}

#[test]
fn what_must_be_watched_is_found_page_by_page() {
    let till = Till::new();
    let store = till.open();
    for id in ["a", "c", "e"] {
        created(commit(&store, create([sent(id, 0)]), 0));
        apply(&store, id, no_answer(), 0).unwrap();
    }
    succeeded(&store, "b", 0);
    let rule = crate::orders::machine::AbsenceRule { answers_min: 1, running_ms: 0, is_proof: true };
    apply(&store, "c", Fact::NotFound { since_last: Duration::ZERO, rule }, 100).unwrap();
    assert_eq!(store.order("c").unwrap().unwrap().order.state, OrderState::Failed);
    let keys = |orders: Vec<OpenOrder>| orders.into_iter().map(|order| order.key).collect::<Vec<_>>();
    assert_eq!(keys(store.watched("", 2, seconds(100)).unwrap()), ["a", "c"]);
    assert_eq!(keys(store.watched("c", 2, seconds(100)).unwrap()), ["e"]);
    assert_eq!(keys(store.watched("", 9, seconds(101)).unwrap()), ["a", "e"]);
    assert_eq!(
        store.counts().unwrap(),
        Counts { open_orders: 2, in_review: 0, conflicts: 0, unacknowledged_events: 6 }
    );
}

#[test]
fn a_known_order_is_one_that_a_look_up_must_find() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("open", 9)]), 9));
    assert_eq!(store.known_order(ACCOUNT, "").unwrap(), None);
    succeeded(&store, "old", 1);
    succeeded(&store, "new", 2);
    let known = |account: &str, except: &str| {
        store.known_order(account, except).unwrap().map(|record| record.order.id)
    };
    assert_eq!(known(ACCOUNT, "open").as_deref(), Some("new"));
    assert_eq!(known(ACCOUNT, "NEW").as_deref(), Some("old"));
    assert_eq!(known("other", "open"), None);
    // One that contradicts itself, or has vanished, is still one that this account must see.
    apply(&store, "new", looked_up("new", "uid of new", EvidenceStatus::Failed), 3).unwrap();
    assert_eq!(known(ACCOUNT, "open").as_deref(), Some("new"));
}

#[test]
fn no_hot_path_walks_over_all_orders() {
    let till = Till::new();
    let store = till.open();
    store.close();
    let connection = rusqlite::Connection::open(till.journal()).unwrap();
    let sources = [include_str!("../read.rs"), include_str!("../write.rs"), include_str!("../mod.rs")];
    let mut statements = 0;
    for source in sources {
        for literal in source.split('"').skip(1).step_by(2) {
            let sql = literal.trim_start();
            if !["SELECT", "UPDATE", "DELETE", "INSERT"].iter().any(|verb| sql.starts_with(verb))
                || sql.contains('{')
            {
                continue;
            }
            statements += 1;
            let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nulls = vec![rusqlite::types::Null; explain.parameter_count()];
            let plan: Vec<String> = explain
                .query_map(rusqlite::params_from_iter(nulls), |row| row.get(3))
                .unwrap()
                .map(|row| row.unwrap())
                .collect();
            for step in plan {
                let walks = step.starts_with("SCAN") && !step.contains("CONSTANT ROW");
                // These walk over what is small, and over it alone: an index of the few, or a small table.
                let of_few = [
                    "event_heads",
                    "open_orders",
                    "open_by_time",
                    "in_review",
                    "in_conflict",
                    "SCAN h",
                    "events",
                    "journal_keys",
                ];
                assert!(!walks || of_few.iter().any(|few| step.contains(few)), "{sql}\n{step}");
                // By a range of keys, all orders lie within it.
                assert!(!step.contains("autoindex_orders_1 (key>"), "{sql}\n{step}");
                let sorts = step.contains("TEMP B-TREE");
                // Of the watched, only the absent ones of the last day are sorted; accounts are few.
                let of_few = sql.contains("absent_since_ns") || sql.contains("DISTINCT account");
                assert!(!sorts || of_few, "{sql}\n{step}");
            }
        }
    }
    assert!(statements > 25, "{statements} statements were found");
}
