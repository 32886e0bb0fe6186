//! Stand-ins for UniFFI's attributes and derives, and `open_enum!`.
//!
//! Inside an exported `impl`, UniFFI drops attributes that hide behind `cfg_attr`, so core writes `uniffi::...` plainly
//! and takes that name from here when it is built without the feature `uniffi`. Nothing is generated.

mod open_enum;

use proc_macro::TokenStream;

/// Writes an enumeration whose known values have numbers and wire texts, and whose unknown values are kept as they came.
///
/// ```text
/// open_enum! {
///     /// How a product is delivered.
///     pub enum CysendProductType {
///         /// Credited at once to the beneficiary's account.
///         Instant = 1 => "instant",
///     }
/// }
/// ```
///
/// Adds the variant `Other { raw }` with the number 0, `KNOWN`, `as_str`, `from_wire`, `Display`, and serde by wire text. The
/// numbers are part of the C interface: append only. The generator of the bindings finds each wire text in the last
/// line of the value's docs.
#[proc_macro]
pub fn open_enum(input: TokenStream) -> TokenStream {
    syn::parse_macro_input!(input as open_enum::OpenEnum).write().into()
}

macro_rules! attribute_that_keeps_the_item {
    ($($name:ident),*) => {$(
        /// Keeps the item as it is.
        #[proc_macro_attribute]
        pub fn $name(_arguments: TokenStream, item: TokenStream) -> TokenStream { item }
    )*};
}
attribute_that_keeps_the_item!(export, constructor, method);

macro_rules! derive_nothing {
    ($($derive:ident $function:ident),*) => {$(
        /// Derives nothing.
        #[proc_macro_derive($derive, attributes(uniffi))]
        pub fn $function(_item: TokenStream) -> TokenStream { TokenStream::new() }
    )*};
}
derive_nothing!(Record record, Enum enum_, Error error, Object object);
