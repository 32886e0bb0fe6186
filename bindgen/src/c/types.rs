//! What a type of the interface looks like in memory that C shares with us.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::c_name;
use crate::ir::{EnumKind, Interface, Type};

/// A type of C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CType {
    /// A type that has the same layout everywhere, by its names in Rust and in C, and its size.
    Plain { rust: &'static str, c: &'static str, size: usize },
    /// The number of a value of a closed enumeration, by the name of the alias.
    Closed(String),
    /// A value of an open enumeration, by the name of the alias.
    Open(String),
    /// Any other struct that has no size in it and is passed by value.
    Pair,
    /// `const tg_x *`, of a struct or a handle.
    Pointer(String),
    /// `const T *`, of several, with their number elsewhere.
    Array(Box<CType>),
    /// `const char *`
    Text,
}

/// A member of a struct, or a parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub ty: CType,
    /// What C's docs say besides core's.
    pub note: Option<String>,
}

pub const SIZE: CType = CType::Plain { rust: "usize", c: "size_t", size: 8 };
pub const TAG: CType = CType::Plain { rust: "i32", c: "int32_t", size: 4 };
pub const FLAG: CType = CType::Plain { rust: "Flag", c: "bool", size: 1 };
const BYTE: CType = CType::Plain { rust: "u8", c: "uint8_t", size: 1 };
const MICROSECONDS: CType = CType::Plain { rust: "i64", c: "int64_t", size: 8 };

impl CType {
    /// In Rust.
    pub fn rust(&self) -> TokenStream {
        match self {
            Self::Plain { rust, .. } => {
                let name = format_ident!("{rust}");
                quote!(#name)
            }
            Self::Closed(name) | Self::Open(name) => {
                let name = format_ident!("{name}");
                quote!(#name)
            }
            Self::Pair => quote!(tg_pair),
            Self::Pointer(name) => {
                let name = format_ident!("{name}");
                quote!(*const #name)
            }
            Self::Array(item) => {
                let item = item.rust();
                quote!(*const #item)
            }
            Self::Text => quote!(*const c_char),
        }
    }

    /// In C, before a name.
    pub fn c(&self) -> String {
        match self {
            Self::Plain { c, .. } => (*c).to_string(),
            Self::Closed(name) | Self::Open(name) => name.clone(),
            Self::Pair => "tg_pair".to_string(),
            Self::Pointer(name) => format!("const {name} *"),
            Self::Array(item) => match &**item {
                Self::Pointer(_) | Self::Text => format!("{}const *", item.c()),
                item => format!("const {} *", item.c()),
            },
            Self::Text => "const char *".to_string(),
        }
    }

    /// The size and the alignment where pointers have 64 bits.
    pub fn size_and_align(&self) -> (usize, usize) {
        match self {
            Self::Plain { size, .. } => (*size, *size),
            Self::Closed(_) => (4, 4),
            Self::Open(_) | Self::Pair => (16, 8),
            Self::Pointer(_) | Self::Array(_) | Self::Text => (8, 8),
        }
    }
}

impl Member {
    pub fn new(name: &str, ty: CType) -> Self {
        Self { name: member_name(name), ty, note: None }
    }

    fn noted(name: &str, ty: CType, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..Self::new(name, ty) }
    }

    /// The name in Rust.
    pub fn ident(&self) -> Ident {
        rust_ident(&self.name)
    }
}

/// The members that a field becomes, or the parameters that an argument becomes.
pub fn members(interface: &Interface, name: &str, ty: &Type) -> Vec<Member> {
    let length = |name: &str| Member::noted(&format!("{name}_len"), SIZE, format!("The number of `{name}`."));
    match ty.unboxed() {
        Type::Optional(inner) => {
            let mut all = members(interface, name, inner);
            match inner.unboxed() {
                inner if has_flag(inner) => {
                    all.insert(
                        0,
                        Member::noted(&format!("has_{name}"), FLAG, format!("Whether there is `{name}`.")),
                    );
                }
                Type::Enum(item) if interface.enumeration(item).kind == EnumKind::Closed => {
                    all[0].note = Some("0 if absent.".to_string());
                }
                Type::Enum(item) if interface.enumeration(item).kind == EnumKind::Open => {
                    all[0].note = Some("All zero if absent.".to_string());
                }
                _ => {
                    let note = all[0].note.take().map(|note| format!("{note} ")).unwrap_or_default();
                    all[0].note = Some(format!("{note}NULL if absent."));
                }
            }
            all
        }
        Type::List(inner) => {
            vec![Member::new(name, CType::Array(Box::new(single(interface, inner)))), length(name)]
        }
        Type::Map => vec![Member::new(name, CType::Array(Box::new(CType::Pair))), length(name)],
        Type::Bytes => vec![Member::new(name, CType::Array(Box::new(BYTE))), length(name)],
        Type::Decimal => vec![Member::noted(name, CType::Text, "An exact number as text.")],
        Type::Timestamp => {
            vec![Member::noted(name, MICROSECONDS, "Microseconds since 1970-01-01T00:00:00Z.")]
        }
        other => vec![Member::new(name, single(interface, other))],
    }
}

/// The type of one item of a list, or of a member that is alone.
pub fn single(interface: &Interface, ty: &Type) -> CType {
    let plain = |rust, c, size| CType::Plain { rust, c, size };
    match ty.unboxed() {
        Type::Bool => FLAG,
        Type::U8 => BYTE,
        Type::U16 => plain("u16", "uint16_t", 2),
        Type::U32 => plain("u32", "uint32_t", 4),
        Type::U64 => plain("u64", "uint64_t", 8),
        Type::I8 => plain("i8", "int8_t", 1),
        Type::I16 => plain("i16", "int16_t", 2),
        Type::I32 => plain("i32", "int32_t", 4),
        Type::I64 => plain("i64", "int64_t", 8),
        Type::Timestamp => MICROSECONDS,
        Type::String | Type::Decimal => CType::Text,
        Type::Record(name) | Type::Object(name) => CType::Pointer(c_name(name)),
        Type::Enum(name) => match interface.enumeration(name).kind {
            EnumKind::Closed => CType::Closed(c_name(name)),
            EnumKind::Open => CType::Open(c_name(name)),
            EnumKind::Data => CType::Pointer(c_name(name)),
        },
        other => panic!("{other:?} is more than one value; `lint` refuses it here"),
    }
}

/// `tg_inner_list`, `tg_string_list`, `tg_int64_list`
pub fn list_name(interface: &Interface, item: &Type) -> String {
    match item.unboxed() {
        Type::Record(name) | Type::Enum(name) => format!("{}_list", c_name(name)),
        other => match single(interface, other) {
            CType::Text => "tg_string_list".to_string(),
            plain => format!("tg_{}_list", plain.c().trim_end_matches("_t")),
        },
    }
}

/// Whether absence needs a flag of its own, because no value of the type can stand for it.
pub fn has_flag(ty: &Type) -> bool {
    matches!(
        ty.unboxed(),
        Type::Bool
            | Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Timestamp
    )
}

/// A name that is also a word of Rust becomes `r#name`.
pub fn rust_ident(name: &str) -> Ident {
    syn::parse_str::<Ident>(name).unwrap_or_else(|_| Ident::new_raw(name, Span::call_site()))
}

/// A name that is also a word of C or C++, or a macro of common systems, gets an underscore at its end.
fn member_name(name: &str) -> String {
    const TAKEN: &[&str] = &[
        "alignas",
        "alignof",
        "and",
        "asm",
        "auto",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "compl",
        "concept",
        "const",
        "constexpr",
        "continue",
        "decltype",
        "default",
        "delete",
        "do",
        "double",
        "else",
        "enum",
        "errno",
        "explicit",
        "export",
        "extern",
        "false",
        "float",
        "for",
        "friend",
        "goto",
        "if",
        "inline",
        "int",
        "linux",
        "long",
        "major",
        "minor",
        "mutable",
        "namespace",
        "new",
        "noexcept",
        "not",
        "nullptr",
        "operator",
        "or",
        "private",
        "protected",
        "public",
        "register",
        "requires",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "stderr",
        "stdin",
        "stdout",
        "struct",
        "switch",
        "template",
        "this",
        "throw",
        "true",
        "try",
        "typedef",
        "typeid",
        "typename",
        "typeof",
        "union",
        "unix",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "while",
        "xor",
    ];
    if TAKEN.contains(&name) { format!("{name}_") } else { name.to_string() }
}
