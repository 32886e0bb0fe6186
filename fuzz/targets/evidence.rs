//! What the tracker is told of an answer about its order (rules 5, 8 and 9).
//!
//! The first byte says whether it is sold or looked up, the next two are the status and a header, the rest is the body.
//!
//! * Sent once, and never told as not sent.
//! * Refused only by a documented status with the gateway's own error; not found only by a 404 with it.
//! * Failed, or done, only where the gateway's record has that very word.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use tillgate::orders::adapter::*;
use tillgate::testing::inner;
use tillgate::{BeneficiaryField, Decimal, Money, OrderKind};
use tillgate_fuzz::own_words::{REFUSALS, may_be_own};
use tillgate_fuzz::world::{self, World};

thread_local! {
    static SELLER: (World, Arc<dyn Adapter>) = {
        let world = World::new();
        let adapter = inner::cysend_adapter(world.client()).expect("an adapter");
        (world, adapter)
    };
}

fuzz_target!(|data: &[u8]| {
    let [what, status, header, body @ ..] = data else { return };
    let answer = world::answer([*status, *header], body);
    let status = answer.status;
    SELLER.with(|(world, adapter)| {
        world.quiet();
        inner::answer_with(answer);
        if what % 2 == 0 {
            let sent = world.run(adapter.submit(vec![submission()]));
            assert_eq!(inner::calls_answered(), 1, "it was sent once");
            match sent {
                SubmitOutcome::NotSent(error) => panic!("it was sent and answered: {error}"),
                SubmitOutcome::Refused(error) => {
                    assert!(REFUSALS.contains(&status) && may_be_own(body), "refused by {status}: {error}");
                }
                SubmitOutcome::IdMayBeInUse(_) | SubmitOutcome::NothingToUndo(_) => {}
                SubmitOutcome::Answered(records) => {
                    assert!(matches!(status, 200..=202), "records with {status}");
                    records.iter().for_each(compare);
                }
                SubmitOutcome::Unknown(error) => assert_ne!(error.code(), "internal", "{error}"),
            }
        } else {
            let reference = OrderReference {
                id: "A1".into(),
                gateway_uid: None,
                kind: OrderKind::Purchase,
                parent: None,
            };
            match world.run(adapter.look_up(reference)) {
                LookUp::Found(records) => {
                    assert!(status == 200 && !records.is_empty(), "{} records with {status}", records.len());
                    records.iter().for_each(compare);
                }
                LookUp::NotFound => assert!(status == 404 && may_be_own(body), "not found by {status}"),
                LookUp::Unclear(error) => assert_ne!(error.code(), "internal", "{error}"),
            }
        }
    });
});

fn compare(evidence: &Evidence) {
    let word = match evidence.status {
        EvidenceStatus::Open => "accepted",
        EvidenceStatus::Succeeded => "success",
        EvidenceStatus::Failed => "failed",
        EvidenceStatus::Unrecognised => {
            return assert!(!["accepted", "success", "failed"].contains(&evidence.raw_status.as_str()));
        }
    };
    assert_eq!(evidence.raw_status, word);
}

fn submission() -> Submission {
    Submission {
        id: "A1".into(),
        kind: OrderKind::Purchase,
        attempt: 1,
        product: "1111".into(),
        amount: Money::new(Decimal::new(1000, 2), "CHF"),
        scenario: "simulate-success".into(),
        beneficiary: vec![BeneficiaryField { name: "mobile".into(), value: "+41791234567".into() }],
        callback_url: Some("https://till.example/0123456789abcdefghijkl".into()),
        notifications: Vec::new(),
        payment_code: None,
        parent: None,
        time_left: Duration::from_secs(60),
    }
}
