//! UniFFI's metadata, read from the compiled core and put into our own words.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use camino::Utf8Path;
use uniffi_bindgen::macro_metadata::extract_from_library;
use uniffi_meta::{
    DefaultValueMetadata, EnumMetadata, FieldMetadata, FnParamMetadata, LiteralMetadata, Metadata,
    Type as Meta,
};

use crate::ir::{
    Argument, Default, Enum, EnumKind, ErrorEnum, Field, Function, Interface, Object, Record, Type, Variant,
    snake,
};

impl Interface {
    /// Reads the interface from a library that was compiled with UniFFI's macros on: an `.rlib`, a static or a shared library,
    /// not stripped. `crate_name` is the name that core's crate had there.
    pub fn read(library: &Utf8Path, crate_name: &str, version: &str) -> Result<Self> {
        let mut items = extract_from_library(library).with_context(|| format!("{library} cannot be read"))?;
        // The order of symbols differs from build to build.
        items.sort();
        Self::from_metadata(items, crate_name, version).with_context(|| format!("in {library}"))
    }

    fn from_metadata(items: Vec<Metadata>, crate_name: &str, version: &str) -> Result<Self> {
        let own = |path: &str| path == crate_name || path.starts_with(&format!("{crate_name}::"));
        let module = |path: &str| match path.split("::").nth(1) {
            None => "root".to_string(),
            Some(segment) => segment.to_string(),
        };
        let mut interface = Interface { version: version.to_string(), ..Interface::default() };
        let mut objects = BTreeMap::<String, Object>::new();
        let mut errors = Vec::new();
        for item in items {
            if !own(item.module_path()) {
                continue;
            }
            match item {
                Metadata::Record(x) => interface.records.push(Record {
                    module: module(&x.module_path),
                    name: x.name,
                    docs: docs(x.docstring),
                    fields: fields(x.fields),
                }),
                Metadata::Enum(x) if x.shape.is_error() => {
                    let item = enumeration(module(&x.module_path), x);
                    let Enum { name, module, docs, variants, .. } = item;
                    errors.push(ErrorEnum { name, module, docs, variants });
                }
                Metadata::Enum(x) => interface.enums.push(enumeration(module(&x.module_path), x)),
                Metadata::Object(x) if x.imp.is_trait_interface() => {
                    interface.unsupported.push(format!(
                        "trait {}: an interface that callers implement is not supported; offer a stream of events",
                        x.name
                    ));
                }
                Metadata::Object(x) => {
                    let object = objects.entry(x.name.clone()).or_default();
                    (object.name, object.module, object.docs) =
                        (x.name, module(&x.module_path), docs(x.docstring));
                }
                Metadata::Constructor(x) => {
                    let object = objects.entry(x.self_name.clone()).or_default();
                    object.constructors.push(Function {
                        module: module(&x.module_path),
                        name: x.name,
                        docs: docs(x.docstring),
                        is_async: x.is_async,
                        throws: x.throws.is_some(),
                        arguments: arguments(x.inputs),
                        returns: Some(Type::Object(x.self_name)),
                    });
                }
                Metadata::Method(x) => {
                    let object = objects.entry(x.self_name.clone()).or_default();
                    object.methods.push(Function {
                        module: module(&x.module_path),
                        name: x.name,
                        docs: docs(x.docstring),
                        is_async: x.is_async,
                        throws: x.throws.is_some(),
                        arguments: arguments(x.inputs),
                        returns: x.return_type.map(read_type),
                    });
                }
                Metadata::Func(x) => interface.functions.push(Function {
                    module: module(&x.module_path),
                    name: x.name,
                    docs: docs(x.docstring),
                    is_async: x.is_async,
                    throws: x.throws.is_some(),
                    arguments: arguments(x.inputs),
                    returns: x.return_type.map(read_type),
                }),
                Metadata::Namespace(_) | Metadata::CustomType(_) | Metadata::UdlFile(_) => {}
                Metadata::CallbackInterface(x) => {
                    interface.unsupported.push(format!("callback interface {}", x.name))
                }
                Metadata::TraitMethod(_) => {}
                Metadata::UniffiTrait(x) => {
                    interface.unsupported.push(format!("exported standard trait {}", x.self_name()));
                }
                Metadata::ObjectTraitImpl(x) => {
                    interface.unsupported.push(format!("exported trait of {:?}", x.ty))
                }
            }
        }
        ensure!(
            !objects.is_empty() || !interface.records.is_empty() || !interface.functions.is_empty(),
            "no metadata of the crate `{crate_name}`: was it built with the feature `uniffi`, and not stripped?"
        );
        interface.objects = objects.into_values().collect();
        for object in &mut interface.objects {
            object.constructors.sort_by_key(|x| (x.name != "new", x.name.clone()));
            object.methods.sort_by(|a, b| a.name.cmp(&b.name));
        }
        interface.records.sort_by(|a, b| a.name.cmp(&b.name));
        interface.enums.sort_by(|a, b| a.name.cmp(&b.name));
        interface.functions.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<_> = errors.iter().map(|error| error.name.clone()).collect();
        match errors.pop() {
            Some(error) if errors.is_empty() => interface.error = error,
            Some(_) => {
                bail!("the interface has several error types, and one is allowed: {}", names.join(", "))
            }
            None => bail!("the interface has no error type"),
        }
        Ok(interface)
    }
}

fn docs(text: Option<String>) -> String {
    text.unwrap_or_default().lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_string()
}

fn enumeration(module: String, x: EnumMetadata) -> Enum {
    let mut variants: Vec<Variant> = x
        .variants
        .into_iter()
        .map(|v| Variant {
            number: v.discr.as_ref().and_then(|number| match number {
                LiteralMetadata::UInt(n, ..) => i64::try_from(*n).ok(),
                LiteralMetadata::Int(n, ..) => Some(*n),
                _ => None,
            }),
            wire: snake(&v.name),
            name: v.name,
            docs: docs(v.docstring),
            fields: fields(v.fields),
        })
        .collect();
    let is_rest = |v: &Variant| {
        v.name == "Other"
            && v.fields.len() == 1
            && v.fields[0].name == "raw"
            && v.fields[0].ty == Type::String
    };
    let kind = if variants.iter().all(|v| v.fields.is_empty()) {
        EnumKind::Closed
    } else if variants.iter().any(is_rest) && variants.iter().all(|v| v.fields.is_empty() || is_rest(v)) {
        EnumKind::Open
    } else {
        EnumKind::Data
    };
    if kind == EnumKind::Open {
        for variant in &mut variants {
            take_wire_text(variant);
        }
    }
    Enum { name: x.name, module, docs: docs(x.docstring), kind, variants }
}

/// `open_enum!` leaves the wire text in the last line of the docs.
fn take_wire_text(variant: &mut Variant) {
    let (rest, last) = match variant.docs.rsplit_once('\n') {
        Some((rest, last)) => (rest.trim_end().to_string(), last.trim().to_string()),
        None => (String::new(), variant.docs.trim().to_string()),
    };
    match last.strip_prefix("Wire text: `").and_then(|text| text.strip_suffix('`')) {
        Some(wire) => (variant.wire, variant.docs) = (wire.to_string(), rest),
        None => variant.wire = String::new(),
    }
}

fn fields(all: Vec<FieldMetadata>) -> Vec<Field> {
    all.into_iter()
        .map(|x| {
            let ty = read_type(x.ty);
            Field {
                name: x.name,
                default: x.default.map(|d| read_default(d, &ty)),
                ty,
                docs: docs(x.docstring),
            }
        })
        .collect()
}

fn arguments(all: Vec<FnParamMetadata>) -> Vec<Argument> {
    all.into_iter()
        .map(|x| {
            let ty = read_type(x.ty);
            Argument { name: x.name, by_ref: x.by_ref, default: x.default.map(|d| read_default(d, &ty)), ty }
        })
        .collect()
}

fn read_type(ty: Meta) -> Type {
    let inner = |ty: Box<Meta>| Box::new(read_type(*ty));
    match ty {
        Meta::Boolean => Type::Bool,
        Meta::UInt8 => Type::U8,
        Meta::UInt16 => Type::U16,
        Meta::UInt32 => Type::U32,
        Meta::UInt64 => Type::U64,
        Meta::Int8 => Type::I8,
        Meta::Int16 => Type::I16,
        Meta::Int32 => Type::I32,
        Meta::Int64 => Type::I64,
        Meta::String => Type::String,
        Meta::Bytes => Type::Bytes,
        Meta::Custom { name, .. } if name == "Decimal" => Type::Decimal,
        Meta::Custom { name, .. } if name == "Timestamp" => Type::Timestamp,
        Meta::Record { name, .. } => Type::Record(name),
        Meta::Enum { name, .. } => Type::Enum(name),
        Meta::Object { name, imp, .. } if !imp.is_trait_interface() => Type::Object(name),
        Meta::Optional { inner_type } => Type::Optional(inner(inner_type)),
        Meta::Sequence { inner_type } => Type::List(inner(inner_type)),
        Meta::Map { key_type, value_type } if *key_type == Meta::String && *value_type == Meta::String => {
            Type::Map
        }
        Meta::Box { inner_type } => Type::Boxed(inner(inner_type)),
        Meta::Float32 | Meta::Float64 => {
            Type::Unsupported("a float: money and quantities are exact".to_string())
        }
        Meta::Map { .. } => Type::Unsupported("a map of other things than text to text".to_string()),
        Meta::Timestamp => Type::Unsupported("`SystemTime`: write `Timestamp`".to_string()),
        Meta::Duration => {
            Type::Unsupported("a duration: write an integer with its unit in the name".to_string())
        }
        Meta::Set { .. } => Type::Unsupported("a set: write a list".to_string()),
        Meta::Object { name, .. } => Type::Unsupported(format!("the trait {name}")),
        Meta::CallbackInterface { name, .. } => Type::Unsupported(format!("the callback interface {name}")),
        Meta::Custom { name, .. } => Type::Unsupported(format!("the custom type {name}")),
    }
}

fn read_default(default: DefaultValueMetadata, ty: &Type) -> Default {
    let of_type = || match ty.unboxed() {
        Type::Optional(_) => Default::None,
        Type::List(_) => Default::EmptyList,
        Type::Map => Default::EmptyMap,
        Type::Bytes => Default::EmptyBytes,
        Type::Bool => Default::Bool(false),
        Type::String => Default::Text(String::new()),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            Default::Integer(0)
        }
        other => Default::Unsupported(format!("an unspecified default of {other:?}")),
    };
    match default {
        DefaultValueMetadata::Default => of_type(),
        DefaultValueMetadata::Literal(literal) => match literal {
            LiteralMetadata::Boolean(x) => Default::Bool(x),
            LiteralMetadata::String(x) => Default::Text(x),
            LiteralMetadata::UInt(x, ..) => Default::Integer(x.into()),
            LiteralMetadata::Int(x, ..) => Default::Integer(x.into()),
            LiteralMetadata::Enum(x, _) => Default::Variant(x),
            LiteralMetadata::EmptySequence | LiteralMetadata::EmptyMap => of_type(),
            LiteralMetadata::None => Default::None,
            LiteralMetadata::Some { inner } => match ty.unboxed() {
                Type::Optional(inner_type) => Default::Some(Box::new(read_default(*inner, inner_type))),
                other => Default::Unsupported(format!("`Some` for {other:?}")),
            },
            other => Default::Unsupported(format!("{other:?}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uniffi_meta::{EnumShape, RecordMetadata, VariantMetadata};

    fn field(name: &str, ty: Meta) -> FieldMetadata {
        FieldMetadata { name: name.to_string(), orig_name: None, ty, default: None, docstring: None }
    }

    fn variant(name: &str, number: u64, docs: &str, fields: Vec<FieldMetadata>) -> VariantMetadata {
        let discr = Some(LiteralMetadata::new_uint(number));
        VariantMetadata {
            name: name.to_string(),
            orig_name: None,
            discr,
            fields,
            docstring: Some(docs.to_string()),
        }
    }

    fn item(path: &str, name: &str, shape: EnumShape, variants: Vec<VariantMetadata>) -> Metadata {
        Metadata::Enum(EnumMetadata {
            module_path: path.to_string(),
            name: name.to_string(),
            orig_name: None,
            shape,
            remote: false,
            variants,
            discr_type: None,
            non_exhaustive: false,
            docstring: None,
        })
    }

    fn error(name: &str) -> Metadata {
        item("core::error", name, EnumShape::Error { flat: false }, vec![variant("Closed", 2, "", vec![])])
    }

    fn record(path: &str, fields: Vec<FieldMetadata>) -> Metadata {
        Metadata::Record(RecordMetadata {
            module_path: path.to_string(),
            name: "Thing".to_string(),
            orig_name: None,
            remote: false,
            fields,
            docstring: Some(" What it is.  \n\n More.\n".to_string()),
        })
    }

    #[test]
    fn floats_and_unnamed_fields_are_kept_for_the_rules_to_refuse() {
        let fields = vec![field("", Meta::Float64)];
        let read =
            Interface::from_metadata(vec![record("core::a::b", fields), error("Fault")], "core", "1.2.3");
        let interface = read.expect("an interface");
        let thing = interface.record("Thing");
        assert_eq!((thing.module.as_str(), thing.docs.as_str()), ("a", "What it is.\n\n More."));
        assert!(matches!(&thing.fields[0].ty, Type::Unsupported(why) if why.contains("a float")));
        assert_eq!(thing.fields[0].name, "");
    }

    #[test]
    fn an_open_enumeration_takes_its_wire_texts_from_the_docs() {
        let raw = vec![field("raw", Meta::String)];
        let variants = vec![
            variant("Other", 0, "The rest.", raw),
            variant("InUse", 4, "In use.\n\nWire text: `in-use`", vec![]),
        ];
        let items =
            vec![item("core", "State", EnumShape::Enum, variants), error("Fault"), record("core", vec![])];
        let interface = Interface::from_metadata(items, "core", "1.2.3").expect("an interface");
        let state = interface.enumeration("State");
        assert_eq!((state.kind, state.module.as_str()), (EnumKind::Open, "root"));
        let known: Vec<_> = state.known_variants().collect();
        assert_eq!(known.len(), 1);
        assert_eq!(
            (known[0].wire.as_str(), known[0].docs.as_str(), known[0].number),
            ("in-use", "In use.", Some(4))
        );
    }

    #[test]
    fn what_belongs_to_other_crates_is_passed_over() {
        let items = vec![record("core", vec![]), record("corelli::thing", vec![]), error("Fault")];
        assert_eq!(Interface::from_metadata(items, "core", "1.2.3").expect("an interface").records.len(), 1);
    }

    #[test]
    fn there_is_one_error_type() {
        let two = vec![record("core", vec![]), error("Fault"), error("Failure")];
        assert!(
            Interface::from_metadata(two, "core", "1.2.3")
                .unwrap_err()
                .to_string()
                .contains("several error types")
        );
        let none = Interface::from_metadata(vec![record("core", vec![])], "core", "1.2.3").unwrap_err();
        assert!(none.to_string().contains("no error type"));
        let nothing = Interface::from_metadata(vec![], "core", "1.2.3").unwrap_err();
        assert!(nothing.to_string().contains("feature `uniffi`"), "{nothing}");
    }
}
