//! tillgate for C. The interface is `include/tillgate.h`; `generated` is written by tillgate-bindgen from core's.
#![allow(non_camel_case_types)]

mod arena;
mod arguments;
mod call;
mod public;
#[rustfmt::skip]
mod generated;

/// What the generated functions use.
mod runtime;
