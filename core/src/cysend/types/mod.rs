//! CY.SEND's records. The names are the gateway's; where one would be a keyword or mean nothing alone, it is longer.

mod account;
mod catalogue;
mod order;

pub use account::*;
pub use catalogue::*;
pub use order::*;
