//! What the sandbox promises to those who test against it.

#[path = "sandbox/answers.rs"]
mod answers;
#[path = "sandbox/callbacks.rs"]
mod callbacks;
#[path = "sandbox/catalogue.rs"]
mod catalogue;
#[path = "sandbox/client.rs"]
mod client;
#[path = "sandbox/faults.rs"]
mod faults;
#[path = "sandbox/gift_cards.rs"]
mod gift_cards;
#[path = "sandbox/kills.rs"]
mod kills;
#[path = "sandbox/notifications.rs"]
mod notifications;
#[path = "sandbox/orders.rs"]
mod orders;
#[path = "sandbox/program.rs"]
mod program;
#[path = "sandbox/tls.rs"]
mod tls;
#[path = "sandbox/tokens.rs"]
mod tokens;
#[path = "sandbox/verifications.rs"]
mod verifications;
