//! Everything that is the same for every operation and every type; the generated code is tables and field lists over it.

mod asyncio;
mod operation;
mod class;
mod error;
mod porter;
mod read;
mod wait;
mod write;

// What Python sees.
pub use operation::{Handle, call, call_async, construct, construct_async};
pub use porter::stop;

// What the generated code is written with.
pub use operation::{Arguments, Call, Exported, Function, Object, Operation, handle};
pub use class::{Choice, Class, Fields};
pub use error::Kind;
pub use read::{FromPython, Refusal};
pub use write::ToPython;
