//! What the sandbox promises to those who test against it.

#[path = "sandbox/callbacks.rs"]
mod callbacks;
#[path = "sandbox/catalogue.rs"]
mod catalogue;
#[path = "sandbox/client.rs"]
mod client;
#[path = "sandbox/faults.rs"]
mod faults;
#[path = "sandbox/kills.rs"]
mod kills;
#[path = "sandbox/orders.rs"]
mod orders;
#[path = "sandbox/program.rs"]
mod program;
#[path = "sandbox/tls.rs"]
mod tls;
