//! A made-up core of any size, always the same for the same numbers.
//!
//! It has the conventions of the real one (error, money, secret and macros ARE the real ones) and two parts: `probe`, which
//! tests know by name, and types and methods at random, which show what size costs.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use camino::Utf8Path;
use heck::ToUpperCamelCase;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::ir::snake;

/// How large it is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// How many records and enumerations there are besides those of `probe`.
    pub types: usize,
    /// How many methods there are besides those of `Probe`.
    pub operations: usize,
}

const PROBE: &str = include_str!("../templates/synth/probe.rs");
const RUNTIME: &str = include_str!("../templates/synth/runtime.rs");
const SAMPLE: &str = include_str!("../templates/synth/sample.rs");
const LIBRARY: &str = include_str!("../templates/synth/lib.rs");
const MANIFEST: &str = include_str!("../templates/synth/core.toml");

/// Hand-written parts of the bindings that come along, by the folder in the workspace and the one in the made-up workspace.
const BINDINGS: &[(&str, &str)] = &[
    ("bindings-c", "bindings-c"),
    ("bindings-python", "bindings-python"),
    ("bindings-node", "bindings-node"),
];

/// What of them does not come along: what is built, installed or generated.
const LEFT_BEHIND: &[&str] = &[
    "target",
    "node_modules",
    "generated",
    "_generated",
    "include",
    "layout",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
];

/// Writes a workspace with the made-up core (crate `tillgate-synthetic`) and the hand-written parts of the bindings of
/// `workspace`, to which core has the name `tillgate` as ever.
pub fn write(size: &Size, workspace: &Utf8Path, out: &Utf8Path) -> Result<()> {
    let mut members = vec!["core".to_string()];
    for (from, to) in BINDINGS {
        let source = workspace.join(from);
        if source.join("src/runtime.rs").exists() || source.join("src/runtime/mod.rs").exists() {
            copy_folder(&source, &out.join(to))?;
            members.push((*to).to_string());
        }
    }
    put(out, "Cargo.toml", &workspace_manifest(workspace, &members)?)?;
    let lock = fs::read_to_string(workspace.join("Cargo.lock")).context("the workspace has no Cargo.lock")?;
    if !out.join("Cargo.lock").exists() {
        put(out, "Cargo.lock", &lock)?;
    }
    put(out, "core/Cargo.toml", MANIFEST)?;
    for name in ["error.rs", "money.rs", "secret.rs"] {
        let path = workspace.join("core/src").join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
        put(out, &format!("core/src/{name}"), &text)?;
    }
    put(out, "core/src/probe.rs", PROBE)?;
    put(out, "core/src/runtime.rs", RUNTIME)?;
    put(out, "core/src/sample.rs", SAMPLE)?;
    let modules = invent(size);
    let mut library = LIBRARY.to_string();
    for (name, tokens) in &modules {
        library.push_str(&format!("\nmod {name};\npub use {name}::*;\n"));
        let file =
            syn::parse2(tokens.clone()).with_context(|| format!("the made-up module {name} is not Rust"))?;
        put(out, &format!("core/src/{name}.rs"), &prettyplease::unparse(&file))?;
    }
    put(out, "core/src/lib.rs", &library)
}

fn put(out: &Utf8Path, name: &str, text: &str) -> Result<()> {
    let path = out.join(name);
    if fs::read_to_string(&path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{folder} cannot be made"))?;
    }
    fs::write(&path, text).with_context(|| format!("{path} cannot be written"))
}

fn copy_folder(from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    for entry in from.read_dir_utf8().with_context(|| format!("{from} cannot be read"))? {
        let entry = entry?;
        let name = entry.file_name();
        if LEFT_BEHIND.contains(&name)
            || name.starts_with(".venv")
            || name.ends_with(".so")
            || name.ends_with(".node")
        {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(entry.path(), &to.join(name))?;
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            put(to, name, &text)?;
        }
    }
    Ok(())
}

/// The manifest of the real workspace, with other members, and the made-up core under the name of the real one.
fn workspace_manifest(workspace: &Utf8Path, members: &[String]) -> Result<String> {
    let text = fs::read_to_string(workspace.join("Cargo.toml")).context("the workspace has no Cargo.toml")?;
    let mut manifest: toml::Table = text.parse().context("the workspace's Cargo.toml")?;
    let own = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut).context("no [workspace]")?;
    own.retain(|key, _| !["members", "default-members", "exclude"].contains(&key));
    own.insert("members".to_string(), members.to_vec().into());
    let dependencies = own.get_mut("dependencies").and_then(toml::Value::as_table_mut);
    for (name, dependency) in dependencies.context("no [workspace.dependencies]")?.iter_mut() {
        let Some(dependency) = dependency.as_table_mut() else { continue };
        let Some(path) =
            dependency.get("path").and_then(toml::Value::as_str).map(|path| workspace.join(path))
        else {
            continue;
        };
        if name == "tillgate" {
            dependency.insert("path".to_string(), "core".into());
            dependency.insert("package".to_string(), "tillgate-synthetic".into());
        } else {
            dependency.insert("path".to_string(), path.as_str().into());
        }
    }
    Ok(toml::to_string(&manifest)?)
}

/// A series of numbers that looks like chance and is always the same.
struct Chance(u64);

impl Chance {
    /// From 0 to `limit` - 1.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// A module and the prefix of its types.
const MODULES: &[(&str, &str)] =
    &[("cysend", "Cysend"), ("cyclos", "Cyclos"), ("lyra", "Lyra"), ("orders", "")];

/// Objects, each with its module and its share of the methods, in hundredths.
const OBJECTS: &[(&str, &str, usize)] = &[
    ("CysendClient", "cysend", 15),
    ("CyclosSoapClient", "cyclos", 35),
    ("CyclosRestClient", "cyclos", 20),
    ("LyraClient", "lyra", 15),
    ("Till", "orders", 12),
    ("Ledger", "orders", 3),
];

const FIRST: &[&str] = &[
    "member", "order", "payment", "account", "voucher", "product", "transfer", "session", "card", "contact",
    "message", "invoice", "access", "channel", "group", "ticket", "refund", "charge", "webhook", "region",
];
const SECOND: &[&str] = &[
    "request",
    "answer",
    "summary",
    "filter",
    "page",
    "entry",
    "status",
    "limit",
    "option",
    "history",
    "address",
    "rule",
    "detail",
    "reference",
    "preview",
    "field",
    "search",
    "result",
    "record",
    "notice",
];
const FIELDS: &[&str] = &[
    "amount",
    "balance",
    "reason",
    "owner",
    "created_at",
    "label",
    "position",
    "token",
    "country",
    "language",
    "quantity",
    "expiry",
    "channel",
    "receipt",
    "origin",
    "target",
    "comment",
    "rate",
    "priority",
    "category",
    "digest",
    "picture",
    "phone",
    "street",
    "city",
    "remark",
    "cursor",
    "window",
    "hint",
    "proof",
];

/// A type that was made up, and how deep other records lie in it.
#[derive(Clone)]
struct Made {
    name: Ident,
    depth: usize,
    is_record: bool,
}

fn invent(size: &Size) -> Vec<(&'static str, TokenStream)> {
    let mut chance = Chance(0x7111_6a7e_0000_0001);
    let mut bodies: Vec<TokenStream> = vec![TokenStream::new(); MODULES.len()];
    let mut made: Vec<Vec<Made>> = vec![Vec::new(); MODULES.len()];
    for number in 0..size.types {
        let module = number % MODULES.len();
        let name = type_name(MODULES[module].1, number / MODULES.len());
        let (item, tokens) = match number % 30 {
            0 | 11 => open_enum(name, &mut chance),
            5 | 18 => closed_enum(name, &mut chance),
            23 => data_enum(name, &mut chance),
            _ => record(name, &made[module], &mut chance),
        };
        made[module].push(item);
        bodies[module].extend(tokens);
    }
    for (name, module, share) in OBJECTS {
        let module = MODULES.iter().position(|m| m.0 == *module).expect("a module of the list");
        let count = (size.operations * share).div_ceil(100);
        bodies[module].extend(object(name, count, &made[module], &mut chance));
    }
    let mut all = Vec::new();
    for (module, body) in MODULES.iter().zip(bodies) {
        let docs = format!(" Made up: {} with nothing behind it.", module.0);
        all.push((
            module.0,
            quote! {
                #![doc = #docs]
                #![allow(unused_imports)]
                use std::collections::HashMap;
                use std::sync::Arc;
                use crate::runtime::detached;
                use crate::sample::{Sample, next};
                use crate::{Decimal, Result, Secret, TillgateError, Timestamp};
                #body
            },
        ));
    }
    all
}

fn type_name(prefix: &str, number: usize) -> Ident {
    let (first, second) = (FIRST[number / SECOND.len() % FIRST.len()], SECOND[number % SECOND.len()]);
    let words = if number < FIRST.len() * SECOND.len() {
        format!("{first}_{second}")
    } else {
        format!("{first}_{second}_{}", number / (FIRST.len() * SECOND.len()))
    };
    // Without a prefix, a name must not begin as a gateway's does.
    Ident::new(&format!("{prefix}{}", words.to_upper_camel_case()), Span::call_site())
}

fn open_enum(name: Ident, chance: &mut Chance) -> (Made, TokenStream) {
    let names = value_names(chance);
    let numbers = (1..=names.len()).map(Literal::usize_unsuffixed);
    let wires = names.iter().map(|name| snake(&name.to_string()).replace('_', "-"));
    let docs = names.iter().map(|name| format!(" The gateway says {name}."));
    let count = names.len();
    let tokens = quote! {
        tillgate_macros::open_enum! {
            /// What a gateway may extend.
            pub enum #name {
                #(#[doc = #docs] #names = #numbers => #wires,)*
            }
        }
        impl Sample for #name {
            fn sample(seed: u64, _: u32) -> Self {
                match Self::KNOWN.get((seed >> 9) as usize % (#count + 1)) {
                    Some(known) => known.clone(),
                    None => Self::Other { raw: "something new".to_string() },
                }
            }
        }
    };
    (Made { name, depth: 0, is_record: false }, tokens)
}

fn closed_enum(name: Ident, chance: &mut Chance) -> (Made, TokenStream) {
    let names = value_names(chance);
    let numbers = (1..=names.len()).map(Literal::usize_unsuffixed);
    let docs = names.iter().map(|name| format!(" The choice {name}."));
    let count = names.len();
    let tokens = quote! {
        /// A choice between values that are all known.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
        #[repr(u16)]
        pub enum #name {
            #(#[doc = #docs] #names = #numbers,)*
        }
        impl Sample for #name {
            fn sample(seed: u64, _: u32) -> Self {
                [#(Self::#names),*][(seed >> 9) as usize % #count]
            }
        }
    };
    (Made { name, depth: 0, is_record: false }, tokens)
}

fn data_enum(name: Ident, chance: &mut Chance) -> (Made, TokenStream) {
    let names = value_names(chance);
    let numbers: Vec<_> = (1..=names.len()).map(Literal::usize_unsuffixed).collect();
    let (plain, filled) = names.split_first().expect("several values");
    let filled_numbers = &numbers[1..];
    let tokens = quote! {
        /// One of several things, each with its own facts.
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
        #[repr(u16)]
        pub enum #name {
            /// Without facts.
            #plain = 1,
            #(
                /// With facts.
                #filled {
                    /// Which one.
                    id: i64,
                    /// How much, exactly.
                    amount: Option<Decimal>,
                    /// What they say of it.
                    remarks: Vec<String>,
                } = #filled_numbers,
            )*
        }
        impl Sample for #name {
            fn sample(seed: u64, depth: u32) -> Self {
                match (seed >> 9) % 3 {
                    0 => Self::#plain,
                    #(#filled_numbers => Self::#filled {
                        id: Sample::sample(next(seed), depth),
                        amount: Sample::sample(next(seed + 1), depth),
                        remarks: Sample::sample(next(seed + 2), depth),
                    },)*
                    _ => Self::#plain,
                }
            }
        }
    };
    (Made { name, depth: 0, is_record: false }, tokens)
}

fn value_names(chance: &mut Chance) -> Vec<Ident> {
    let count = 3 + chance.below(8);
    let start = chance.below(SECOND.len());
    (0..count)
        .map(|i| {
            format_ident!(
                "{}",
                format!("{}_{}", FIELDS[start + i], SECOND[(start + i) % 20]).to_upper_camel_case()
            )
        })
        .collect()
}

fn record(name: Ident, others: &[Made], chance: &mut Chance) -> (Made, TokenStream) {
    let count = 3 + chance.below(23);
    let start = chance.below(FIELDS.len());
    let lenient = chance.below(2) == 0;
    let (mut fields, mut names) = (Vec::new(), Vec::new());
    let mut depth = 0;
    let mut nested = 0;
    for number in 0..count {
        let field = format_ident!("{}", FIELDS[(start + number) % FIELDS.len()]);
        let mut other = || -> (TokenStream, usize) {
            let near: Vec<_> =
                others.iter().filter(|other| other.depth < 3 && (!other.is_record || nested < 2)).collect();
            if near.is_empty() {
                return (quote!(String), 0);
            }
            let found = *chance.pick(&near);
            nested += usize::from(found.is_record);
            let name = &found.name;
            (quote!(#name), if found.is_record { found.depth + 1 } else { 0 })
        };
        let kind = (start * 7 + number * 5) % 37;
        let (ty, inner_depth) = match kind {
            0 | 1 => (quote!(bool), 0),
            2 => (quote!(u16), 0),
            3 | 4 => (quote!(u32), 0),
            5 => (quote!(u64), 0),
            6 => (quote!(i32), 0),
            7..=9 => (quote!(i64), 0),
            10..=14 => (quote!(String), 0),
            15 | 16 => (quote!(Decimal), 0),
            17 | 18 => (quote!(Timestamp), 0),
            19 => (quote!(Vec<u8>), 0),
            20 => (quote!(HashMap<String, String>), 0),
            21 => (quote!(Arc<Secret>), 0),
            22 => (quote!(Vec<String>), 0),
            23 => (quote!(Option<Arc<Secret>>), 0),
            24 => (quote!(Option<Decimal>), 0),
            25 => (quote!(Option<Timestamp>), 0),
            26 | 27 => (quote!(Option<String>), 0),
            28 => (quote!(Option<i64>), 0),
            29 => (quote!(Vec<Decimal>), 0),
            30 | 31 => other(),
            32 | 33 => {
                let (inner, depth) = other();
                (quote!(Option<#inner>), depth)
            }
            34 | 35 => {
                let (inner, depth) = other();
                (quote!(Vec<#inner>), depth)
            }
            _ => (quote!(Option<bool>), 0),
        };
        depth = depth.max(inner_depth);
        let default = (lenient && (23..=28).contains(&kind)).then(|| quote!(#[uniffi(default = None)]));
        let docs = format!(
            " The {} of it. Units and limits: none, it is made up.",
            FIELDS[(start + number) % FIELDS.len()]
        );
        fields.push(quote!(#[doc = #docs] #default pub #field: #ty));
        names.push(field);
    }
    let docs = format!(" Made up: {count} fields that mean nothing.");
    let seeds = (0..count as u64).map(Literal::u64_unsuffixed);
    let tokens = quote! {
        #[doc = #docs]
        #[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
        pub struct #name { #(#fields),* }
        impl Sample for #name {
            fn sample(seed: u64, depth: u32) -> Self {
                Self { #(#names: Sample::sample(next(seed.wrapping_add(#seeds)), depth + 1)),* }
            }
        }
    };
    (Made { name, depth, is_record: true }, tokens)
}

fn object(name: &str, count: usize, types: &[Made], chance: &mut Chance) -> TokenStream {
    let name = format_ident!("{name}");
    let mut taken = BTreeSet::new();
    let mut methods = Vec::new();
    let records: Vec<_> = types.iter().filter(|t| t.is_record).collect();
    for number in 0..count {
        let method = loop {
            let words = format!("{}_{}", chance.pick(FIRST), chance.pick(SECOND));
            if taken.insert(words.clone()) {
                break format_ident!("{words}");
            }
        };
        let mut any = || match records.is_empty() {
            true => quote!(String),
            false => {
                let name = &chance.pick(&records).name;
                quote!(#name)
            }
        };
        let (one, two) = (any(), any());
        let seed = Literal::u64_unsuffixed(number as u64);
        let docs = format!(" Does `{method}`: nothing, but with all the types of the real thing.");
        let body = match number % 10 {
            0 | 1 => quote! {
                pub async fn #method(&self, request: #one) -> Result<#two> {
                    detached(async move { drop(request); Ok(Sample::sample(#seed, 0)) }).await
                }
            },
            2 => quote! {
                pub async fn #method(&self, request: #one) -> Result<#one> {
                    detached(async move { Ok(request) }).await
                }
            },
            3 => quote! {
                pub async fn #method(&self, id: String) -> Result<Option<#one>> {
                    detached(async move { Ok((!id.is_empty()).then(|| Sample::sample(#seed, 0))) }).await
                }
            },
            4 => quote! {
                pub async fn #method(&self, ids: Vec<String>) -> Result<Vec<#one>> {
                    detached(async move { Ok((0..ids.len() as u64).map(|id| Sample::sample(id, 0)).collect()) }).await
                }
            },
            5 => quote! {
                pub async fn #method(&self, amount: Decimal, at: Option<Timestamp>) -> Result<Decimal> {
                    detached(async move { let _ = at; Ok(amount) }).await
                }
            },
            6 => quote! {
                pub async fn #method(self: Arc<Self>, request: #one, secret: Arc<Secret>) -> Result<()> {
                    detached(async move { drop((self, request, secret)); Ok(()) }).await
                }
            },
            7 => quote! {
                pub fn #method(&self, request: #one) -> Result<#two> {
                    drop(request);
                    Ok(Sample::sample(#seed, 0))
                }
            },
            8 => quote! {
                pub async fn #method(&self, id: i64) -> Result<#two> {
                    detached(async move {
                        match id {
                            0 => Err(TillgateError::invalid_argument("id", "It is 0.")),
                            id => Ok(Sample::sample(id as u64, 0)),
                        }
                    }).await
                }
            },
            _ => quote! {
                pub fn #method(&self, values: HashMap<String, String>) -> u32 {
                    values.len() as u32
                }
            },
        };
        methods.push(quote!(#[doc = #docs] #body));
    }
    let docs = format!(" The made-up {name}.");
    quote! {
        #[doc = #docs]
        #[derive(uniffi::Object)]
        pub struct #name {
            label: String,
        }
        #[uniffi::export]
        impl #name {
            /// One that goes by this label.
            #[uniffi::constructor]
            pub fn new(label: String) -> Arc<Self> {
                Arc::new(Self { label })
            }
            /// What it goes by.
            pub fn label(&self) -> String {
                self.label.clone()
            }
            #(#methods)*
        }
    }
}
