//! tillgate for C. The interface is `include/tillgate.h`; `generated` is written by tillgate-bindgen from core's.
#![allow(non_camel_case_types)]
// What the generated functions stand on serves every interface; the present one may not use all of it.
#![allow(dead_code, unused_imports)]

mod arena;
mod arguments;
mod call;
mod log;
mod public;
#[rustfmt::skip]
mod generated;

/// What the generated functions use.
mod runtime;
