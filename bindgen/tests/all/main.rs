//! What is generated, compiled and used, from a made-up core.

mod c;
mod python;
mod synthetic;
