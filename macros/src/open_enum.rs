//! Enumerations that a gateway may extend.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitInt, LitStr, Token, Visibility, braced};

/// `Instant = 1 => "instant"`, with its docs.
struct KnownValue {
    attributes: Vec<Attribute>,
    name: Ident,
    number: LitInt,
    wire: LitStr,
}

impl Parse for KnownValue {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let number = input.parse()?;
        input.parse::<Token![=>]>()?;
        let wire = input.parse()?;
        Ok(Self { attributes, name, number, wire })
    }
}

/// The whole enumeration.
pub struct OpenEnum {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    values: Punctuated<KnownValue, Token![,]>,
}

impl Parse for OpenEnum {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![enum]>()?;
        let name = input.parse()?;
        let body;
        braced!(body in input);
        Ok(Self { attributes, visibility, name, values: Punctuated::parse_terminated(&body)? })
    }
}

impl OpenEnum {
    pub fn write(self) -> TokenStream {
        let Self { attributes, visibility, name, values } = self;
        let docs = values.iter().map(|value| &value.attributes);
        // UniFFI reads docs from literals only, so the wire text is made a literal here.
        let wire_docs = values.iter().map(|value| format!(" Wire text: `{}`", value.wire.value()));
        let names: Vec<_> = values.iter().map(|value| &value.name).collect();
        let numbers = values.iter().map(|value| &value.number);
        let wires: Vec<_> = values.iter().map(|value| &value.wire).collect();
        quote! {
            #(#attributes)*
            #[derive(Clone, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
            #[repr(u16)]
            #visibility enum #name {
                /// A value that this version does not know, kept as it came.
                Other {
                    /// The text on the wire.
                    raw: String,
                } = 0,
                #(
                    #(#docs)*
                    #[doc = ""]
                    #[doc = #wire_docs]
                    #names = #numbers,
                )*
            }

            impl #name {
                /// The known values, in the order of their numbers.
                pub const KNOWN: &'static [Self] = &[#(Self::#names),*];

                /// The text on the wire.
                pub fn as_str(&self) -> &str {
                    match self {
                        Self::Other { raw } => raw,
                        #(Self::#names => #wires,)*
                    }
                }

                /// The value for a text on the wire; an unknown text is kept.
                pub fn from_wire(text: &str) -> Self {
                    match text {
                        #(#wires => Self::#names,)*
                        other => Self::Other { raw: other.to_string() },
                    }
                }
            }

            impl ::std::fmt::Display for #name {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.write_str(self.as_str())
                }
            }

            impl ::serde::Serialize for #name {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.as_str())
                }
            }

            impl<'de> ::serde::Deserialize<'de> for #name {
                fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                    let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                    Ok(Self::from_wire(&text))
                }
            }
        }
    }
}
