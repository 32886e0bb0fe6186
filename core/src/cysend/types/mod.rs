//! CY.SEND's records. The names are the gateway's; where one would be a keyword or mean nothing alone, it is longer.

mod access;
mod account;
mod catalogue;
mod gift_card;
mod notification;
mod order;
mod verification;

pub use access::*;
pub use account::*;
pub use catalogue::*;
pub use gift_card::*;
pub use notification::*;
pub use order::*;
pub use verification::*;
