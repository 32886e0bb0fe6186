//! Reads the interface of the compiled core and writes what is generated of the bindings.

pub mod c;
pub mod callers;
pub mod ir;
pub mod lint;
mod metadata;
pub mod node;
pub mod python;
pub mod synth;
pub mod write;
