//! All of core's integration tests, as one binary: it links once.

#[path = "all/cysend.rs"]
mod cysend;
#[path = "all/double.rs"]
mod double;
#[path = "all/receiver/mod.rs"]
mod receiver;
#[path = "all/rules/mod.rs"]
mod rules;
#[path = "all/sales.rs"]
mod sales;
#[path = "all/secrecy.rs"]
mod secrecy;
#[path = "all/shop.rs"]
mod shop;
#[path = "all/transport.rs"]
mod transport;
