//! Objects and functions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::types::{CType, Member, has_flag, list_name, members, rust_ident, single};
use super::{Writer, c_name, docs};
use crate::ir::{EnumKind, Function, Interface, Object, Type};

/// Where the result goes: parameters (name, Rust, C), what is done before the call, and after it with `result`.
#[derive(Default)]
struct Output {
    parameters: Vec<(String, TokenStream, String)>,
    after: TokenStream,
    notes: Vec<String>,
}

impl Writer<'_> {
    pub fn object(&mut self, object: &Object) -> TokenStream {
        let name = c_name(&object.name);
        let (ident, rust) = (format_ident!("{name}"), format_ident!("{}", object.name));
        let text = docs(
            &object.docs,
            &[
                String::new(),
                "Thread safety: several threads may call its functions at once. Free it when no thread uses it any more."
                    .to_string(),
            ],
        );
        let free = format_ident!("{name}_free");
        self.layout.handle(&name);
        self.layout.function(&format!("{name}_free"), "void", &[format!("{name} *handle")]);
        let mut all = quote! {
            #text
            pub struct #ident {
                opaque: [u8; 0],
            }
            /// Lets go of a handle that a function returned. Work that runs goes on. NULL is ignored.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn #free(handle: *mut #ident) {
                unsafe { runtime::let_go::<tillgate::#rust, #ident>(handle) }
            }
        };
        for function in &object.constructors {
            all.extend(self.function(&format!("{name}_{}", function.name), function, Some((object, true))));
        }
        for function in &object.methods {
            all.extend(self.function(
                &method_name(self.interface, &name, &function.name),
                function,
                Some((object, false)),
            ));
        }
        all
    }

    /// `of` is the object of a constructor (true) or of a method (false).
    pub fn function(&mut self, name: &str, function: &Function, of: Option<(&Object, bool)>) -> TokenStream {
        let mut parameters = Vec::new();
        let mut c_parameters = Vec::new();
        let mut before = TokenStream::new();
        let called = rust_ident(&function.name);
        let call = match of {
            Some((object, false)) => {
                let (rust, handle) =
                    (format_ident!("{}", object.name), format_ident!("{}", c_name(&object.name)));
                parameters.push(quote!(handle: *const #handle));
                c_parameters.push(format!("const {handle} *handle"));
                // Metadata does not say which methods take `Arc<Self>`; those that return at once have no need to.
                let take = if function.is_async { quote!(share) } else { quote!(borrow) };
                before.extend(quote!(let handle = runtime::#take::<tillgate::#rust, #handle>(handle)?;));
                quote!(handle.#called)
            }
            Some((object, true)) => {
                let rust = format_ident!("{}", object.name);
                quote!(tillgate::#rust::#called)
            }
            None => quote!(tillgate::#called),
        };
        let output = self.output(function.returns.as_ref());
        for (name, ..) in &output.parameters {
            let ident = format_ident!("{name}");
            before.extend(quote!(let #ident = runtime::destination(#ident, #name)?;));
        }
        let mut arguments = Vec::new();
        let mut notes = Vec::new();
        for argument in &function.arguments {
            for member in members(self.interface, &argument.name, &argument.ty) {
                let (ident, ty) = (member.ident(), member.ty.rust());
                parameters.push(quote!(#ident: #ty));
                c_parameters.push(declaration(&member.ty, &member.name));
                notes.extend(member.note.as_ref().map(|note| format!("`{}`: {note}", member.name)));
            }
            let value = self.read_member(&|m| m, &argument.name, &argument.ty, &quote!(&Place::ARGUMENTS));
            // Not the name of a parameter: a later argument may be read from one of these.
            let local = format_ident!("argument_{}", argument.name);
            before.extend(quote!(let #local = #value;));
            arguments.push(if argument.by_ref { quote!(&#local) } else { quote!(#local) });
        }
        for (name, rust, c) in &output.parameters {
            let ident = format_ident!("{name}");
            parameters.push(quote!(#ident: #rust));
            c_parameters.push(format!("{c}{name}"));
        }
        c_parameters.push("tg_error **error".to_string());
        self.layout.function(name, "int32_t", &c_parameters);
        let mut result = quote!(#call(#(#arguments),*));
        if function.is_async {
            result = quote!(tillgate::block_on(#result));
        }
        if function.throws {
            result = quote!(#result?);
        }
        let after = &output.after;
        let body = if after.is_empty() { quote!(#result;) } else { quote!(let result = #result; #after) };
        if function.is_async {
            notes.push("It waits on the calling thread until the answer is there.".to_string());
        }
        notes.extend(output.notes);
        notes.push("Returns `TG_OK` or one of the constants `TG_ERROR_*`.".to_string());
        notes.insert(0, String::new());
        let text = docs(&function.docs, &notes);
        let ident = format_ident!("{name}");
        quote! {
            #text
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn #ident(#(#parameters,)* error: *mut *mut tg_error) -> i32 {
                unsafe { runtime::guard(error, &mut || { #before #body Ok(()) }) }
            }
        }
    }

    fn output(&self, returns: Option<&Type>) -> Output {
        let Some(ty) = returns else { return Output::default() };
        let (inner, optional) = match ty.unboxed() {
            Type::Optional(inner) => (inner.unboxed(), true),
            other => (other, false),
        };
        let owned = |pointee: &str, free: String, make: TokenStream| {
            let rust = if pointee == "char" {
                quote!(*mut *mut c_char)
            } else {
                let name = format_ident!("{pointee}");
                quote!(*mut *mut #name)
            };
            let after = if optional {
                quote!(out.put(match result { Some(result) => #make, None => null_mut() });)
            } else {
                quote!(out.put(#make);)
            };
            let absent = if optional { " NULL if there is none." } else { "" };
            Output {
                parameters: vec![("out".to_string(), rust, format!("{pointee} **"))],
                after,
                notes: vec![format!("`out`: freed with `{free}`.{absent}")],
            }
        };
        match inner {
            Type::String => owned("char", "tg_string_free".to_string(), quote!(runtime::own_text(result))),
            Type::Decimal => {
                let mut output = owned(
                    "char",
                    "tg_string_free".to_string(),
                    quote!(runtime::own_text(result.to_string())),
                );
                output.notes[0] = format!("{} An exact number as text.", output.notes[0]);
                output
            }
            Type::Bytes => {
                owned("tg_bytes", "tg_bytes_free".to_string(), quote!(runtime::own_bytes(&result)))
            }
            Type::Map => {
                owned("tg_pair_list", "tg_pair_list_free".to_string(), quote!(runtime::own_pairs(&result)))
            }
            Type::List(item) => {
                let name = list_name(self.interface, item);
                let ident = format_ident!("{name}");
                let each = self.write_single(&quote!(item), item);
                let make = quote! {
                    runtime::own_list(&result, |item, arena| #each, |(items, items_len)| #ident { items, items_len })
                };
                owned(&name, format!("{name}_free"), make)
            }
            Type::Record(record) => {
                let (name, rust) = (c_name(record), format_ident!("{record}"));
                owned(&name, format!("{name}_free"), quote!(runtime::own::<tillgate::#rust>(&result)))
            }
            Type::Object(object) => {
                let name = c_name(object);
                owned(&name, format!("{name}_free"), quote!(Arc::into_raw(result).cast_mut().cast()))
            }
            Type::Enum(item) if self.interface.enumeration(item).kind == EnumKind::Data => {
                let (name, rust) = (c_name(item), format_ident!("{item}"));
                owned(&name, format!("{name}_free"), quote!(runtime::own::<tillgate::#rust>(&result)))
            }
            Type::Enum(item) if self.interface.enumeration(item).kind == EnumKind::Open => {
                let (name, to) = (c_name(item), format_ident!("{}_to_c", crate::ir::snake(item)));
                owned(
                    &name,
                    "tg_open_free".to_string(),
                    quote!(runtime::own_value(|arena| #to(&result, arena))),
                )
            }
            plain => {
                let ty = single(self.interface, plain);
                let (rust, c) = (ty.rust(), ty.c());
                let mut output = Output::default();
                if plain == &Type::Timestamp {
                    output.notes.push("`out`: microseconds since 1970-01-01T00:00:00Z.".to_string());
                }
                let value = self.write_single(&quote!((&result)), plain);
                output.after = quote!(out.put(#value););
                if optional && has_flag(plain) {
                    output.parameters.push(("has_out".to_string(), quote!(*mut Flag), "bool *".to_string()));
                    output.notes.push("`out`: written only if `has_out` becomes true.".to_string());
                    output.after = quote! {
                        has_out.put(Flag::from(result.is_some()));
                        if let Some(result) = result { out.put(#value) }
                    };
                } else if optional {
                    output.notes.push("`out`: 0 if there is none.".to_string());
                    output.after = quote!(out.put(match result { Some(result) => #value, None => 0 }););
                }
                output.parameters.push(("out".to_string(), quote!(*mut #rust), format!("{c} *")));
                output
            }
        }
    }
}

/// `tg_till_order`; but `tg_till_get_status`, since `tg_till_status` is the type that it returns: C has one room for both.
pub fn method_name(interface: &Interface, object: &str, method: &str) -> String {
    let name = format!("{object}_{method}");
    let mut types = interface.records.iter().map(|x| &x.name).chain(interface.enums.iter().map(|x| &x.name));
    let is_type =
        types.any(|ty| c_name(ty) == name) || interface.objects.iter().any(|x| c_name(&x.name) == name);
    if is_type { format!("{object}_get_{method}") } else { name }
}

/// `const char *name`, `int32_t count`
pub fn declaration(ty: &CType, name: &str) -> String {
    let before = ty.c();
    let space = if before.ends_with('*') { "" } else { " " };
    format!("{before}{space}{name}")
}

impl Member {
    /// As in a header.
    pub fn declaration(&self) -> String {
        declaration(&self.ty, &self.name)
    }
}
