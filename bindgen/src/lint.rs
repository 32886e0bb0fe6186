//! The rules of an interface that can be expressed well in every language.

use crate::ir::Interface;

/// The broken rules, each with where and why.
pub fn check(_interface: &Interface) -> Vec<String> {
    Vec::new()
}
