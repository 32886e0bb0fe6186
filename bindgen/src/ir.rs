//! The interface of core, as every writer of a binding sees it.
//!
//! It is read from UniFFI's metadata (`Interface::read`) and is complete by itself: no writer looks at the metadata. What
//! metadata can say and no binding supports is kept as `Type::Unsupported`, so that `lint` can name all of it at once.

use std::collections::{BTreeMap, BTreeSet};

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase};

/// Everything that core makes public. Each list is in the order of names, fields are in the order of the source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// The version of core, as `major.minor.patch`.
    pub version: String,
    pub records: Vec<Record>,
    /// All enumerations but the error.
    pub enums: Vec<Enum>,
    /// The one error type.
    pub error: ErrorEnum,
    pub objects: Vec<Object>,
    pub functions: Vec<Function>,
    /// What cannot be expressed here at all, in words; `lint` refuses it.
    pub unsupported: Vec<String>,
}

/// Plain data with named fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// In Rust's spelling (`CysendOrder`).
    pub name: String,
    /// The first segment of the path of the module in core (`cysend`), or `root`. Generated files are one per module.
    pub module: String,
    pub docs: String,
    pub fields: Vec<Field>,
}

/// A field of a record or of a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// In snake_case, without `r#`. Empty if it has no name in Rust, which `lint` refuses.
    pub name: String,
    pub ty: Type,
    /// What the caller need not say.
    pub default: Option<Default>,
    pub docs: String,
}

/// A type of the interface.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    String,
    /// `Vec<u8>`
    Bytes,
    /// `tillgate::Decimal`
    Decimal,
    /// `tillgate::Timestamp`
    Timestamp,
    /// The name of a record of the interface.
    Record(String),
    /// The name of an enumeration of the interface.
    Enum(String),
    /// The name of an object of the interface; in Rust `Arc<Name>`.
    Object(String),
    /// `Option<T>`
    Optional(Box<Type>),
    /// `Vec<T>`
    List(Box<Type>),
    /// `HashMap<String, String>`, the only map there is.
    Map,
    /// `Box<T>`: the same as `T` for the caller; Rust code has to unbox and box.
    Boxed(Box<Type>),
    /// What no binding supports, in words; `lint` refuses it.
    Unsupported(String),
}

/// The value of a field or argument that the caller left out, already fitted to its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// An optional that is absent.
    None,
    Bool(bool),
    Integer(i128),
    Text(String),
    EmptyList,
    EmptyMap,
    EmptyBytes,
    /// The Rust name of a variant without fields of the type's enumeration.
    Variant(String),
    /// An optional that is present.
    Some(Box<Default>),
    /// What no binding supports, in words; `lint` refuses it.
    Unsupported(String),
}

/// What kind of enumeration it is; the three look different in every language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnumKind {
    /// No variant has fields; the values are all that there ever are in this version.
    #[default]
    Closed,
    /// Made by `open_enum!`: `Other { raw }` with number 0, and known values with wire texts.
    Open,
    /// Some variant has fields.
    Data,
}

/// An enumeration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Enum {
    pub name: String,
    /// See [`Record::module`].
    pub module: String,
    pub docs: String,
    pub kind: EnumKind,
    /// In the order of the source. Those of an open enumeration begin with `Other`.
    pub variants: Vec<Variant>,
}

/// A value of an enumeration, or a kind of error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variant {
    /// In Rust's spelling (`NotSent`).
    pub name: String,
    /// The explicit discriminant.
    pub number: Option<i64>,
    /// The text that stands for the value in JSON and in languages with string enumerations. Of open enumerations, the
    /// gateway's text (empty for `Other`); of others, the name in snake_case.
    pub wire: String,
    /// Without the line that tells the wire text.
    pub docs: String,
    pub fields: Vec<Field>,
}

/// The error enumeration: each variant holds the same record under the name `details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorEnum {
    pub name: String,
    /// See [`Record::module`].
    pub module: String,
    pub docs: String,
    pub variants: Vec<Variant>,
}

/// A long-lived thing with methods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    pub name: String,
    /// See [`Record::module`].
    pub module: String,
    pub docs: String,
    /// Associated functions that return `Arc<Self>`, or a result of it. `new` comes first.
    pub constructors: Vec<Function>,
    pub methods: Vec<Function>,
}

/// A free function, a constructor or a method.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    pub name: String,
    /// See [`Record::module`].
    pub module: String,
    pub docs: String,
    pub is_async: bool,
    /// Whether it returns a `Result` with the error type of the interface.
    pub throws: bool,
    pub arguments: Vec<Argument>,
    /// None for the unit; of a constructor always the object.
    pub returns: Option<Type>,
}

/// An argument of a function, without `self`.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: String,
    pub ty: Type,
    /// Whether Rust takes a reference (`&str`, `&T`).
    pub by_ref: bool,
    pub default: Option<Default>,
}

/// Where values of a type go: from the caller into core, from core to the caller, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directions {
    pub into_core: bool,
    pub out_of_core: bool,
}

impl Interface {
    /// The record of this name. Panics if there is none: names come from the interface itself, and `lint` has checked them.
    pub fn record(&self, name: &str) -> &Record {
        self.find_record(name).unwrap_or_else(|| panic!("no record {name} in the interface"))
    }

    pub fn find_record(&self, name: &str) -> Option<&Record> {
        self.records.binary_search_by(|record| record.name.as_str().cmp(name)).ok().map(|i| &self.records[i])
    }

    /// The enumeration of this name; see [`Interface::record`].
    pub fn enumeration(&self, name: &str) -> &Enum {
        self.find_enumeration(name).unwrap_or_else(|| panic!("no enumeration {name} in the interface"))
    }

    pub fn find_enumeration(&self, name: &str) -> Option<&Enum> {
        self.enums.binary_search_by(|item| item.name.as_str().cmp(name)).ok().map(|i| &self.enums[i])
    }

    /// The object of this name; see [`Interface::record`].
    pub fn object(&self, name: &str) -> &Object {
        self.objects
            .iter()
            .find(|object| object.name == name)
            .unwrap_or_else(|| panic!("no object {name} in the interface"))
    }

    /// The record that every error holds.
    pub fn error_details(&self) -> &Record {
        let field = self.error.variants.first().and_then(|variant| variant.fields.first());
        match field.map(|field| field.ty.unboxed()) {
            Some(Type::Record(name)) => self.record(name),
            other => panic!("the error holds {other:?} instead of a record"),
        }
    }

    /// The modules that have anything, in the order of names.
    pub fn modules(&self) -> Vec<&str> {
        let mut all = BTreeSet::from([self.error.module.as_str()]);
        all.extend(self.records.iter().map(|x| x.module.as_str()));
        all.extend(self.enums.iter().map(|x| x.module.as_str()));
        all.extend(self.objects.iter().map(|x| x.module.as_str()));
        all.extend(self.functions.iter().map(|x| x.module.as_str()));
        all.into_iter().collect()
    }

    /// Constructors and methods of all objects, and the free functions.
    pub fn all_functions(&self) -> impl Iterator<Item = &Function> {
        self.objects.iter().flat_map(|x| x.constructors.iter().chain(&x.methods)).chain(&self.functions)
    }

    /// Whether a value of this type has a secret somewhere inside. Such a value is not printed, pickled or written as JSON.
    pub fn holds_secret(&self, ty: &Type) -> bool {
        let mut seen = BTreeSet::new();
        self.reaches_secret(ty, &mut seen)
    }

    /// Where the values of each record and enumeration go, by name. What nobody takes or returns is not in the map, but for
    /// the error's details, which come out of core.
    pub fn directions(&self) -> BTreeMap<String, Directions> {
        let mut map = BTreeMap::new();
        for function in self.all_functions() {
            for argument in &function.arguments {
                self.mark(&argument.ty, &|d| &mut d.into_core, &mut map);
            }
            if let Some(ty) = &function.returns {
                self.mark(ty, &|d| &mut d.out_of_core, &mut map);
            }
        }
        for field in self.error.variants.iter().flat_map(|variant| &variant.fields) {
            self.mark(&field.ty, &|d| &mut d.out_of_core, &mut map);
        }
        map
    }

    /// The records, each after all that it holds. What holds itself comes somewhere.
    pub fn records_inner_first(&self) -> Vec<&Record> {
        fn visit<'a>(
            all: &'a Interface,
            record: &'a Record,
            seen: &mut BTreeSet<&'a str>,
            to: &mut Vec<&'a Record>,
        ) {
            if !seen.insert(&record.name) {
                return;
            }
            for field in &record.fields {
                if let Type::Record(name) = field.ty.innermost() {
                    visit(all, all.record(name), seen, to);
                }
            }
            to.push(record);
        }
        let (mut seen, mut ordered) = (BTreeSet::new(), Vec::new());
        for record in &self.records {
            visit(self, record, &mut seen, &mut ordered);
        }
        ordered
    }

    fn reaches_secret<'a>(&'a self, ty: &'a Type, seen: &mut BTreeSet<&'a str>) -> bool {
        match ty.innermost() {
            Type::Object(name) => name == "Secret",
            Type::Record(name) => {
                seen.insert(name) && self.record(name).fields.iter().any(|f| self.reaches_secret(&f.ty, seen))
            }
            Type::Enum(name) => {
                let mut fields = self.enumeration(name).variants.iter().flat_map(|variant| &variant.fields);
                seen.insert(name) && fields.any(|f| self.reaches_secret(&f.ty, seen))
            }
            _ => false,
        }
    }

    fn mark(
        &self,
        ty: &Type,
        flag: &dyn Fn(&mut Directions) -> &mut bool,
        map: &mut BTreeMap<String, Directions>,
    ) {
        let (name, fields): (_, Vec<&Field>) = match ty.innermost() {
            Type::Record(name) => match self.find_record(name) {
                Some(record) => (name, record.fields.iter().collect()),
                None => return,
            },
            Type::Enum(name) => match self.find_enumeration(name) {
                Some(item) => (name, item.variants.iter().flat_map(|variant| &variant.fields).collect()),
                None => return,
            },
            _ => return,
        };
        if std::mem::replace(flag(map.entry(name.clone()).or_default()), true) {
            return;
        }
        for field in fields {
            self.mark(&field.ty, flag, map);
        }
    }
}

impl Type {
    /// The type without boxes around it.
    pub fn unboxed(&self) -> &Type {
        match self {
            Type::Boxed(inner) => inner.unboxed(),
            other => other,
        }
    }

    /// The type without boxes, options and lists around it.
    pub fn innermost(&self) -> &Type {
        match self {
            Type::Boxed(inner) | Type::Optional(inner) | Type::List(inner) => inner.innermost(),
            other => other,
        }
    }

    /// Whether the value may be absent.
    pub fn is_optional(&self) -> bool {
        matches!(self.unboxed(), Type::Optional(_))
    }
}

impl Enum {
    /// Without `Other`.
    pub fn known_variants(&self) -> impl Iterator<Item = &Variant> {
        let open = self.kind == EnumKind::Open;
        self.variants.iter().filter(move |variant| !(open && variant.name == "Other"))
    }
}

impl Field {
    /// Whether the caller may leave it out.
    pub fn may_be_left_out(&self) -> bool {
        self.default.is_some()
    }
}

/// `CysendOrder` and `createOrder` as `cysend_order` and `create_order`.
pub fn snake(name: &str) -> String {
    name.to_snake_case()
}

/// `CysendOrder` as `CYSEND_ORDER`.
pub fn shouty(name: &str) -> String {
    name.to_shouty_snake_case()
}

/// `create_order` as `createOrder`.
pub fn camel(name: &str) -> String {
    name.to_lower_camel_case()
}
