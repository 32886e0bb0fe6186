//! An offline stand-in for the gateway CY.SEND (OpenAPI 5.2.3), for tests and for people who write a till.
//!
//! It answers as the document says, keeps a ledger of what was **really** bought whatever the answers said, and has
//! faults to order: resets, lost answers, lying answers, killed processes. It shares no code with `tillgate`, because
//! it judges it.
//!
//! ```
//! use tillgate_sandbox::{Fault, FaultKind, Sandbox, SandboxConfig};
//!
//! let sandbox = Sandbox::start_blocking(SandboxConfig { speed: 0.0, ..SandboxConfig::default() })?;
//! sandbox.order_fault(Fault::new(FaultKind::AcceptThenReset { after_bytes: 0 }).on("createOrder"))?;
//! // ... let the code under test buy from sandbox.url() ...
//! sandbox.advance(5_000);
//! assert!(sandbox.ledger().is_empty(), "nobody bought anything in this example");
//! # Ok::<(), tillgate_sandbox::SandboxError>(())
//! ```

mod accounts;
mod callbacks;
mod catalogue;
mod clock;
mod control;
mod errors;
mod faults;
mod fields;
mod gateway;
mod generate;
mod gift_cards;
mod http;
mod kill;
mod ledger;
mod mangle;
mod money;
mod notifications;
mod operations;
mod orders;
mod random;
mod requests;
mod sandbox;
mod server;
mod shared;
mod state;
mod tls;
mod tokens;
mod verifications;

pub use accounts::{Account, Permission};
pub use callbacks::{CallbackRecord, Forgery};
pub use faults::{Change, Fault, FaultKind, KillPoint, KillTarget};
pub use gift_cards::GiftCard;
pub use ledger::{BeneficiaryValue, LedgerRow, OrderState, StatusChange};
pub use money::Amount;
pub use notifications::{DestinationValue, Subscription};
pub use requests::{KeptAnswer, RequestRecord};
pub use sandbox::{Sandbox, SandboxConfig, SandboxError};
pub use tls::TlsMode;
pub use verifications::{VerificationMethod, VerificationRecord};
