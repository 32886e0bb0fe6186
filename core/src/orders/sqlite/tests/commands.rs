//! Batches, and what each command does.

use super::super::write::Writer;
use super::*;
use crate::orders::store::SecretKind;

#[test]
fn an_intent_is_there_after_a_reopening() {
    let till = Till::new();
    let written = created(commit(&till.open(), create([sent("A", 0)]), 0));
    let store = till.open();
    let read = store.order("A").unwrap().unwrap();
    assert_eq!((read.clone(), true), written[0]);
    assert_eq!(read.order.version, 2);
    let history: Vec<_> =
        store.history("a").unwrap().into_iter().map(|e| (e.sequence, e.what, e.state)).collect();
    assert_eq!(
        history,
        [(1, "intent".to_string(), OrderState::Pending), (2, "attempt".to_string(), OrderState::Sending)]
    );
}

#[test]
fn the_same_id_and_request_gives_the_same_order_and_writes_nothing() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("Order_1", 0)]), 0));
    apply(&store, "order_1", no_answer(), 1).unwrap();
    // Ids are equal without case and trailing blanks.
    for id in ["Order_1", "ORDER_1", "order_1  "] {
        let again = created(commit(&store, create([sent(id, 9)]), 9));
        assert!(!again[0].1);
        assert_eq!(again[0].0.order.state, OrderState::Unknown);
        assert_eq!(again[0].0.order.id, "Order_1");
        assert!(store.order(id).unwrap().is_some());
    }
    assert_eq!(store.history("order_1").unwrap().len(), 3);
    assert_eq!(store.counts().unwrap().open_orders, 1);
}

#[test]
fn the_same_id_with_another_request_is_a_conflict_and_leaves_the_rest_of_its_call_unwritten() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    let mut other = new_order("a");
    other.product = "9999".into();
    let error = commit(&store, create([intent("B", 1), intent_of(other, 1)]), 1).unwrap_err();
    assert_eq!(error.code(), "order_conflict");
    assert_eq!(error.details().order_id.as_deref(), Some("a"));
    assert!(store.order("B").unwrap().is_none(), "all or none");
}

#[test]
fn one_refused_command_leaves_the_others_of_its_batch_alone() {
    let till = Till::new();
    let store = till.open();
    let batch = [
        given(create([sent("A", 0)]), 0),
        given(fact("A", Fact::Cancel), 0),
        given(fact("nobody", Fact::Overdue), 0),
        given(fact("A", no_answer()), 0),
        given(create([sent("B", 0)]), 0),
    ];
    let codes: Vec<_> =
        store.commit(&batch).unwrap().into_iter().map(|r| r.err().map(|e| e.code())).collect();
    assert_eq!(codes, [None, Some("too_late"), Some("unknown_order"), None, None]);
    assert_eq!(store.order("A").unwrap().unwrap().order.state, OrderState::Unknown);
    assert!(store.order("B").unwrap().is_some());
    drop(store);
    assert_sound(&till.journal());
}

#[test]
fn what_a_command_wrote_before_it_was_refused_is_undone_and_the_others_stay() {
    let till = Till::new();
    let store = till.open();
    let mut other = new_order("a");
    other.product = "9999".into();
    let batch = [
        given(create([sent("A", 0)]), 0),
        // C is written, then it turns out that the id `a` is in use for something else.
        given(create([sent("C", 0), intent_of(other, 0)]), 0),
        given(fact("A", no_answer()), 0),
        given(create([sent("B", 0)]), 0),
    ];
    let codes: Vec<_> =
        store.commit(&batch).unwrap().into_iter().map(|r| r.err().map(|e| e.code())).collect();
    assert_eq!(codes, [None, Some("order_conflict"), None, None]);
    assert_eq!(store.order("A").unwrap().unwrap().order.state, OrderState::Unknown);
    assert!(store.order("B").unwrap().is_some());
    assert!(store.order("C").unwrap().is_none(), "all or none");
    assert_eq!(store.history("A").unwrap().len(), 3, "nothing was written twice");
    drop(store);
    assert_sound(&till.journal());
}

#[test]
fn commands_of_a_batch_see_those_before_them() {
    let till = Till::new();
    let store = till.open();
    let batch: Vec<Given> = (0..256).map(|n| given(create([sent(&format!("o{}", n / 2), 0)]), 0)).collect();
    let results = store.commit(&batch).unwrap();
    for (n, result) in results.into_iter().enumerate() {
        assert_eq!(created(result)[0].1, n % 2 == 0);
    }
    assert_eq!(store.counts().unwrap().open_orders, 128);
}

#[test]
fn nothing_of_a_batch_is_seen_before_its_commit() {
    let till = Till::new();
    let store = till.open();
    let mut open = store.writer();
    let writer = &mut open.as_mut().unwrap().writer;
    writer
        .connection
        .execute_batch("BEGIN IMMEDIATE; UPDATE meta SET value = '99' WHERE name = 'epoch'")
        .unwrap();
    assert!(store.order("A").unwrap().is_none());
    assert_eq!(store.quarantine().unwrap(), None);
    writer.connection.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn an_order_under_way_that_somebody_else_has_written_is_read_anew() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    let beside = rusqlite::Connection::open(till.journal()).unwrap();
    let body = beside.query_row("SELECT body FROM orders", [], |row| row.get::<_, String>(0)).unwrap();
    let changed = body.replacen(r#""live":"#, r#""issuer_reference":"R1","live":"#, 1);
    assert_ne!(body, changed);
    beside.execute("UPDATE orders SET body = ?1", [changed]).unwrap();
    let (record, _) = apply(&store, "A", no_answer(), 1).unwrap();
    assert_eq!(record.order.issuer_reference.as_deref(), Some("R1"));
}

#[test]
fn an_order_whose_commit_was_undone_is_not_remembered() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    let with_writer = |what: &dyn Fn(&mut Writer)| what(&mut store.writer().as_mut().unwrap().writer);
    let run = |sql| with_writer(&|writer| writer.connection.execute_batch(sql).unwrap());
    run("CREATE TEMP TRIGGER no_events BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert!(store.commit(&[given(create([sent("B", 0)]), 0), given(fact("A", no_answer()), 0)]).is_err());
    run("DROP TRIGGER no_events");
    with_writer(&|writer| writer.failed = None);
    assert_eq!(apply(&store, "B", no_answer(), 1).unwrap_err().code(), "unknown_order");
    let (record, _) = apply(&store, "A", no_answer(), 1).unwrap();
    assert_eq!((record.order.state, record.order.version), (OrderState::Unknown, 3));
}

#[test]
fn a_uid_of_another_order_goes_to_review_and_is_not_bound_twice() {
    let till = Till::new();
    let store = till.open();
    succeeded(&store, "A", 0);
    created(commit(&store, create([sent("B", 0)]), 0));
    apply(&store, "B", no_answer(), 1).unwrap();
    let (record, _) = apply(&store, "B", looked_up("B", "uid of A", EvidenceStatus::Succeeded), 2).unwrap();
    assert_eq!(record.order.state, OrderState::NeedsReview);
    assert_eq!(record.order.review, Some(ReviewReason::ForeignOrder));
    assert_eq!(record.order.gateway_uid, None);
    assert_eq!(store.counts().unwrap().in_review, 1);
}

#[test]
fn an_event_comes_again_until_it_is_acknowledged_and_holds_back_its_own_order_only() {
    let till = Till::new();
    let store = till.open();
    succeeded(&store, "A", 0);
    succeeded(&store, "B", 0);
    let first = store.events(&[], 10).unwrap();
    assert_eq!(first, store.events(&[], 10).unwrap());
    assert_eq!(first.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(first.iter().all(|(_, e)| e.order.state == OrderState::Accepted));
    assert_eq!(store.events(&["a".into()], 10).unwrap(), first[1..]);
    assert_eq!(store.events(&[], 1).unwrap(), first[..1]);
    drop(store);

    let store = till.open();
    assert_eq!(first, store.events(&[], 10).unwrap());
    assert_eq!(count(commit(&store, Command::Acknowledge { event: first[0].1.id }, 0)), 1);
    assert_eq!(count(commit(&store, Command::Acknowledge { event: first[0].1.id }, 0)), 0);
    assert_eq!(count(commit(&store, Command::Acknowledge { event: u64::MAX }, 0)), 0);
    let then = store.events(&[], 10).unwrap();
    assert_eq!((then[0].0.as_str(), then[0].1.order.state), ("a", OrderState::Succeeded));
    assert_eq!(then[1], first[1]);
    acknowledge_all(&store);
    assert_eq!(store.counts().unwrap().unacknowledged_events, 0);
    // An id that was acknowledged never names another event.
    succeeded(&store, "C", 0);
    assert!(store.events(&[], 1).unwrap()[0].1.id > 4);
}

#[test]
fn acknowledging_a_later_event_leaves_the_earlier_one() {
    let till = Till::new();
    let store = till.open();
    succeeded(&store, "A", 0);
    let first = store.events(&[], 1).unwrap().remove(0).1;
    assert_eq!(count(commit(&store, Command::Acknowledge { event: first.id + 1 }, 0)), 1);
    assert_eq!(store.events(&[], 1).unwrap()[0].1, first);
}

#[test]
fn a_hint_stays_until_its_look_up_is_done() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    assert_eq!(count(commit(&store, Command::Hint { key: "nobody".into() }, 0)), 0);
    for _ in 0..2 {
        assert_eq!(count(commit(&store, Command::Hint { key: "A".into() }, 0)), 1);
    }
    drop(store);
    let store = till.open();
    assert_eq!(hinted(&store), ["a"]);
    let done = |hint: String| Command::HintDone { key: "a".into(), hint };
    // One that came after the gateway was asked stays.
    assert_eq!(count(commit(&store, done("an earlier one".into()), 0)), 0);
    let hint = store.hint("a").unwrap().unwrap();
    assert_eq!(count(commit(&store, done(hint), 0)), 1);
    assert_eq!(store.hint("a").unwrap(), None);
    assert!(hinted(&store).is_empty());
}

#[test]
fn a_voucher_is_kept_with_the_evidence_that_brought_it_and_no_foreign_one_replaces_it() {
    let till = Till::new();
    let store = till.open();
    let mut draft = draft(sent("A", 0));
    draft.payment_code = Some(sealed("gift"));
    created(commit(&store, Command::Create(vec![draft]), 0));
    let delivered = |id: &str, uid: &str, code: &str, sealed_as: &str| {
        let mut evidence = evidence(id, uid, EvidenceStatus::Succeeded);
        evidence.voucher = Some(Voucher {
            code: Some(Secret::new(code.into())),
            serial: None,
            pin_code: None,
            pdf_link: None,
            expiration: None,
            usage_instructions: HashMap::new(),
            unknown_fields: None,
        });
        let fact = match sealed_as {
            "renewed" => Fact::VoucherFetched { records: vec![evidence] },
            _ => Fact::Evidence { records: vec![evidence], source: Source::LookUp },
        };
        Command::Apply { key: id.into(), fact, voucher: Some(sealed(sealed_as)) }
    };
    commit(&store, delivered("A", "u", "c", "voucher"), 1).unwrap();
    assert_eq!(store.sealed("a", SecretKind::Voucher).unwrap(), Some(sealed("voucher")));
    assert_eq!(store.sealed("a", SecretKind::PaymentCode).unwrap(), Some(sealed("gift")));
    // Another uid under the same id: a contradiction, and not our voucher.
    let done = commit(&store, delivered("A", "v", "d", "foreign"), 2).unwrap();
    assert!(matches!(done, Done::Applied { changed: true, .. }));
    assert!(store.order("A").unwrap().unwrap().order.conflict.is_some());
    assert_eq!(store.sealed("a", SecretKind::Voucher).unwrap(), Some(sealed("voucher")));
    // Nor when it is asked for again.
    commit(&store, delivered("A", "v", "d", "renewed"), 3).unwrap();
    assert_eq!(store.sealed("a", SecretKind::Voucher).unwrap(), Some(sealed("voucher")));
    commit(&store, delivered("A", "u", "c", "renewed"), 3).unwrap();
    assert_eq!(store.sealed("A", SecretKind::Voucher).unwrap(), Some(sealed("renewed")));
}

fn undo(id: &str, of: &str, amount: i64) -> Record {
    let mut record = sent(id, 1);
    record.order.kind = OrderKind::Refund;
    record.order.of = Some(of.into());
    record.order.amount.amount = Decimal::new(amount, 0);
    record.fingerprint = format!("{id} {of} {amount}");
    record
}

#[test]
fn an_undo_and_what_it_does_to_its_parent_are_one_commit() {
    let till = Till::new();
    let store = till.open();
    succeeded(&store, "A", 0);
    created(commit(&store, create([undo("U1", "a", 4)]), 1));
    let second = commit(&store, create([undo("U2", "A", 4)]), 1).unwrap_err();
    assert_eq!(second.code(), "too_late", "one at a time");
    let Done::Applied { also: Some(parent), .. } =
        commit(&store, fact("U1", looked_up("U1", "uid of U1", EvidenceStatus::Succeeded)), 2).unwrap()
    else {
        panic!("the parent changed")
    };
    assert_eq!(parent.order.undone_amount, Decimal::new(4, 0));
    assert_eq!(store.order("A").unwrap().unwrap(), *parent);
    let beyond = commit(&store, create([undo("U3", "A", 7)]), 3).unwrap_err();
    assert_eq!(beyond.code(), "invalid_argument", "no more than is left");
    created(commit(&store, create([undo("U4", "A", 6)]), 3));
    commit(&store, fact("U4", looked_up("U4", "uid of U4", EvidenceStatus::Succeeded)), 4).unwrap();
    assert_eq!(store.order("A").unwrap().unwrap().order.state, OrderState::Reversed);
    let undos: Vec<_> = store.undos_of("A").unwrap().into_iter().map(|r| r.order.id).collect();
    assert_eq!(undos, ["U1", "U4"]);
    assert_eq!(commit(&store, create([undo("U5", "nobody", 1)]), 3).unwrap_err().code(), "unknown_order");
}

#[test]
fn two_undos_in_one_call_are_one_too_many() {
    let till = Till::new();
    let store = till.open();
    succeeded(&store, "A", 0);
    let error = commit(&store, create([undo("U1", "A", 4), undo("U2", "A", 4)]), 1).unwrap_err();
    assert_eq!(error.code(), "too_late");
    assert!(store.undos_of("A").unwrap().is_empty());
}

#[test]
fn archiving_drops_what_is_old_and_keeps_the_id_for_ever() {
    let till = Till::new();
    let store = till.open();
    for id in ["A", "B", "C"] {
        succeeded(&store, id, 0);
    }
    let mut with_code = draft(sent("D", 0));
    with_code.payment_code = Some(sealed("gift"));
    created(commit(&store, Command::Create(vec![with_code]), 0));
    apply(&store, "D", looked_up("D", "uid of D", EvidenceStatus::Failed), 0).unwrap();
    succeeded(&store, "young", 100);
    created(commit(&store, create([sent("open", 0)]), 0));
    assert_eq!(count(commit(&store, Command::Archive { before: seconds(50) }, 200)), 0, "events wait");
    acknowledge_all(&store);
    commit(&store, Command::Hint { key: "B".into() }, 0).unwrap();
    created(commit(&store, create([undo("U", "C", 1)]), 1));
    assert_eq!(count(commit(&store, Command::Archive { before: seconds(50) }, 200)), 2, "A and D");
    assert_eq!(count(commit(&store, Command::Archive { before: seconds(50) }, 200)), 0);

    assert!(store.history("A").unwrap().is_empty());
    assert_eq!(store.sealed("D", SecretKind::PaymentCode).unwrap(), None);
    for kept in ["B", "C", "young"] {
        assert_eq!(store.history(kept).unwrap().len(), 4, "{kept}");
    }
    let again = created(commit(&store, create([sent("a", 300)]), 300));
    assert!(!again[0].1);
    assert_eq!(again[0].0.order.state, OrderState::Succeeded);
    assert_eq!(again[0].0.order.gateway_uid.as_deref(), Some("uid of A"));
    let mut other = new_order("A");
    other.product = "2".into();
    assert_eq!(commit(&store, create([intent_of(other, 300)]), 300).unwrap_err().code(), "order_conflict");
    // A late contradiction still finds what to contradict.
    let (record, changed) =
        apply(&store, "A", looked_up("A", "uid of A", EvidenceStatus::Failed), 400).unwrap();
    assert!(changed && record.order.conflict.is_some());
    assert_eq!(store.history("A").unwrap().len(), 1);
}

#[test]
fn a_spent_store_says_closed() {
    let till = Till::new();
    let store = till.open();
    store.close();
    assert_eq!(commit(&store, create([sent("A", 0)]), 0).unwrap_err().code(), "closed");
    assert_eq!(store.order("A").unwrap_err().code(), "closed");
    store.close();
}

#[test]
fn no_secret_is_in_any_file_of_the_journal() {
    const CANARY: &str = "CANARY-4711-4711";
    let mut till = Till::new();
    till.config.key = Some(JournalKey { id: "k".into(), key: new_journal_key() });
    let vault = Vault::new(till.config.key.as_ref(), &[]).unwrap();
    let store = till.open();
    let mut draft = draft(sent("A", 0));
    draft.payment_code = Some(vault.seal("a", SecretKind::PaymentCode, CANARY.as_bytes()).unwrap());
    created(commit(&store, Command::Create(vec![draft]), 0));
    let secret = || Secret::new(CANARY.into());
    let voucher = Voucher {
        code: Some(secret()),
        serial: Some(secret()),
        pin_code: Some(secret()),
        pdf_link: Some(secret()),
        expiration: None,
        usage_instructions: HashMap::new(),
        unknown_fields: Some(secret()),
    };
    let mut found = evidence("A", "u", EvidenceStatus::Succeeded);
    found.voucher = Some(voucher.clone());
    let fact = Fact::Evidence { records: vec![found], source: Source::LookUp };
    let sealed = vault.seal_voucher("a", &voucher).unwrap();
    commit(&store, Command::Apply { key: "A".into(), fact, voucher: Some(sealed) }, 1).unwrap();
    let key = till.config.key.as_ref().unwrap().key.reveal();

    let assert_clean = |when: &str| {
        let mut read = 0;
        for entry in std::fs::read_dir(till.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            for secret in [CANARY.as_bytes(), key.as_bytes()] {
                assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{when}: {}", path.display());
            }
            read += bytes.len();
        }
        assert!(read > 10_000);
    };
    assert_clean("open");
    let kept = store.sealed("a", SecretKind::Voucher).unwrap().unwrap();
    assert_eq!(vault.open_voucher("a", &kept).unwrap(), voucher);
    store.close();
    assert_clean("closed");
}

#[test]
fn hints_go_on_behind_those_that_were_taken_over() {
    let till = Till::new();
    let store = till.open();
    for id in ["a", "b", "c"] {
        created(commit(&store, create([sent(id, 0)]), 0));
        assert_eq!(count(commit(&store, Command::Hint { key: id.into() }, 0)), 1);
    }
    assert_eq!(hinted(&store), ["a", "b", "c"]);
    let (first, _) = store.hints(0, 2).unwrap().pop().unwrap();
    assert_eq!(store.hints(first, 2).unwrap().len(), 1);
}
