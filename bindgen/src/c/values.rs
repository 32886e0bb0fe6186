//! Records and enumerations: their structs and constants, and the ways there and back.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::types::{CType, Member, SIZE, TAG, has_flag, list_name, members, rust_ident};
use super::{Writer, c_name, docs};
use crate::ir::{Default, Directions, Enum, EnumKind, Field, Record, Type, Variant, shouty, snake};

/// What is said of plain data once per type.
const PLAIN_DATA: &str = "Thread safety: plain data; several threads may read it while none writes.";

impl Writer<'_> {
    pub fn record(&mut self, record: &Record) -> TokenStream {
        let Some(directions) = self.directions.get(&record.name).copied() else { return TokenStream::new() };
        let name = c_name(&record.name);
        let fields = self.released_first(&name, &record.fields);
        let rust_type = format_ident!("{}", record.name);
        let mut all = self.structure(&name, &record.docs, None, &fields);
        let ident = format_ident!("{name}");
        if directions.into_core {
            all.extend(self.init(&name, &fields));
            let defaults = self.defaults(&fields);
            let values = fields.iter().map(|field| {
                let field_name = rust_ident(&field.name);
                let value =
                    self.read_member(&|member| quote!(from.#member), &field.name, &field.ty, &quote!(at));
                quote!(#field_name: #value)
            });
            all.extend(quote! {
                impl Incoming for tillgate::#rust_type {
                    type Struct = #ident;
                    fn defaults() -> #ident { #defaults }
                    unsafe fn read(from: &#ident, at: &Place<'_>) -> Result<Self> {
                        unsafe { Ok(Self { #(#values),* }) }
                    }
                }
            });
        }
        if directions.out_of_core {
            let writes = fields.iter().map(|field| {
                let field_name = rust_ident(&field.name);
                self.write_member(&field.name, &field.ty, &quote!((&self.#field_name)))
            });
            all.extend(quote! {
                impl Outgoing for tillgate::#rust_type {
                    type Struct = #ident;
                    fn write(&self, to: &mut #ident, arena: &Arena) { #(#writes)* }
                }
            });
        }
        all.extend(self.ownership(&record.name, &name));
        all
    }

    pub fn enumeration(&mut self, item: &Enum) -> TokenStream {
        let Some(directions) = self.directions.get(&item.name).copied() else { return TokenStream::new() };
        let name = c_name(&item.name);
        let ident = format_ident!("{name}");
        let prefix = format!("TG_{}", shouty(&item.name));
        let mut all = TokenStream::new();
        for variant in &item.variants {
            all.extend(self.constant(&format!("{prefix}_{}", shouty(&variant.name)), variant));
        }
        match item.kind {
            EnumKind::Closed => {
                let text = docs(&item.docs, &[format!("One of the constants `{prefix}_*`.")]);
                self.layout.alias(&name, "int32_t");
                all.extend(quote!(#text pub type #ident = i32;));
                all.extend(self.closed(item, directions));
            }
            EnumKind::Open => {
                let text = docs(&item.docs, &[format!("The tag is one of the constants `{prefix}_*`.")]);
                self.layout.alias(&name, "tg_open");
                all.extend(quote!(#text pub type #ident = tg_open;));
                all.extend(self.open(item, directions));
            }
            EnumKind::Data => all.extend(self.data(item, directions)),
        }
        if item.kind == EnumKind::Data {
            all.extend(self.ownership(&item.name, &name));
        } else if self.listed.contains(&Type::Enum(item.name.clone())) {
            all.extend(self.list_of(&Type::Enum(item.name.clone())));
        }
        all
    }

    /// `tg_error`, its constants, and how it is made.
    pub fn error(&mut self) -> TokenStream {
        let error = &self.interface.error;
        let details = self.interface.error_details();
        let fields = self.released_first("tg_error", &details.fields);
        let mut all = TokenStream::new();
        for variant in &error.variants {
            all.extend(self.constant(&format!("TG_ERROR_{}", shouty(&variant.name)), variant));
        }
        let own = |name: &str, ty: CType, note: &str| Member {
            note: Some(note.to_string()),
            ..Member::new(name, ty)
        };
        let own = [
            own("code", TAG, "One of the constants `TG_ERROR_*`; also what the function returned."),
            own(
                "code_name",
                CType::Text,
                "The code as a word, the same in every language (`invalid_argument`).",
            ),
            own("text", CType::Text, "All of it in one text, for a log or a screen."),
        ];
        all.extend(self.structure("tg_error", &error.docs, Some(&own), &fields));
        let rust_type = format_ident!("{}", error.name);
        let names: Vec<_> = error.variants.iter().map(|variant| format_ident!("{}", variant.name)).collect();
        let numbers =
            error.variants.iter().map(|variant| Literal::i64_unsuffixed(variant.number.unwrap_or_default()));
        let texts = error.variants.iter().map(|variant| snake(&variant.name));
        let writes = fields.iter().map(|field| {
            let field_name = rust_ident(&field.name);
            self.write_member(&field.name, &field.ty, &quote!((&details.#field_name)))
        });
        all.extend(quote! {
            /// The status that stands for the error.
            pub fn error_number(error: &tillgate::#rust_type) -> i32 {
                match error { #(tillgate::#rust_type::#names { .. } => #numbers,)* }
            }
            /// Fills in the struct.
            pub fn error_to_c(error: &tillgate::#rust_type, to: &mut tg_error, arena: &Arena) {
                let (name, details) = match error {
                    #(tillgate::#rust_type::#names { details } => (#texts, details),)*
                };
                to.code = error_number(error);
                to.code_name = arena.text(name);
                to.text = arena.text(&error.to_string());
                #(#writes)*
            }
        });
        all.extend(self.free_function("tg_error", "Frees an error, with all texts in it. NULL is ignored."));
        all
    }

    /// Lists that functions return, of what has no module of its own.
    pub fn plain_lists(&mut self) -> TokenStream {
        let mut seen = std::collections::BTreeSet::new();
        let listed: Vec<_> = self.listed.iter().cloned().collect();
        let mut all = TokenStream::new();
        for ty in listed {
            if !matches!(ty, Type::Record(_) | Type::Enum(_)) && seen.insert(list_name(self.interface, &ty)) {
                all.extend(self.list_of(&ty));
            }
        }
        all
    }

    /// An expression that reads the value of a field or argument; `get` gives a member by its name.
    pub fn read_member(
        &self,
        get: &dyn Fn(TokenStream) -> TokenStream,
        name: &str,
        ty: &Type,
        within: &TokenStream,
    ) -> TokenStream {
        let all = members(self.interface, name, ty);
        let member = |number: usize| {
            let ident = all[number].ident();
            get(quote!(#ident))
        };
        match ty.unboxed() {
            Type::Optional(inner) => {
                let inner = inner.unboxed();
                if has_flag(inner) {
                    let (flag, value) = (member(0), self.read_single(&member(1), inner, within, name));
                    return quote!(if #flag != 0 { Some(#value) } else { None });
                }
                let first = member(0);
                let absent = match inner {
                    Type::Enum(item) => match self.interface.enumeration(item).kind {
                        EnumKind::Closed => quote!(#first == 0),
                        EnumKind::Open => quote!(#first.tag == 0 && #first.text.is_null()),
                        EnumKind::Data => quote!(#first.is_null()),
                    },
                    Type::List(_) | Type::Map | Type::Bytes => {
                        let length = member(1);
                        quote!(#first.is_null() && #length == 0)
                    }
                    _ => quote!(#first.is_null()),
                };
                let value = self.read_member(get, name, inner, within);
                quote!(if #absent { None } else { Some(#value) })
            }
            Type::List(inner) => {
                let (items, length) = (member(0), member(1));
                let item = self.read_single(&quote!(item), inner, &quote!(place), "");
                quote!(runtime::list(#items, #length, #within, #name, |item, place| Ok(#item))?)
            }
            Type::Map => {
                let (items, length) = (member(0), member(1));
                quote!(runtime::pairs(#items, #length, #within, #name)?)
            }
            Type::Bytes => {
                let (data, length) = (member(0), member(1));
                quote!(runtime::bytes(#data, #length, #within, #name)?)
            }
            other => {
                let value = self.read_single(&member(0), other, within, name);
                if matches!(ty, Type::Boxed(_)) { quote!(Box::new(#value)) } else { value }
            }
        }
    }

    fn read_single(&self, value: &TokenStream, ty: &Type, within: &TokenStream, name: &str) -> TokenStream {
        match ty {
            Type::Boxed(inner) => {
                let value = self.read_single(value, inner, within, name);
                quote!(Box::new(#value))
            }
            Type::Bool => quote!(#value != 0),
            Type::String => quote!(runtime::text(#value, #within, #name)?),
            Type::Decimal => quote!(runtime::decimal(#value, #within, #name)?),
            Type::Timestamp => quote!(runtime::timestamp(#value, #within, #name)?),
            Type::Record(record) => {
                let record = format_ident!("{record}");
                quote!(runtime::record::<tillgate::#record>(#value, #within, #name)?)
            }
            Type::Object(object) => {
                let (rust, c) = (format_ident!("{object}"), format_ident!("{}", c_name(object)));
                quote!(runtime::object::<tillgate::#rust, #c>(#value, #within, #name)?)
            }
            Type::Enum(item) => {
                let rust = format_ident!("{item}");
                match self.interface.enumeration(item).kind {
                    EnumKind::Closed => {
                        let from = format_ident!("{}_from_c", snake(item));
                        quote!(#from(#value, #within, #name)?)
                    }
                    EnumKind::Open => {
                        let wire = format_ident!("{}_wire", snake(item));
                        quote!(tillgate::#rust::from_wire(&runtime::open_value(#value, #wire, #within, #name)?))
                    }
                    EnumKind::Data => quote!(runtime::record::<tillgate::#rust>(#value, #within, #name)?),
                }
            }
            _ => value.clone(),
        }
    }

    /// Statements that write the value behind the reference `value` into the members of `to`.
    fn write_member(&self, name: &str, ty: &Type, value: &TokenStream) -> TokenStream {
        let all = members(self.interface, name, ty);
        let idents: Vec<_> = all.iter().map(Member::ident).collect();
        let (first, second) = (&idents[0], idents.get(1));
        match ty.unboxed() {
            Type::Optional(inner) => {
                let flag = has_flag(inner).then(|| quote!(to.#first = 1;));
                let write = self.write_member(name, inner, &quote!(value));
                quote!(if let Some(value) = #value { #flag #write })
            }
            Type::List(inner) => {
                let item = self.write_single(&quote!(item), inner);
                quote!((to.#first, to.#second) = arena.list(#value, |item, arena| #item);)
            }
            Type::Map => quote!((to.#first, to.#second) = arena.pairs(#value);),
            Type::Bytes => quote!((to.#first, to.#second) = arena.bytes(#value);),
            other => {
                let value = self.write_single(value, other);
                quote!(to.#first = #value;)
            }
        }
    }

    /// An expression that makes a single member of the value behind the reference `value`.
    pub fn write_single(&self, value: &TokenStream, ty: &Type) -> TokenStream {
        match ty.unboxed() {
            Type::Bool => quote!(Flag::from(*#value)),
            Type::String => quote!(arena.text(#value)),
            Type::Decimal => quote!(arena.decimal(#value)),
            Type::Timestamp => quote!(#value.as_microsecond()),
            Type::Record(record) => {
                let record = format_ident!("{record}");
                quote!(arena.record::<tillgate::#record>(#value))
            }
            Type::Object(object) => {
                let (rust, c) = (format_ident!("{object}"), format_ident!("{}", c_name(object)));
                quote!(arena.object::<tillgate::#rust, #c>(#value))
            }
            Type::Enum(item) => {
                let (rust, to) = (format_ident!("{item}"), format_ident!("{}_to_c", snake(item)));
                match self.interface.enumeration(item).kind {
                    EnumKind::Closed => quote!(#to(#value)),
                    EnumKind::Open => quote!(#to(#value, arena)),
                    EnumKind::Data => quote!(arena.record::<tillgate::#rust>(#value)),
                }
            }
            _ => quote!(*#value),
        }
    }

    fn closed(&self, item: &Enum, directions: Directions) -> TokenStream {
        let rust = format_ident!("{}", item.name);
        let names: Vec<_> = item.variants.iter().map(|variant| format_ident!("{}", variant.name)).collect();
        let numbers: Vec<_> =
            item.variants.iter().map(|v| Literal::i64_unsuffixed(v.number.unwrap_or_default())).collect();
        let (to, from) =
            (format_ident!("{}_to_c", snake(&item.name)), format_ident!("{}_from_c", snake(&item.name)));
        let out = directions.out_of_core.then(|| {
            quote! {
                pub fn #to(value: &tillgate::#rust) -> i32 {
                    match value { #(tillgate::#rust::#names => #numbers,)* }
                }
            }
        });
        let into = directions.into_core.then(|| {
            quote! {
                pub fn #from(number: i32, within: &Place<'_>, name: &'static str) -> Result<tillgate::#rust> {
                    Ok(match number {
                        #(#numbers => tillgate::#rust::#names,)*
                        _ => return Err(runtime::unknown_number(within, name)),
                    })
                }
            }
        });
        quote!(#out #into)
    }

    fn open(&self, item: &Enum, directions: Directions) -> TokenStream {
        let rust = format_ident!("{}", item.name);
        let known: Vec<_> = item.known_variants().collect();
        let names = known.iter().map(|variant| format_ident!("{}", variant.name));
        let numbers: Vec<_> =
            known.iter().map(|v| Literal::i64_unsuffixed(v.number.unwrap_or_default())).collect();
        let wires = known.iter().map(|variant| &variant.wire);
        let (to, wire) =
            (format_ident!("{}_to_c", snake(&item.name)), format_ident!("{}_wire", snake(&item.name)));
        let out = directions.out_of_core.then(|| {
            quote! {
                pub fn #to(value: &tillgate::#rust, arena: &Arena) -> tg_open {
                    let tag = match value {
                        tillgate::#rust::Other { .. } => 0,
                        #(tillgate::#rust::#names => #numbers,)*
                    };
                    tg_open { tag, text: arena.text(value.as_str()) }
                }
            }
        });
        let into = directions.into_core.then(|| {
            quote! {
                pub fn #wire(tag: i32) -> Option<&'static str> {
                    Some(match tag { #(#numbers => #wires,)* _ => return None })
                }
            }
        });
        quote!(#out #into)
    }

    /// A struct with a tag, and one pointer per variant that has fields; such a struct can grow as records can.
    fn data(&mut self, item: &Enum, directions: Directions) -> TokenStream {
        let rust = format_ident!("{}", item.name);
        let name = c_name(&item.name);
        let ident = format_ident!("{name}");
        let prefix = format!("TG_{}", shouty(&item.name));
        let mut all = TokenStream::new();
        let mut own = vec![Member {
            note: Some(format!("One of the constants `{prefix}_*`; it tells which pointer is set, if any.")),
            ..Member::new("tag", TAG)
        }];
        let (mut reads, mut writes) = (TokenStream::new(), TokenStream::new());
        for variant in &item.variants {
            let variant_ident = format_ident!("{}", variant.name);
            let number = Literal::i64_unsuffixed(variant.number.unwrap_or_default());
            if variant.fields.is_empty() {
                reads.extend(quote!(#number => Self::#variant_ident,));
                writes.extend(quote!(Self::#variant_ident => to.tag = #number,));
                continue;
            }
            let field = snake(&variant.name);
            let struct_name = format!("{name}_{field}");
            let struct_ident = format_ident!("{struct_name}");
            let member = Member {
                note: Some(format!("Set for `{}` alone.", self.constant_name(&prefix, variant))),
                ..Member::new(&field, CType::Pointer(struct_name.clone()))
            };
            let member_ident = member.ident();
            own.push(member);
            let fields = self.released_first(&struct_name, &variant.fields);
            all.extend(self.structure(&struct_name, &variant.docs, None, &fields));
            let names: Vec<_> = fields.iter().map(|field| rust_ident(&field.name)).collect();
            if directions.into_core {
                all.extend(self.init(&struct_name, &fields));
                let wrapper = format_ident!("{}{}", item.name, variant.name);
                let defaults = self.defaults(&fields);
                let values = fields.iter().map(|field| {
                    self.read_member(&|member| quote!(from.#member), &field.name, &field.ty, &quote!(at))
                });
                all.extend(quote! {
                    struct #wrapper(tillgate::#rust);
                    impl Incoming for #wrapper {
                        type Struct = #struct_ident;
                        fn defaults() -> #struct_ident { #defaults }
                        unsafe fn read(from: &#struct_ident, at: &Place<'_>) -> Result<Self> {
                            unsafe { Ok(Self(tillgate::#rust::#variant_ident { #(#names: #values),* })) }
                        }
                    }
                });
                reads.extend(
                    quote!(#number => runtime::record::<#wrapper>(from.#member_ident, at, #field)?.0,),
                );
            }
            let sets = fields.iter().map(|field| {
                let field_name = rust_ident(&field.name);
                self.write_member(&field.name, &field.ty, &quote!(#field_name))
            });
            writes.extend(quote! {
                Self::#variant_ident { #(#names),* } => {
                    to.tag = #number;
                    to.#member_ident = arena.structure(|to: &mut #struct_ident| { #(#sets)* });
                }
            });
        }
        let text = format!("{}\n\nSet the tag, and the one pointer that belongs to it.", item.docs);
        all.extend(self.structure(&name, &text, Some(&own), &[]));
        if directions.into_core {
            all.extend(self.init(&name, &[]));
            let defaults = self.defaults(&[]);
            all.extend(quote! {
                impl Incoming for tillgate::#rust {
                    type Struct = #ident;
                    fn defaults() -> #ident { #defaults }
                    unsafe fn read(from: &#ident, at: &Place<'_>) -> Result<Self> {
                        unsafe { Ok(match from.tag { #reads _ => return Err(runtime::unknown_number(at, "tag")) }) }
                    }
                }
            });
        }
        if directions.out_of_core {
            all.extend(quote! {
                impl Outgoing for tillgate::#rust {
                    type Struct = #ident;
                    fn write(&self, to: &mut #ident, arena: &Arena) { match self { #writes } }
                }
            });
        }
        all
    }

    /// Fields in the order of the newest release that knows them, then new ones: structs grow at their ends alone.
    fn released_first(&self, struct_name: &str, fields: &[Field]) -> Vec<Field> {
        let position = |field: &Field| {
            let first = members(self.interface, &field.name, &field.ty)[0].name.clone();
            self.released.and_then(|released| released.position(struct_name, &first)).unwrap_or(usize::MAX)
        };
        let mut ordered = fields.to_vec();
        ordered.sort_by_key(position);
        ordered
    }

    /// The struct itself: its size, members of its own, and the members of the fields.
    fn structure(&mut self, name: &str, text: &str, own: Option<&[Member]>, fields: &[Field]) -> TokenStream {
        let size = Member {
            note: Some("The size of the struct; see the start of this header.".to_string()),
            ..Member::new("struct_size", SIZE)
        };
        let mut listed = vec![(TokenStream::new(), size)];
        for member in own.unwrap_or_default() {
            listed.push((TokenStream::new(), member.clone()));
        }
        for field in fields {
            let all = members(self.interface, &field.name, &field.ty);
            // Core's words go to the member that bears the field's name.
            let bearer = usize::from(
                all[0].name.starts_with("has_")
                    && all.len() > 1
                    && all[1].name != format!("{}_len", field.name),
            );
            for (number, member) in all.into_iter().enumerate() {
                let text = if number == bearer { docs(&field.docs, &[]) } else { TokenStream::new() };
                listed.push((text, member));
            }
        }
        self.layout.structure(name, listed.iter().map(|(_, member)| member));
        let ident = format_ident!("{name}");
        let text = docs(text, &[String::new(), PLAIN_DATA.to_string()]);
        let members = listed.iter().map(|(core, member)| {
            let (name, ty) = (member.ident(), member.ty.rust());
            let note = docs("", member.note.as_slice());
            quote!(#core #note pub #name: #ty)
        });
        quote! {
            #text
            #[repr(C)]
            #[derive(Clone, Copy)]
            pub struct #ident { #(#members),* }
        }
    }

    fn defaults(&self, fields: &[Field]) -> TokenStream {
        let mut sets = TokenStream::new();
        for field in fields {
            if let Some(default) = &field.default {
                sets.extend(self.default(field, &field.ty, default));
            }
        }
        quote! {
            let mut to: Self::Struct = unsafe { runtime::zeroed() };
            to.struct_size = size_of::<Self::Struct>();
            #sets
            to
        }
    }

    /// Statements for a default that is not zero.
    fn default(&self, field: &Field, ty: &Type, default: &Default) -> TokenStream {
        let all = members(self.interface, &field.name, &field.ty);
        let bearer = all.iter().find(|m| !m.name.starts_with("has_")).unwrap_or(&all[0]).ident();
        match default {
            Default::Some(value) => {
                let inner = match ty.unboxed() {
                    Type::Optional(inner) => inner,
                    other => panic!("`Some` as the default of {other:?}; `lint` refuses it"),
                };
                let set = self.default(field, inner, value);
                let flag = all[0].ident();
                if has_flag(inner) { quote!(to.#flag = 1; #set) } else { set }
            }
            Default::Bool(true) => quote!(to.#bearer = 1;),
            Default::Integer(number) if *number != 0 => {
                let number = Literal::i128_unsuffixed(*number);
                quote!(to.#bearer = #number;)
            }
            Default::Text(text) => {
                let text = Literal::c_string(&std::ffi::CString::new(text.as_str()).unwrap_or_default());
                quote!(to.#bearer = #text.as_ptr();)
            }
            Default::Variant(variant) => {
                let Type::Enum(name) = ty.unboxed() else { return TokenStream::new() };
                let item = self.interface.enumeration(name);
                let number = item
                    .variants
                    .iter()
                    .find(|v| v.name == *variant)
                    .and_then(|v| v.number)
                    .unwrap_or_default();
                let number = Literal::i64_unsuffixed(number);
                match item.kind {
                    EnumKind::Closed => quote!(to.#bearer = #number;),
                    EnumKind::Open => quote!(to.#bearer.tag = #number;),
                    EnumKind::Data => panic!("a default of the union {name}: C has nowhere to keep it"),
                }
            }
            _ => TokenStream::new(),
        }
    }

    /// `tg_x_init`
    fn init(&mut self, name: &str, fields: &[Field]) -> TokenStream {
        let (ident, init) = (format_ident!("{name}"), format_ident!("{name}_init"));
        let wrapper = self.incoming_of(name);
        let text = docs(
            &format!(
                "Sets `{name}` to its defaults and everything else to zero. Call it with `sizeof` of the struct before its members are set."
            ),
            &[],
        );
        let _ = fields;
        self.layout.function(
            &format!("{name}_init"),
            "void",
            &[format!("{name} *value"), "size_t struct_size".to_string()],
        );
        quote! {
            #text
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn #init(value: *mut #ident, struct_size: usize) {
                unsafe { runtime::initialise(value, struct_size, <#wrapper as Incoming>::defaults()) }
            }
        }
    }

    /// The Rust type whose struct this is.
    fn incoming_of(&self, struct_name: &str) -> TokenStream {
        for record in &self.interface.records {
            if c_name(&record.name) == struct_name {
                let name = format_ident!("{}", record.name);
                return quote!(tillgate::#name);
            }
        }
        for item in &self.interface.enums {
            if c_name(&item.name) == struct_name {
                let name = format_ident!("{}", item.name);
                return quote!(tillgate::#name);
            }
            for variant in &item.variants {
                if format!("{}_{}", c_name(&item.name), snake(&variant.name)) == struct_name {
                    let name = format_ident!("{}{}", item.name, variant.name);
                    return quote!(#name);
                }
            }
        }
        panic!("no type has the struct {struct_name}")
    }

    /// What frees a record or union that functions return, and lists of it.
    fn ownership(&mut self, rust_name: &str, name: &str) -> TokenStream {
        let mut all = TokenStream::new();
        if self.returned.contains(rust_name) {
            let text = format!(
                "Frees a `{name}` that a function returned, with all that hangs off it. NULL is ignored."
            );
            all.extend(self.free_function(name, &text));
        }
        for ty in [Type::Record(rust_name.to_string()), Type::Enum(rust_name.to_string())] {
            if self.listed.contains(&ty) {
                all.extend(self.list_of(&ty));
            }
        }
        all
    }

    fn list_of(&mut self, ty: &Type) -> TokenStream {
        let name = list_name(self.interface, ty);
        let ident = format_ident!("{name}");
        let items = Member::new("items", CType::Array(Box::new(super::types::single(self.interface, ty))));
        let length = Member::new("items_len", SIZE);
        self.layout.fixed_structure(&name, [&items, &length]);
        let item = items.ty.rust();
        let text = docs("A list that a function returned.", &[String::new(), PLAIN_DATA.to_string()]);
        let free = self.free_function(&name, "Frees the list, with all that hangs off it. NULL is ignored.");
        quote! {
            #text
            #[repr(C)]
            #[derive(Clone, Copy)]
            pub struct #ident {
                /// The first of them.
                pub items: #item,
                /// How many there are.
                pub items_len: usize,
            }
            #free
        }
    }

    fn free_function(&mut self, name: &str, text: &str) -> TokenStream {
        let (ident, free) = (format_ident!("{name}"), format_ident!("{name}_free"));
        let text = docs(text, &[]);
        self.layout.function(&format!("{name}_free"), "void", &[format!("{name} *value")]);
        quote! {
            #text
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn #free(value: *mut #ident) {
                unsafe { runtime::let_go_of_value(value.cast()) }
            }
        }
    }

    fn constant(&mut self, name: &str, variant: &Variant) -> TokenStream {
        let number = variant.number.unwrap_or_default();
        self.layout.constant(name, number);
        let (name, number) = (format_ident!("{name}"), Literal::i64_unsuffixed(number));
        let text = docs(&variant.docs, &[]);
        quote!(#text pub const #name: i32 = #number;)
    }

    fn constant_name(&self, prefix: &str, variant: &Variant) -> String {
        format!("{prefix}_{}", shouty(&variant.name))
    }
}
