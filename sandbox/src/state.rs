//! What the sandbox knows at a moment, and what is due to happen.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::accounts::Account;
use crate::callbacks::{CallbackHabit, CallbackLog, Delivery};
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::gift_cards::GiftCard;
use crate::ledger::{Ledger, OrderState, StatusChange};
use crate::notifications;
use crate::orders;
use crate::random::Random;
use crate::requests::RequestLog;
use crate::tokens::Tokens;
use crate::verifications::Verifications;

/// What does not change while the sandbox runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) base_path: String,
    pub(crate) seed: u64,
    pub(crate) refuse_duplicates: bool,
    pub(crate) created_status: u16,
    pub(crate) immediately_final: bool,
    pub(crate) callback_when_accepted: bool,
    pub(crate) callback_retry_ms: u64,
    pub(crate) callback_attempts_max: u32,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) tokens: Tokens,
    pub(crate) gift_cards: Vec<GiftCard>,
    pub(crate) verifications: Verifications,
    pub(crate) ledger: Ledger,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
    pub(crate) callbacks: CallbackLog,
    pub(crate) random: Random,
    /// How callbacks of an order misbehave, by its sequence.
    pub(crate) habits: HashMap<u64, CallbackHabit>,
    /// What is due when; the second number keeps the order of what is due together.
    agenda: BTreeMap<(i64, u64), Event>,
    planned: u64,
    /// Callbacks that are to be sent now.
    outbox: Vec<Delivery>,
}

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Settle { due_ms: i64, sequence: u64, status: OrderState, response_code: String },
    Post { due_ms: i64, delivery: Delivery },
}

impl State {
    pub(crate) fn new(
        settings: Settings,
        clock: Clock,
        catalogue: Catalogue,
        accounts: Vec<Account>,
        gift_cards: Vec<GiftCard>,
        ledger: Ledger,
    ) -> State {
        State {
            random: Random::of_seed(settings.seed.wrapping_add(1)),
            settings,
            clock,
            catalogue: Arc::new(catalogue),
            accounts,
            tokens: Tokens::default(),
            gift_cards,
            verifications: Verifications::default(),
            ledger,
            faults: Faults::default(),
            requests: RequestLog::default(),
            callbacks: CallbackLog::default(),
            habits: HashMap::new(),
            agenda: BTreeMap::new(),
            planned: 0,
            outbox: Vec::new(),
        }
    }

    pub(crate) fn plan(&mut self, event: Event) {
        let due_ms = match &event {
            Event::Settle { due_ms, .. } | Event::Post { due_ms, .. } => *due_ms,
        };
        self.planned += 1;
        self.agenda.insert((due_ms, self.planned), event);
    }

    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.agenda.first_key_value().map(|((due_ms, _), _)| *due_ms)
    }

    /// Lets happen what is due, in its order, and hands over the callbacks that are to be sent.
    pub(crate) fn catch_up(&mut self) -> Vec<Delivery> {
        let now_ms = self.clock.now_ms();
        while let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= now_ms
        {
            let event = entry.remove();
            self.apply(event);
        }
        std::mem::take(&mut self.outbox)
    }

    pub(crate) fn apply(&mut self, event: Event) {
        match event {
            Event::Post { delivery, .. } => self.outbox.push(delivery),
            Event::Settle { due_ms, sequence, status, response_code } => {
                self.settle(sequence, StatusChange { status, response_code, at_ms: due_ms });
            }
        }
    }

    /// Gives an order another status; money follows a live one.
    fn settle(&mut self, sequence: u64, change: StatusChange) {
        let Some(row) = self.ledger.row(sequence) else { return };
        let was_paid = row.status != OrderState::Failed;
        let is_paid = change.status != OrderState::Failed;
        let at_ms = change.at_ms;
        if row.live {
            let (purse, paid) = match (&row.gift_card_code, row.gift_card_amount) {
                (Some(code), Some(paid)) => {
                    let card = self.gift_cards.iter_mut().find(|card| card.code == *code);
                    (card.map(|card| &mut card.remaining_balance), paid)
                }
                _ => {
                    let account = self.accounts.iter_mut().find(|account| account.user == row.account);
                    (account.map(|account| &mut account.balance), row.cost)
                }
            };
            match (purse, was_paid, is_paid) {
                (Some(purse), true, false) => purse.0 += paid.0,
                (Some(purse), false, true) => purse.0 -= paid.0,
                _ => {}
            }
        }
        self.ledger.change(sequence, change);
        self.announce(sequence, at_ms);
    }

    /// Sends the callbacks and notifications of an order, with the habits that faults gave it. False if there is no
    /// address for them.
    pub(crate) fn announce(&mut self, sequence: u64, at_ms: i64) -> bool {
        let Some(row) = self.ledger.row(sequence) else { return false };
        let urls = notifications::addresses(self, row);
        if urls.is_empty() {
            return false;
        }
        let habit = self.habits.get(&sequence).copied().unwrap_or_default();
        if habit.dropped {
            return true;
        }
        let user_uid = row.user_uid.clone();
        let now = orders::status_of(self, row);
        let Ok(body) = serde_json::to_string(&[now]) else { return false };
        let mut bodies = vec![body; 1 + habit.copies as usize];
        if habit.reordered && row.status != OrderState::Accepted {
            let older = crate::ledger::LedgerRow {
                status: OrderState::Accepted,
                response_code: "09".to_owned(),
                ..row.clone()
            };
            bodies.extend(serde_json::to_string(&[orders::status_of(self, &older)]));
        }
        let attempts_max = self.settings.callback_attempts_max;
        for url in urls {
            for body in &bodies {
                let id = self.callbacks.next_id();
                let delivery = Delivery {
                    id,
                    url: url.clone(),
                    user_uid: Some(user_uid.clone()),
                    content_type: "application/json".to_owned(),
                    body: body.clone(),
                    attempt: 1,
                    attempts_max,
                };
                self.plan(Event::Post { due_ms: at_ms, delivery });
            }
        }
        true
    }
}
