//! Everything that is the same for every operation and every type; the generated code is tables and field lists over it.

mod asyncio;
mod class;
mod error;
mod operation;
mod porter;
mod question;
mod read;
mod repeats;
mod wait;
mod write;

// What Python sees.
pub use operation::{Handle, call, call_async, construct, construct_async};
pub use porter::stop;
pub use question::question_of;

// What the generated code is written with.
pub use class::{Choice, Class};
pub use operation::{Arguments, Call, Exported, Object, Operation, handle};
pub use question::question;
pub use read::{FromPython, Refusal};
pub use write::ToPython;
