//! The shared library behind Kotlin: the functions that UniFFI's macros made of core's interface, and nothing else.

tillgate::uniffi_reexport_scaffolding!();
