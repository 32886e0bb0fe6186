//! Notifications: what there is to be told of, over which channels, and who subscribed to it.

use serde::{Deserialize, Serialize};

use crate::errors::wrong_parameters;
use crate::http::Response;
use crate::ledger::{LedgerRow, OrderState};
use crate::state::State;

/// The trigger of an order's end. The document lists events and no triggers; an event's id is its trigger's here.
pub(crate) const PURCHASE_RESULT: &str = "2001-0001-0000-0001";
/// The trigger of each status of an order.
const PURCHASE_STATUS: &str = "2001-0001-0000-0002";
/// The channel that posts what a callback would.
pub(crate) const HTTP: &str = "3001-0000-0000-0001";
const EMAIL: &str = "3001-0000-0000-0002";
/// No order has more subscriptions.
const ON_AN_ORDER_MAX: usize = 20;

/// Somebody wants to be told of something (`Subscription` in the document).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// What of.
    pub trigger_uid: String,
    /// Over which channel.
    pub channel_uid: String,
    /// Where to: what the channel asks for.
    pub destination: Vec<DestinationValue>,
}

/// One value that a channel asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationValue {
    /// Name, such as `url`.
    pub name: String,
    /// What was given.
    pub value: String,
}

impl Subscription {
    /// The ends of orders, posted to this address.
    pub fn to_results_at(url: &str) -> Subscription {
        Subscription {
            trigger_uid: PURCHASE_RESULT.to_owned(),
            channel_uid: HTTP.to_owned(),
            destination: vec![DestinationValue { name: "url".to_owned(), value: url.to_owned() }],
        }
    }

    /// Where it posts an order with this status, if it does.
    pub(crate) fn address_for(&self, status: OrderState) -> Option<&str> {
        let wanted = match self.trigger_uid.as_str() {
            PURCHASE_STATUS => true,
            PURCHASE_RESULT => status != OrderState::Accepted,
            _ => false,
        };
        let url = self.destination.iter().find(|value| value.name == "url")?;
        (wanted && self.channel_uid == HTTP).then_some(url.value.as_str())
    }
}

#[derive(Clone, Copy, Serialize)]
struct ResourceType {
    uid: &'static str,
    name: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct Event {
    uid: &'static str,
    resource_type_uid: &'static str,
    name: &'static str,
}

#[derive(Clone, Copy, Serialize)]
struct Channel {
    uid: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    whitelabel: bool,
    destination: &'static [Destination],
}

#[derive(Clone, Copy, Serialize)]
struct Destination {
    name: &'static str,
    required: bool,
}

const PURCHASE: &str = "1001-0000-0000-0001";
const BALANCE: &str = "1001-0000-0000-0002";
const PROMOTION: &str = "1001-0000-0000-0003";
const MAINTENANCE: &str = "1001-0000-0000-0004";

const RESOURCE_TYPES: [ResourceType; 4] = [
    ResourceType { uid: PURCHASE, name: "Purchase" },
    ResourceType { uid: BALANCE, name: "Balance" },
    ResourceType { uid: PROMOTION, name: "Promotion" },
    ResourceType { uid: MAINTENANCE, name: "Maintenance" },
];

const EVENTS: [Event; 6] = [
    Event { uid: PURCHASE_RESULT, resource_type_uid: PURCHASE, name: "Purchase result" },
    Event { uid: PURCHASE_STATUS, resource_type_uid: PURCHASE, name: "Purchase status" },
    Event { uid: "2001-0002-0000-0001", resource_type_uid: BALANCE, name: "Balance debited" },
    Event { uid: "2001-0002-0000-0002", resource_type_uid: BALANCE, name: "Low balance" },
    Event { uid: "2001-0003-0000-0001", resource_type_uid: PROMOTION, name: "Promotion start" },
    Event { uid: "2001-0004-0000-0001", resource_type_uid: MAINTENANCE, name: "Maintenance start" },
];

const fn asks(name: &'static str, required: bool) -> Destination {
    Destination { name, required }
}

/// The parameters of HTTP and Email are the document's (section 4.13.10), those of SMS are invented.
const CHANNELS: [Channel; 4] = [
    Channel {
        uid: HTTP,
        kind: "HTTP",
        name: "CY.SEND HTTP",
        whitelabel: false,
        destination: &[asks("url", true)],
    },
    Channel {
        uid: EMAIL,
        kind: "Email",
        name: "CY.SEND email",
        whitelabel: false,
        destination: &[asks("to_emails", true), asks("cc_emails", false), asks("bcc_emails", false)],
    },
    Channel {
        uid: "3001-0000-0000-0003",
        kind: "SMS",
        name: "CY.SEND SMS",
        whitelabel: false,
        destination: &[asks("to_numbers", true)],
    },
    Channel {
        uid: "3001-0000-0000-0004",
        kind: "Email",
        name: "The shop's own email",
        whitelabel: true,
        destination: &[asks("to_emails", true), asks("cc_emails", false)],
    },
];

/// Answers getNotificationResourceTypes.
pub(crate) fn resource_types() -> Response {
    Response::json(200, &RESOURCE_TYPES)
}

/// Answers getNotificationEvents.
pub(crate) fn events() -> Response {
    Response::json(200, &EVENTS)
}

/// Answers getNotificationChannels.
pub(crate) fn channels() -> Response {
    Response::json(200, &CHANNELS)
}

/// Answers getSubscriptions.
pub(crate) fn subscriptions(state: &State, account: usize) -> Response {
    let account = &state.accounts[account];
    // "it's the default subscription for all new CY.SEND CUSTOMERS" (section 4.13.9 of the document).
    let by_email = Subscription {
        trigger_uid: PURCHASE_RESULT.to_owned(),
        channel_uid: EMAIL.to_owned(),
        destination: vec![DestinationValue {
            name: "to_emails".to_owned(),
            value: format!("{}@sandbox.invalid", account.user),
        }],
    };
    let all: Vec<&Subscription> = std::iter::once(&by_email).chain(&account.subscriptions).collect();
    Response::json(200, &all)
}

/// Refuses subscriptions on an order that could never be told.
pub(crate) fn check(subscriptions: &[Subscription]) -> Result<(), Response> {
    if subscriptions.len() > ON_AN_ORDER_MAX {
        return Err(wrong_parameters(format!("An order has at most {ON_AN_ORDER_MAX} notifications.")));
    }
    for subscription in subscriptions {
        let known = EVENTS
            .iter()
            .any(|event| event.uid == subscription.trigger_uid && event.resource_type_uid == PURCHASE);
        if !known {
            return Err(wrong_parameters("The parameter trigger_uid must be an event of purchases."));
        }
        let channel = CHANNELS.iter().find(|channel| channel.uid == subscription.channel_uid);
        let Some(channel) = channel else {
            return Err(wrong_parameters("The parameter channel_uid must be a channel."));
        };
        let given = |name: &str| subscription.destination.iter().any(|value| value.name == name);
        let missing = channel.destination.iter().find(|asked| asked.required && !given(asked.name));
        if let Some(missing) = missing {
            return Err(wrong_parameters(format!("The destination lacks {}.", missing.name)));
        }
        let asked = |name: &str| channel.destination.iter().any(|asked| asked.name == name);
        if let Some(foreign) = subscription.destination.iter().find(|value| !asked(&value.name)) {
            return Err(wrong_parameters(format!("The channel asks for no {}.", foreign.name)));
        }
        if channel.uid == HTTP && subscription.destination.iter().any(|value| !is_address(&value.value)) {
            return Err(wrong_parameters("The destination url must be an address."));
        }
    }
    Ok(())
}

/// Whether something can be posted there at all.
pub(crate) fn is_address(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Where the present status of an order is posted to: its own address, then the subscriptions.
pub(crate) fn addresses(state: &State, row: &LedgerRow) -> Vec<String> {
    let account = state.accounts.iter().find(|account| account.user == row.account);
    let of_account = account.map_or(&[][..], |account| &account.subscriptions);
    let subscribed = row.notifications.iter().chain(of_account);
    let subscribed = subscribed.filter_map(|one| one.address_for(row.status).map(str::to_owned));
    row.callback_url.iter().cloned().chain(subscribed).collect()
}
