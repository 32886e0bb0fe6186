//! Kinds of gateway: what each can do. A history draws one or two of them.

use std::time::Duration;

use tillgate::OrderKind;
use tillgate::orders::adapter::{Abilities, Account, Duplicates, UndoSteps};

use crate::random::Random;

/// Longer than any payment takes at the teller: the latest arrival and the slowest decision together stay below it.
const GAP: Duration = Duration::from_secs(600);
const WINDOW: Duration = Duration::from_secs(12 * 3_600);
/// How long the teller is said to refuse a number that it has seen.
const REFUSED_FOR: Duration = Duration::from_secs(6 * 3_600);

/// A kind of gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Personality {
    /// Sells top-ups: looked up by id, an absence is proof, several in one call, nothing is undone.
    Shelf,
    /// Pays: cannot be asked, refuses an id that it has seen, undoes in two steps, and does not see a payment that is open.
    Teller,
    /// Pays by forms: ids belong to whoever uses them, records show late, an absence is no proof, refunds add up and carry no id,
    /// callbacks are signed.
    Form,
    /// Pays: cannot be asked, refuses nothing twice, undoes nothing.
    Slot,
}

impl Personality {
    pub const ALL: [Self; 4] = [Self::Shelf, Self::Teller, Self::Form, Self::Slot];

    /// The accounts of a history.
    pub fn draw(random: &mut Random) -> Vec<Self> {
        const AMONG: [Personality; 8] = [
            Personality::Shelf,
            Personality::Shelf,
            Personality::Shelf,
            Personality::Teller,
            Personality::Teller,
            Personality::Form,
            Personality::Form,
            Personality::Slot,
        ];
        let first = *random.pick(&AMONG);
        let second = *random.pick(&AMONG);
        if second != first && random.chance(400) { vec![first, second] } else { vec![first] }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Shelf => "simulated",
            Self::Teller => "teller",
            Self::Form => "form",
            Self::Slot => "slot",
        }
    }

    pub fn account(self) -> Account {
        Account { gateway: self.name().into(), address: "memory".into(), principal: "anna".into() }
    }

    pub fn abilities(self) -> Abilities {
        let payments = Abilities {
            look_up: false,
            absence_is_proof: false,
            duplicates: Duplicates::NotRefused,
            undo: UndoSteps::None,
            needs_baseline: false,
            group_size_max: 1,
        };
        match self {
            Self::Shelf => {
                Abilities { look_up: true, absence_is_proof: true, group_size_max: 10, ..payments }
            }
            Self::Teller => Abilities {
                duplicates: Duplicates::RefusedFor(REFUSED_FOR),
                undo: UndoSteps::Two { gap: GAP, window: WINDOW },
                ..payments
            },
            Self::Form => Abilities { look_up: true, undo: UndoSteps::One, needs_baseline: true, ..payments },
            Self::Slot => payments,
        }
    }

    /// Whether it can be asked about an order, and tells of changes.
    pub fn can_be_asked(self) -> bool {
        self.abilities().look_up
    }

    /// How it undoes, if it does.
    pub fn undo_kinds(self) -> &'static [OrderKind] {
        match self {
            Self::Shelf | Self::Slot => &[],
            Self::Teller => &[OrderKind::Reverse],
            Self::Form => &[OrderKind::Refund, OrderKind::Cancel],
        }
    }

    /// Of a thousand purchases, so many are done when they are answered; the others are open first.
    pub fn done_at_once_per_mille(self) -> u64 {
        match self {
            Self::Shelf => 0,
            Self::Form => 400,
            Self::Teller | Self::Slot => 850,
        }
    }

    /// Later than this after it was taken, an order is seen by everybody.
    pub fn hidden_max_s(self) -> u64 {
        match self {
            // Shorter than what settles an absence, or its absence would be no proof.
            Self::Shelf => 600,
            _ => 3_600,
        }
    }
}
