//! Carries out a plan of orders (see `conformance/README.md`).

use std::process::ExitCode;
use std::sync::Arc;

use tillgate::{
    BeneficiaryField, CysendAccount, CysendClient, CysendConfig, CysendCredentials, JournalKey, Money,
    NewOrder, Order, OrderPolicy, OrderState, Result, Secret, Till, TillConfig, TillgateError, block_on,
};

/// How often `settle` asks, and how long it waits in between, before it gives up.
const ROUNDS_MAX: u32 = 200;
const ROUND_MS: u64 = 240_000;
/// How long `enqueue` waits before it looks again whether the order was sent.
const SENDING_POLL_MS: u64 = 20;

fn main() -> ExitCode {
    let plan = std::env::args().nth(1).and_then(|path| std::fs::read_to_string(path).ok());
    let Some(plan) = plan else {
        eprintln!("usage: tillgate-runner PLAN");
        return ExitCode::from(2);
    };
    ExitCode::from(carry_out(&plan))
}

fn carry_out(plan: &str) -> u8 {
    let mut settings = Settings::default();
    let mut till = None;
    for line in plan.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if settings.take(line, &words) {
            continue;
        }
        if till.is_none() {
            match settings.open() {
                Ok(opened) => till = Some(opened),
                Err(error) => {
                    println!("open {}", told(&error));
                    eprintln!("{error}");
                    return 1;
                }
            }
            println!("open ok");
        }
        let till = till.as_ref().expect("it was opened");
        let Some(result) = step(till, &words) else {
            eprintln!("not a line of a plan: {line}");
            return 2;
        };
        let name = words[..words.len().min(2)].join(" ");
        match result {
            Ok(done) => println!("{name} {done}"),
            Err(error) => {
                println!("{name} {}", told(&error));
                eprintln!("{error}");
                if words[0] == "settle" {
                    return 1;
                }
            }
        }
    }
    0
}

#[derive(Default)]
struct Settings {
    journal: String,
    mirror: Option<String>,
    key: Option<JournalKey>,
    account: Option<(String, String, String)>,
    policy: OrderPolicy,
}

impl Settings {
    /// Whether the line was a setting.
    fn take(&mut self, line: &str, words: &[&str]) -> bool {
        match words {
            ["journal", ..] => self.journal = line["journal ".len()..].to_string(),
            ["mirror", ..] => self.mirror = Some(line["mirror ".len()..].to_string()),
            ["key", id, key] => {
                self.key = Some(JournalKey { id: id.to_string(), key: Secret::new(key.to_string()) });
            }
            ["gateway", url, user, password] => {
                self.account = Some((url.to_string(), user.to_string(), password.to_string()));
            }
            ["policy", name, number] => return self.policy_figure(name, number.parse().ok()),
            _ => return false,
        }
        true
    }

    fn policy_figure(&mut self, name: &str, number: Option<u64>) -> bool {
        if name == "batch_size_on_wire" {
            return number
                .and_then(|n| n.try_into().ok())
                .map(|n| self.policy.batch_size_on_wire = n)
                .is_some();
        }
        let figure = match name {
            "submit_within_ms" => &mut self.policy.submit_within_ms,
            "look_up_first_ms" => &mut self.policy.look_up_first_ms,
            "look_up_unknown_max_ms" => &mut self.policy.look_up_unknown_max_ms,
            "look_up_accepted_max_ms" => &mut self.policy.look_up_accepted_max_ms,
            "overdue_after_ms" => &mut self.policy.overdue_after_ms,
            "absence_running_ms" => &mut self.policy.absence_running_ms,
            _ => return false,
        };
        number.map(|number| *figure = number).is_some()
    }

    fn open(&self) -> Result<Arc<Till>> {
        let (url, user, password) = self.account.clone().unwrap_or_default();
        let client = CysendClient::new(CysendConfig {
            credentials: CysendCredentials {
                user: Some(user),
                password: Some(Secret::new(password)),
                token: None,
            },
            base_url: Some(url),
            ..CysendConfig::default()
        })?;
        block_on(async {
            let till = Till::open(TillConfig {
                journal_path: self.journal.clone(),
                create: true,
                read_only: false,
                key: self.key.clone(),
                old_keys: Vec::new(),
                installation_id: None,
                epoch_mirror_path: self.mirror.clone(),
                policy: Some(self.policy.clone()),
            })
            .await?;
            till.attach_cysend(CysendAccount { client, name: None }).await?;
            Ok(till)
        })
    }
}

/// Does one step; nothing when there is no such step.
fn step(till: &Till, words: &[&str]) -> Option<Result<String>> {
    Some(match words {
        ["buy", id, what @ ..] => block_on(till.buy(new_order(id, what)?)).map(state),
        ["batch", ids, what @ ..] => {
            let orders: Option<Vec<NewOrder>> = ids.split(',').map(|id| new_order(id, what)).collect();
            let join = |orders: Vec<Order>| orders.into_iter().map(state).collect::<Vec<_>>().join(",");
            block_on(till.buy_batch(orders?)).map(join)
        }
        ["enqueue", id, what @ ..] => enqueue(till, new_order(id, what)?).map(state),
        ["look_up", id] => block_on(till.look_up(id.to_string())).map(state),
        ["wait", id, ms] => block_on(till.wait(id.to_string(), ms.parse().ok()?)).map(state),
        ["settle", id] => settle(till, id).map(state),
        ["reveal", id] => block_on(till.reveal(id.to_string())).map(|_| "revealed".to_string()),
        ["cancel", id] => block_on(till.cancel(id.to_string())).map(state),
        ["events"] => events(till),
        ["close"] => block_on(till.close()).map(|()| "ok".to_string()),
        _ => return None,
    })
}

/// What is bought, under this id; nothing when the words do not say it.
fn new_order(id: &str, what: &[&str]) -> Option<NewOrder> {
    let [product, amount, currency, scenario, mobile] = what else { return None };
    let fields = [("mobile", mobile)].into_iter().filter(|(_, value)| **value != "-");
    let amount = Money { amount: amount.parse().ok()?, currency: currency.to_string() };
    let mut order = NewOrder::new(id, *product, amount, *scenario);
    order.beneficiary = fields
        .map(|(name, value)| BeneficiaryField { name: name.into(), value: value.to_string() })
        .collect();
    Some(order)
}

/// Until it was sent in the background, and its outcome written down.
fn enqueue(till: &Till, order: NewOrder) -> Result<Order> {
    let mut order = block_on(till.enqueue(order))?;
    while matches!(order.state, OrderState::Pending | OrderState::Sending) {
        order = block_on(till.wait(order.id, SENDING_POLL_MS))?;
    }
    Ok(order)
}

fn settle(till: &Till, id: &str) -> Result<Order> {
    let mut order = block_on(till.order(id.to_string()))?;
    for _ in 0..ROUNDS_MAX {
        if order.state.is_final() || order.state == OrderState::NeedsReview {
            return Ok(order);
        }
        // An error means that nothing certain was learnt this time.
        order = match block_on(till.look_up(id.to_string())) {
            Ok(order) if order.state.is_final() => order,
            _ => block_on(till.wait(id.to_string(), ROUND_MS))?,
        };
    }
    Err(TillgateError::internal(format!("{id} is still {} after {ROUNDS_MAX} look-ups", order.state)))
}

fn events(till: &Till) -> Result<String> {
    let stream = till.events();
    let mut count = 0;
    while let Some(event) = block_on(stream.next(0))? {
        block_on(stream.acknowledge(event.id))?;
        count += 1;
    }
    Ok(count.to_string())
}

fn state(order: Order) -> String {
    match order.failure {
        Some(reason) => format!("{} {}", order.state, reason.as_str()),
        None => order.state.to_string(),
    }
}

fn told(error: &TillgateError) -> String {
    // The texts of the interface: snake_case in every language.
    let outcome = match error.outcome() {
        tillgate::Outcome::Local => "local",
        tillgate::Outcome::NotSent => "not_sent",
        tillgate::Outcome::Refused => "refused",
        tillgate::Outcome::Unknown => "unknown",
    };
    format!("error {} {outcome}", error.code())
}
