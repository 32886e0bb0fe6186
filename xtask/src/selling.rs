//! Carries a plan out through a runner, step by step: what the steps mean is said here alone, and no runner knows.
//!
//! Each step that was done is a line: the step, its id, and the state with the reason of a failure (`settle a1 failed absent`; the
//! states of a batch with commas between), or `error`, its code and what is known of the money.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::runner::Runner;

/// How often `settle` asks, and how long it waits in between, before it gives up.
const ROUNDS_MAX: usize = 200;
const ROUND_MS: &str = "240000";
/// How long `enqueue` waits before it looks again whether the order was sent.
const SENDING_POLL_MS: &str = "20";

const SETTLED: [&str; 6] = ["succeeded", "failed", "cancelled", "expired", "reversed", "needs_review"];

/// How far a seller came.
pub struct Sold {
    /// A line for the opening and for each step that was done.
    pub told: String,
    /// Why it did not come to the end of its plan, unless it was no more.
    pub gave_up: Option<String>,
}

/// Carries out as much of the plan as the seller lives for.
///
/// Crash points that were passed stand before the line that tells of their step.
pub fn carry_out(runner: &mut Runner, plan: &str, points: &mut Points<'_>) -> Result<Sold> {
    let mut sold = Sold { told: String::new(), gave_up: None };
    let mut seller = Seller { runner, settings: Vec::new(), is_open: false };
    for line in plan.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if seller.take(line, &words)? {
            continue;
        }
        if !seller.is_open {
            let Some(told) = seller.open()? else { break };
            sold.told.push_str(&points.passed()?);
            sold.told.push_str(&format!("open {told}\n"));
            if told != "ok" {
                sold.gave_up = Some(format!("the till could not be opened: {told}"));
                break;
            }
            seller.is_open = true;
        }
        let Some(told) = seller.step(&words).with_context(|| line.to_string())? else { break };
        sold.told.push_str(&points.passed()?);
        sold.told.push_str(&format!("{} {told}\n", words[..words.len().min(2)].join(" ")));
        if words[0] == "settle" && !SETTLED.iter().any(|state| told.split(' ').next() == Some(state)) {
            sold.gave_up = Some(format!("{line} ended as {told}"));
            break;
        }
    }
    Ok(sold)
}

/// The log of crash points, as far as it was told; without a log, none is.
pub struct Points<'a> {
    pub log: Option<&'a Path>,
    pub told: usize,
}

impl Points<'_> {
    /// The whole lines that were added.
    pub fn passed(&mut self) -> Result<String> {
        let Some(log) = self.log else { return Ok(String::new()) };
        let text = std::fs::read_to_string(log).with_context(|| log.display().to_string())?;
        let end = text.rfind('\n').map_or(0, |at| at + 1);
        let passed = text[self.told..end].to_string();
        self.told = end;
        Ok(passed)
    }
}

struct Seller<'a> {
    runner: &'a mut Runner,
    /// Places and texts of the till's and the client's configuration.
    settings: Vec<(String, String)>,
    is_open: bool,
}

impl Seller<'_> {
    /// Whether the line was a setting.
    fn take(&mut self, line: &str, words: &[&str]) -> Result<bool> {
        let mut set = |place: &str, text: &str| self.settings.push((place.to_string(), text.to_string()));
        match words {
            ["journal", ..] => set("config.journal_path", &line["journal ".len()..]),
            ["mirror", ..] => set("config.epoch_mirror_path", &line["mirror ".len()..]),
            ["key", id, key] => {
                set("config.key", "");
                set("config.key.id", id);
                set("config.key.key", key);
            }
            ["gateway", url, user, password] => {
                set("gateway.base_url", url);
                set("gateway.credentials", "");
                set("gateway.credentials.user", user);
                set("gateway.credentials.password", password);
            }
            ["policy", name, number] => {
                number.parse::<u64>().with_context(|| line.to_string())?;
                set(&format!("config.policy.{name}"), number);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `ok`, or an error; nothing when the seller is no more.
    fn open(&mut self) -> Result<Option<String>> {
        let of = |prefix: &str| -> Vec<(String, String)> {
            let mine = self.settings.iter().filter_map(|(place, text)| {
                Some((format!("config.{}", place.strip_prefix(prefix)?), text.clone()))
            });
            mine.collect()
        };
        let (client, till) = (of("gateway."), of("config."));
        let mut client: Vec<_> = client.iter().map(|(place, text)| (place.as_str(), text.as_str())).collect();
        let mut till: Vec<_> = till.iter().map(|(place, text)| (place.as_str(), text.as_str())).collect();
        client.push(("config", ""));
        till.extend([("config", ""), ("config.create", "true"), ("config.policy", "")]);
        let account = [("account", ""), ("account.client", "client")];
        let calls: [(&str, &[(&str, &str)]); 4] = [
            ("make client CysendClient new", &client),
            ("make till Till open", &till),
            ("call till attach_cysend", &account),
            ("derive events till events", &[]),
        ];
        for (head, arguments) in calls {
            match self.runner.say(head, arguments)? {
                None => return Ok(None),
                Some(told) if told.get("error").is_some() => return Ok(Some(error(&told))),
                Some(told) if told.get("missing").is_some() => bail!("{head}: there is no such call"),
                Some(_) => {}
            }
        }
        Ok(Some("ok".to_string()))
    }

    /// Does a step, and says how it ended; nothing when the seller is no more.
    fn step(&mut self, words: &[&str]) -> Result<Option<String>> {
        let done = match words {
            ["buy", id, what @ ..] => self.call("buy", &purchases("order", &[id], what)?)?,
            ["batch", ids, what @ ..] => {
                let ids: Vec<&str> = ids.split(',').collect();
                self.call("buy_batch", &purchases("orders", &ids, what)?)?
            }
            ["enqueue", id, what @ ..] => self.enqueue(id, &purchases("order", &[id], what)?)?,
            ["settle", id] => self.settle(id)?,
            ["reveal", id] => match self.of("reveal", id)? {
                Some(told) if told.get("error").is_none() => return Ok(Some("revealed".to_string())),
                other => other,
            },
            ["cancel", id] => self.of("cancel", id)?,
            ["events"] => return self.events(),
            ["close"] => self.call("close", &[])?,
            _ => bail!("there is no such step"),
        };
        Ok(done.map(|told| match &told["returned"] {
            _ if told.get("error").is_some() => error(&told),
            Value::Null => "ok".to_string(),
            Value::Array(orders) => orders.iter().map(state).collect::<Vec<_>>().join(","),
            order => state(order),
        }))
    }

    fn call(&mut self, method: &str, arguments: &[(String, String)]) -> Result<Option<Value>> {
        let arguments: Vec<_> =
            arguments.iter().map(|(place, text)| (place.as_str(), text.as_str())).collect();
        self.runner.say(&format!("call till {method}"), &arguments)
    }

    fn of(&mut self, method: &str, id: &str) -> Result<Option<Value>> {
        self.runner.say(&format!("call till {method}"), &[("id", id)])
    }

    fn wait(&mut self, id: &str, timeout_ms: &str) -> Result<Option<Value>> {
        self.runner.say("call till wait", &[("id", id), ("timeout_ms", timeout_ms)])
    }

    /// Until it was sent in the background, and its outcome written down.
    fn enqueue(&mut self, id: &str, what: &[(String, String)]) -> Result<Option<Value>> {
        let mut told = self.call("enqueue", what)?;
        while let Some("pending" | "sending") =
            told.as_ref().and_then(|told| told["returned"]["state"].as_str())
        {
            told = self.wait(id, SENDING_POLL_MS)?;
        }
        Ok(told)
    }

    /// Looks up and waits until the order is final or in review, or for too long.
    fn settle(&mut self, id: &str) -> Result<Option<Value>> {
        let mut told = self.of("order", id)?;
        for _ in 0..ROUNDS_MAX {
            let Some(now) = &told else { break };
            if now.get("error").is_some() || is_settled(now) {
                break;
            }
            // An error means that nothing certain was learnt this time.
            told = self.of("look_up", id)?;
            if told.as_ref().is_some_and(|seen| !is_settled(seen)) {
                told = self.wait(id, ROUND_MS)?;
            }
        }
        Ok(told)
    }

    /// Takes and acknowledges every event.
    fn events(&mut self) -> Result<Option<String>> {
        for count in 0_usize.. {
            let Some(event) = self.runner.say("call events next", &[("timeout_ms", "0")])? else {
                return Ok(None);
            };
            if event.get("error").is_some() {
                return Ok(Some(error(&event)));
            }
            if event["returned"].is_null() {
                return Ok(Some(count.to_string()));
            }
            let id = event["returned"]["id"].to_string();
            match self.runner.say("call events acknowledge", &[("event_id", &id)])? {
                None => return Ok(None),
                Some(told) if told.get("error").is_some() => return Ok(Some(error(&told))),
                Some(_) => {}
            }
        }
        unreachable!("there is no end of numbers")
    }
}

/// The arguments of what is bought, under these ids.
fn purchases(argument: &str, ids: &[&str], what: &[&str]) -> Result<Vec<(String, String)>> {
    let [product, amount, currency, scenario, mobile] = what else { bail!("it does not say what is bought") };
    let mut all = Vec::new();
    let is_list = argument == "orders";
    if is_list {
        all.push((argument.to_string(), ids.len().to_string()));
    }
    for (number, id) in ids.iter().enumerate() {
        let at = if is_list { format!("{argument}.{number}") } else { argument.to_string() };
        let fields = [
            ("id", id),
            ("product", product),
            ("amount", &""),
            ("amount.amount", amount),
            ("amount.currency", currency),
            ("scenario", scenario),
        ];
        let beneficiary = [
            ("beneficiary", &"1"),
            ("beneficiary.0", &""),
            ("beneficiary.0.name", &"mobile"),
            ("beneficiary.0.value", mobile),
        ];
        all.push((at.clone(), String::new()));
        let beneficiary = beneficiary.into_iter().filter(|_| **mobile != *"-");
        all.extend(
            fields
                .into_iter()
                .chain(beneficiary)
                .map(|(name, text)| (format!("{at}.{name}"), text.to_string())),
        );
    }
    Ok(all)
}

fn is_settled(told: &Value) -> bool {
    told["returned"]["state"].as_str().is_some_and(|state| SETTLED.contains(&state))
}

fn state(order: &Value) -> String {
    let state = order["state"].as_str().unwrap_or("?");
    match order["failure"].as_str() {
        Some(reason) => format!("{state} {reason}"),
        None => state.to_string(),
    }
}

fn error(told: &Value) -> String {
    let text = |name: &str| told["error"][name].as_str().unwrap_or("?").to_string();
    format!("error {} {}", text("code"), text("outcome"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bought_is_told_place_by_place() {
        let what = ["1111", "10", "CHF", "live", "-"];
        let told = purchases("orders", &["a", "b"], &what).unwrap();
        let text = |place: &str| told.iter().find(|(at, _)| at == place).map(|(_, text)| text.as_str());
        assert_eq!(text("orders"), Some("2"));
        assert_eq!(text("orders.1.id"), Some("b"));
        assert_eq!(text("orders.0.amount.amount"), Some("10"));
        assert_eq!(text("orders.0.beneficiary"), None);
        assert!(purchases("order", &["a"], &["1111"]).is_err());
    }
}
