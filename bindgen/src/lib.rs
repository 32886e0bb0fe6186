//! Reads the interface of the compiled core and writes what is generated of the bindings, and of the programs that call them in the
//! conformance runs.

pub mod c;
pub mod callers;
pub mod ir;
pub mod items;
pub mod kotlin;
pub mod lint;
mod metadata;
pub mod node;
pub mod python;
pub mod synth;
mod words;
pub mod write;
