//! All of core's integration tests, as one binary: it links once.

#[path = "all/codes.rs"]
mod codes;
#[path = "all/cysend.rs"]
mod cysend;
#[path = "all/description.rs"]
mod description;
#[path = "all/double.rs"]
mod double;
#[path = "all/kinds.rs"]
mod kinds;
#[path = "all/notifications.rs"]
mod notifications;
#[path = "all/rules/mod.rs"]
mod rules;
#[path = "all/sales.rs"]
mod sales;
#[path = "all/secrecy/mod.rs"]
mod secrecy;
#[path = "all/servers.rs"]
mod servers;
#[path = "all/shop.rs"]
mod shop;
#[path = "all/transport.rs"]
mod transport;
#[path = "all/unknown.rs"]
mod unknown;
