//! Everything that is the same for every operation and every type; the generated code is tables and field lists over it.

mod asyncio;
mod class;
mod error;
mod operation;
mod porter;
mod read;
mod wait;
mod write;

// What Python sees.
pub use operation::{Handle, call, call_async, construct, construct_async};
pub use porter::stop;

// What the generated code is written with.
pub use class::{Choice, Class};
pub use operation::{Arguments, Call, Exported, Function, Object, handle};
pub use read::{FromPython, Refusal};
pub use write::ToPython;
