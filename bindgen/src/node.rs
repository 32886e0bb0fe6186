//! Writes the Node binding: per module of core one Rust file, one JavaScript file and one file of declarations.
//!
//! The Rust side only lists shapes and operations; the macros and the calls they run through are the binding's own, by hand.
//! In JavaScript, records are plain objects, enumerations are texts, objects are classes over a private handle.

mod declarations;
mod takers;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use askama::Template;
use camino::Utf8Path;

use crate::ir::{Default, Enum, EnumKind, Field, Function, Interface, Object, Type, camel, shouty, snake};
use crate::words::{Spelling, spoken};
use crate::write::GeneratedFile;

/// Folders whose files are all generated.
pub const FOLDERS: &[&str] = &["bindings-node/src/generated", "bindings-node/js/generated"];

/// As many as the binding's `Call` has room for.
const ARGUMENTS_MAX: usize = 8;

/// How docs name things. Values of enumerations are texts.
const SPELLING: Spelling = Spelling {
    name: camel,
    kind: |kind| error_class(&kind.name),
    value: |_, value| (!value.wire.is_empty()).then(|| format!("'{}'", value.wire)),
};

/// The generated files of the binding, with paths from the root of the workspace. None where there is no such binding.
pub fn write(interface: &Interface, root: &Utf8Path) -> Result<Vec<GeneratedFile>> {
    if !root.join("bindings-node").exists() {
        eprintln!("{root} has no folder bindings-node: nothing is written for Node");
        return Ok(Vec::new());
    }
    generate(&spoken(interface, &SPELLING))
}

fn generate(interface: &Interface) -> Result<Vec<GeneratedFile>> {
    let mut modules = Vec::new();
    let mut base = "0".to_string();
    for name in interface.modules() {
        let module = Module::of(interface, name, base)?;
        base = if module.shapes == 0 {
            module.base.clone()
        } else {
            format!("{} + {}", module.base, module.shapes)
        };
        modules.push(module);
    }
    let mut files = Vec::new();
    let (rust, js) = (FOLDERS[0], FOLDERS[1]);
    for module in &modules {
        let name = &module.name;
        files.push(GeneratedFile::new(
            format!("{rust}/{name}.rs"),
            formatted(&RustModule { module }.render()?)?,
        ));
        files.push(GeneratedFile::new(format!("{js}/{name}.js"), ended(JsModule { module }.render()?)));
    }
    let fingerprint = fingerprint(&files);
    files.extend(declarations::write(interface, js)?);
    let index = JsIndex { fingerprint: &fingerprint, modules: &modules };
    let esm = EsmIndex { modules: &modules };
    let error = &interface.error.module;
    let root = RustIndex { fingerprint: &fingerprint, modules: &modules, error, shapes: &base };
    files.push(GeneratedFile::new(format!("{rust}/mod.rs"), formatted(&root.render()?)?));
    files.push(GeneratedFile::new(format!("{js}/index.js"), ended(index.render()?)));
    files.push(GeneratedFile::new(format!("{js}/index.mjs"), ended(esm.render()?)));
    Ok(files)
}

#[derive(Template)]
#[template(path = "node/mod.rs.txt", escape = "none")]
struct RustIndex<'a> {
    fingerprint: &'a str,
    modules: &'a [Module],
    /// The module that has the error.
    error: &'a str,
    /// How many shapes there are.
    shapes: &'a str,
}

#[derive(Template)]
#[template(path = "node/module.rs.txt", escape = "none")]
struct RustModule<'a> {
    module: &'a Module,
}

#[derive(Template)]
#[template(path = "node/module.js.txt", escape = "none")]
struct JsModule<'a> {
    module: &'a Module,
}

#[derive(Template)]
#[template(path = "node/index.js.txt", escape = "none")]
struct JsIndex<'a> {
    fingerprint: &'a str,
    modules: &'a [Module],
}

#[derive(Template)]
#[template(path = "node/index.mjs.txt", escape = "none")]
struct EsmIndex<'a> {
    modules: &'a [Module],
}

/// Ended by one line break, whatever the template ends with.
fn ended(text: String) -> String {
    format!("{}\n", text.trim_end())
}

/// Rust as `cargo fmt` leaves it.
fn formatted(rust: &str) -> Result<String> {
    let arguments = ["--edition=2024", "--config=max_width=110,use_small_heuristics=Max"];
    let mut rustfmt = Command::new("rustfmt")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt cannot be started")?;
    // It reads everything before it writes.
    rustfmt.stdin.take().context("rustfmt takes no input")?.write_all(rust.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refuses the generated Rust:\n{rust}");
    Ok(String::from_utf8(output.stdout)?)
}

/// What the templates say of one module of core.
struct Module {
    name: String,
    /// Where its shapes begin among all, as a constant of the generated Rust.
    base: String,
    /// The value of that constant.
    base_value: String,
    /// How many shapes it has.
    shapes: usize,
    records: Vec<RecordView>,
    closed_enums: Vec<ClosedEnumView>,
    open_enums: Vec<String>,
    data_enums: Vec<DataEnumView>,
    error: Option<ErrorView>,
    objects: Vec<ObjectView>,
    functions: Vec<OperationView>,
    operations: Vec<OperationView>,
    /// What users import.
    exports: Vec<String>,
    /// What of the hand-written JavaScript it uses.
    imports: String,
    /// The other modules that it uses.
    others: Vec<String>,
}

struct RecordView {
    shape: usize,
    name: String,
    fields: Vec<FieldView>,
}

#[derive(Clone)]
struct FieldView {
    /// In Rust's spelling.
    rust: String,
    /// ` = value`, if the caller may leave it out and it is not an option.
    default: String,
    /// In JavaScript's spelling.
    js: String,
    /// How JavaScript takes it.
    taken: String,
}

struct ClosedEnumView {
    name: String,
    /// Rust's name and the text.
    values: Vec<(String, String)>,
}

struct DataEnumView {
    shape: usize,
    name: String,
    variants: Vec<DataVariantView>,
}

struct DataVariantView {
    place: usize,
    name: String,
    wire: String,
    fields: Vec<FieldView>,
}

struct ErrorView {
    name: String,
    /// The type of `details` in Rust.
    details: String,
    kinds: Vec<ErrorKind>,
}

struct ErrorKind {
    /// Rust's name.
    name: String,
    code: String,
    number: i64,
    class: String,
}

struct ObjectView {
    shape: usize,
    name: String,
    /// The name with its article.
    one: String,
    is_secret: bool,
    /// The constructor that JavaScript's `new` calls.
    constructor: Option<OperationView>,
    /// How else it is made, for the error of `new`.
    made_by: String,
    makers: Vec<OperationView>,
    methods: Vec<OperationView>,
    /// Whether its `next` takes nothing, and `for await` goes over what it gives.
    is_stream: bool,
    /// The same, but its `next` takes a time, and it ends when it is closed.
    is_timed_stream: bool,
    /// Methods whose pages can be gone over.
    pages: Vec<PagesView>,
    /// Whether it has `close`.
    is_closable: bool,
    /// Whether that is done at once.
    is_closed_at_once: bool,
}

struct PagesView {
    /// The name for all pages.
    js: String,
    /// The method that gives a page.
    method: String,
    /// What of a page is the list.
    items: String,
}

#[derive(Clone)]
struct OperationView {
    /// The name of the operation, and of its function in Rust.
    name: String,
    /// In JavaScript.
    js: String,
    is_async: bool,
    /// It only waits for something, at most so long: an `AbortSignal` may end the wait.
    is_wait: bool,
    /// The object whose method it is.
    this: Option<String>,
    arguments: Vec<ArgumentView>,
    /// The call in Rust, up to `.await` and what follows.
    call: String,
    throws: bool,
    /// Its result is the unit.
    returns_nothing: bool,
    /// It makes the handle of an object for JavaScript's `new`.
    gives_handle: bool,
}

#[derive(Clone)]
struct ArgumentView {
    place: usize,
    name: String,
    ty: String,
    /// The value if it is left out, and it is not an option.
    default: Option<String>,
    /// In JavaScript, safe as a name of a variable.
    js: String,
    /// It is a record in which everything may be left out, and so may be it.
    may_be_empty: bool,
}

impl Module {
    fn of(interface: &Interface, name: &str, base_value: String) -> Result<Module> {
        let mut shape = 0;
        let mut take = |count: usize| {
            shape += count;
            shape - count
        };
        let records: Vec<RecordView> = (interface.records.iter().filter(|x| x.module == name))
            .map(|record| RecordView {
                shape: take(1),
                name: record.name.clone(),
                fields: FieldView::all(interface, name, &record.fields),
            })
            .collect();
        let enums =
            |kind: EnumKind| interface.enums.iter().filter(move |x| x.module == name && x.kind == kind);
        let data_enums: Vec<DataEnumView> =
            enums(EnumKind::Data).map(|item| DataEnumView::of(interface, item, take(1))).collect();
        let objects: Vec<ObjectView> = (interface.objects.iter().filter(|x| x.module == name))
            .map(|object| ObjectView::of(interface, object, take(1)))
            .collect();
        let functions: Vec<OperationView> = (interface.functions.iter().filter(|x| x.module == name))
            .map(|function| OperationView::of(interface, function, None, false))
            .collect();
        let error = (interface.error.module == name).then(|| ErrorView::of(interface));
        let mut operations = Vec::new();
        for object in &objects {
            operations.extend(object.constructor.clone());
            operations.extend(object.makers.iter().chain(&object.methods).cloned());
        }
        operations.extend(functions.iter().cloned());
        for operation in &operations {
            let count = operation.arguments.len() + usize::from(operation.this.is_some());
            ensure!(count <= ARGUMENTS_MAX, "{} has more than {ARGUMENTS_MAX} arguments", operation.name);
        }
        let mut exports: Vec<String> = objects.iter().map(|object| object.name.clone()).collect();
        exports.extend(functions.iter().map(|function| function.js.clone()));
        if let Some(error) = &error {
            exports.push(error.name.clone());
            exports.extend(error.kinds.iter().map(|kind| kind.class.clone()));
        }
        let waits = operations.iter().any(|operation| operation.is_async);
        let variants = data_enums.iter().flat_map(|item| &item.variants);
        let fields = (records.iter().map(|record| &record.fields))
            .chain(variants.map(|variant| &variant.fields))
            .flatten();
        let used: BTreeSet<&str> = fields.flat_map(|field| takers::names(&field.taken)).collect();
        let others = (interface.modules().into_iter())
            .filter(|other| *other != name && used.contains(other))
            .map(str::to_string)
            .collect();
        let imports = [
            ("abortable", operations.iter().any(|operation| operation.is_wait)),
            ("dispose", objects.iter().any(|object| object.is_closable)),
            ("eachUntilClosed", objects.iter().any(|object| object.is_timed_stream)),
            ("handleOf", !objects.is_empty()),
            ("instant", used.contains("instant")),
            ("list", used.contains("list")),
            ("maker", !objects.is_empty()),
            ("map", used.contains("map")),
            ("native", !operations.is_empty()),
            ("next", used.contains("next")),
            ("object", !objects.is_empty()),
            ("option", used.contains("option")),
            ("record", !records.is_empty()),
            ("secretFace", objects.iter().any(|object| object.is_secret)),
            ("traced", waits),
            ("variant", !data_enums.is_empty()),
            ("variants", !data_enums.is_empty()),
        ];
        let imports: Vec<&str> =
            imports.into_iter().filter(|(_, used)| *used).map(|(name, _)| name).collect();
        Ok(Module {
            name: name.to_string(),
            base: format!("{}_SHAPES", shouty(name)),
            base_value,
            shapes: shape,
            records,
            closed_enums: enums(EnumKind::Closed).map(ClosedEnumView::of).collect(),
            open_enums: enums(EnumKind::Open).map(|item| item.name.clone()).collect(),
            data_enums,
            error,
            objects,
            functions,
            operations,
            exports,
            imports: imports.join(", "),
            others,
        })
    }
}

impl FieldView {
    /// The fields of something in this module.
    fn all(interface: &Interface, module: &str, fields: &[Field]) -> Vec<FieldView> {
        let view = |field: &Field| {
            let default = rust_default(interface, &field.ty, field.default.as_ref());
            FieldView {
                rust: rust_name(&field.name),
                default: default.map(|value| format!(" = {value}")).unwrap_or_default(),
                js: camel(&field.name),
                taken: takers::taken(interface, module, &field.ty),
            }
        };
        fields.iter().map(view).collect()
    }
}

impl ClosedEnumView {
    fn of(item: &Enum) -> ClosedEnumView {
        let values = item.variants.iter().map(|variant| (variant.name.clone(), variant.wire.clone()));
        ClosedEnumView { name: item.name.clone(), values: values.collect() }
    }
}

impl DataEnumView {
    fn of(interface: &Interface, item: &Enum, shape: usize) -> DataEnumView {
        let variants = item.variants.iter().enumerate().map(|(place, variant)| DataVariantView {
            place,
            name: variant.name.clone(),
            wire: variant.wire.clone(),
            fields: FieldView::all(interface, &item.module, &variant.fields),
        });
        DataEnumView { shape, name: item.name.clone(), variants: variants.collect() }
    }
}

impl ErrorView {
    fn of(interface: &Interface) -> ErrorView {
        let error = &interface.error;
        let kinds = error.variants.iter().map(|kind| ErrorKind {
            name: kind.name.clone(),
            code: snake(&kind.name),
            number: kind.number.unwrap_or_default(),
            class: error_class(&kind.name),
        });
        let details = error.variants.first().and_then(|kind| kind.fields.first());
        ErrorView {
            name: error.name.clone(),
            details: details.map(|field| rust_type(&field.ty)).unwrap_or_default(),
            kinds: kinds.collect(),
        }
    }
}

impl ObjectView {
    fn of(interface: &Interface, object: &Object, shape: usize) -> ObjectView {
        let (new, others): (Vec<_>, Vec<_>) =
            object.constructors.iter().partition(|function| is_js_constructor(function));
        let of =
            |function: &&Function, new| OperationView::of(interface, function, Some((object, false)), new);
        let makers: Vec<OperationView> = others.iter().map(|function| of(function, false)).collect();
        let names: Vec<String> =
            makers.iter().map(|maker| format!("{}.{}()", object.name, maker.js)).collect();
        let methods = object.methods.iter();
        ObjectView {
            shape,
            name: object.name.clone(),
            one: format!(
                "{} {}",
                if object.name.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" },
                object.name
            ),
            is_secret: object.name == "Secret",
            constructor: new.first().map(|function| of(function, true)),
            made_by: if names.is_empty() { "this library".to_string() } else { names.join(" or ") },
            makers,
            methods: methods
                .map(|function| OperationView::of(interface, function, Some((object, true)), false))
                .collect(),
            is_stream: matches!(stream_item(object), Some((_, false))),
            is_timed_stream: matches!(stream_item(object), Some((_, true))),
            pages: (object.methods.iter().filter_map(|function| pages(interface, function)))
                .map(|(function, items, _)| PagesView {
                    js: camel(&format!("{}_all", function.name)),
                    method: camel(&function.name),
                    items: camel(&items.name),
                })
                .collect(),
            is_closable: closing(object).is_some(),
            is_closed_at_once: closing(object).is_some_and(|close| !close.is_async),
        }
    }
}

impl OperationView {
    /// A method of the object, an associated function of it, or a free function.
    fn of(
        interface: &Interface,
        function: &Function,
        object: Option<(&Object, bool)>,
        gives_handle: bool,
    ) -> OperationView {
        let is_method = object.is_some_and(|(_, is_method)| is_method);
        let first = usize::from(is_method);
        let arguments: Vec<ArgumentView> = (function.arguments.iter().enumerate())
            .map(|(index, argument)| ArgumentView {
                place: first + index,
                name: rust_name(&argument.name),
                ty: rust_type(&argument.ty),
                default: rust_default(interface, &argument.ty, argument.default.as_ref()),
                js: js_variable(&camel(&argument.name)),
                may_be_empty: may_be_empty(interface, &argument.ty),
            })
            .collect();
        let passed: Vec<String> = (function.arguments.iter().zip(&arguments))
            .map(
                |(argument, view)| {
                    if argument.by_ref { format!("&{}", view.name) } else { view.name.clone() }
                },
            )
            .collect();
        let rust = rust_name(&function.name);
        let path = match object {
            Some(_) if is_method => format!("this.{rust}"),
            Some((object, _)) => format!("core::{}::{rust}", object.name),
            None => format!("core::{rust}"),
        };
        let name = match object {
            Some((object, _)) => format!("{}_{}", snake(&object.name), function.name),
            None => function.name.clone(),
        };
        OperationView {
            name,
            // `new` is JavaScript's own word; an asynchronous one cannot be it.
            js: if function.name == "new" { "create".to_string() } else { camel(&function.name) },
            is_async: function.is_async,
            is_wait: is_wait(function),
            this: object.filter(|_| is_method).map(|(object, _)| object.name.clone()),
            arguments,
            call: format!("{path}({})", passed.join(", ")),
            throws: function.throws,
            returns_nothing: function.returns.is_none(),
            gives_handle,
        }
    }

    /// What JavaScript's function takes.
    fn js_parameters(&self) -> String {
        let options = self.is_wait.then_some("options");
        let arguments = self.arguments.iter().map(|argument| argument.js.as_str());
        arguments.chain(options).collect::<Vec<_>>().join(", ")
    }

    /// What a function that waits for nothing takes.
    fn js_arguments(&self) -> String {
        self.arguments.iter().map(|argument| argument.js.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What is passed on from JavaScript, without the handle.
    fn js_given(&self) -> String {
        let given = |argument: &ArgumentView| {
            if argument.may_be_empty { format!("{} ?? {{}}", argument.js) } else { argument.js.clone() }
        };
        self.arguments.iter().map(given).collect::<Vec<_>>().join(", ")
    }

    /// The same after the handle, if there is one.
    fn js_passed(&self) -> String {
        match (self.this.is_some(), self.arguments.is_empty()) {
            (true, true) => "this.#handle".to_string(),
            (true, false) => format!("this.#handle, {}", self.js_given()),
            (false, _) => self.js_given(),
        }
    }
}

/// Whether it is a record in which everything may be left out: then there need not be one.
fn may_be_empty(interface: &Interface, ty: &Type) -> bool {
    let Type::Record(name) = ty.unboxed() else { return false };
    interface.record(name).fields.iter().all(|field| field.default.is_some() || field.ty.is_optional())
}

/// Whether it is JavaScript's `new`.
fn is_js_constructor(function: &Function) -> bool {
    function.name == "new" && !function.is_async
}

/// What a stream gives, and whether it is asked with a time: an object is one if its asynchronous `next` takes nothing, or a
/// time, and returns an option.
fn stream_item(object: &Object) -> Option<(&Type, bool)> {
    let next = object.methods.iter().find(|x| x.name == "next" && x.is_async)?;
    let is_timed = match next.arguments.as_slice() {
        [] => false,
        _ if is_wait(next) && next.arguments.len() == 1 => true,
        _ => return None,
    };
    match next.returns.as_ref()?.unboxed() {
        Type::Optional(item) => Some((item, is_timed)),
        _ => None,
    }
}

/// Whether it only waits for something that happens anyway, at most so long.
fn is_wait(function: &Function) -> bool {
    function.is_async && function.arguments.last().is_some_and(|argument| argument.name == "timeout_ms")
}

/// A method that gives pages, with the field of a page that is the list, and what is in it: it takes a record with `after`,
/// and returns one with a list and `next`.
fn pages<'a>(
    interface: &'a Interface,
    function: &'a Function,
) -> Option<(&'a Function, &'a Field, &'a Type)> {
    let ([argument], Some(Type::Record(page))) = (function.arguments.as_slice(), &function.returns) else {
        return None;
    };
    let Type::Record(request) = &argument.ty else { return None };
    let (request, page) = (interface.record(request), interface.record(page));
    let cursor = |field: &&Field| field.ty == Type::Optional(Box::new(Type::String));
    let has_after = request.fields.iter().filter(cursor).any(|field| field.name == "after");
    let has_next = page.fields.iter().filter(cursor).any(|field| field.name == "next");
    let mut lists = page.fields.iter().filter_map(|field| match &field.ty {
        Type::List(inner) => Some((field, &**inner)),
        _ => None,
    });
    match (lists.next(), lists.next(), has_after && has_next && function.is_async) {
        (Some((items, found)), None, true) => Some((function, items, found)),
        _ => None,
    }
}

fn closing(object: &Object) -> Option<&Function> {
    object.methods.iter().find(|x| x.name == "close" && x.arguments.is_empty())
}

fn error_class(kind: &str) -> String {
    format!("{kind}Error")
}

/// Words that Rust keeps for itself are written raw.
fn rust_name(name: &str) -> String {
    if syn::parse_str::<syn::Ident>(name).is_ok() { name.to_string() } else { format!("r#{name}") }
}

/// Words that JavaScript keeps for itself, in modules and strict code too.
const JS_WORDS: &[&str] = &[
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

fn js_variable(name: &str) -> String {
    if JS_WORDS.contains(&name) { format!("{name}_") } else { name.to_string() }
}

fn rust_type(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_string(),
        Type::U8 => "u8".to_string(),
        Type::U16 => "u16".to_string(),
        Type::U32 => "u32".to_string(),
        Type::U64 => "u64".to_string(),
        Type::I8 => "i8".to_string(),
        Type::I16 => "i16".to_string(),
        Type::I32 => "i32".to_string(),
        Type::I64 => "i64".to_string(),
        Type::String => "String".to_string(),
        Type::Bytes => "Vec<u8>".to_string(),
        Type::Decimal => "core::Decimal".to_string(),
        Type::Timestamp => "core::Timestamp".to_string(),
        Type::Record(name) | Type::Enum(name) => format!("core::{name}"),
        Type::Object(name) => format!("Arc<core::{name}>"),
        Type::Optional(inner) => format!("Option<{}>", rust_type(inner)),
        Type::List(inner) => format!("Vec<{}>", rust_type(inner)),
        Type::Map => "HashMap<String, String>".to_string(),
        Type::Boxed(inner) => format!("Box<{}>", rust_type(inner)),
        Type::Unsupported(what) => unreachable!("{what} is refused before anything is written"),
    }
}

/// The value in Rust; none where the conversion of an option gives it anyway.
fn rust_default(interface: &Interface, ty: &Type, default: Option<&Default>) -> Option<String> {
    Some(match default? {
        Default::None => return None,
        Default::Bool(value) => value.to_string(),
        Default::Integer(value) => value.to_string(),
        Default::Text(text) if text.is_empty() => "String::new()".to_string(),
        Default::Text(text) => format!("{text:?}.to_string()"),
        Default::EmptyList | Default::EmptyBytes => "Vec::new()".to_string(),
        Default::EmptyMap => "HashMap::new()".to_string(),
        Default::Variant(variant) => match ty.innermost() {
            Type::Enum(name) => format!("core::{}::{variant}", interface.enumeration(name).name),
            other => unreachable!("{variant} of {other:?} is refused before anything is written"),
        },
        Default::Some(inner) => match ty.unboxed() {
            Type::Optional(inner_type) => {
                format!("Some({})", rust_default(interface, inner_type, Some(inner)).unwrap_or("None".into()))
            }
            other => unreachable!("`Some` of {other:?} is refused before anything is written"),
        },
        Default::Unsupported(what) => unreachable!("{what} is refused before anything is written"),
    })
}

/// Tells whether two sets of files were generated together (FNV-1a, which is the same everywhere).
fn fingerprint(files: &[GeneratedFile]) -> String {
    let bytes = files.iter().flat_map(|file| file.text.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ir::{Argument, ErrorEnum, Record, Variant};

    fn field(name: &str, ty: Type, default: Option<Default>) -> Field {
        Field { name: name.into(), ty, default, docs: "Docs.".into() }
    }

    fn interface() -> Interface {
        Interface {
            version: "1.2.3".into(),
            records: vec![Record {
                name: "CysendOrder".into(),
                module: "cysend".into(),
                docs: "An order. */ not an end".into(),
                fields: vec![
                    field("class", Type::String, None),
                    field("type", Type::String, None),
                    field("face_value", Type::Decimal, None),
                    field("retries", Type::U32, Some(Default::Integer(2))),
                    field("note", Type::Optional(Box::new(Type::String)), Some(Default::None)),
                ],
            }],
            error: ErrorEnum {
                name: "TillgateError".into(),
                module: "error".into(),
                docs: "Everything.".into(),
                variants: vec![Variant {
                    name: "InvalidArgument".into(),
                    number: Some(1),
                    wire: "invalid_argument".into(),
                    docs: "An argument.".into(),
                    fields: vec![field(
                        "details",
                        Type::Boxed(Box::new(Type::Record("CysendOrder".into()))),
                        None,
                    )],
                }],
            },
            objects: vec![Object {
                name: "CysendClient".into(),
                module: "cysend".into(),
                docs: "A client.".into(),
                constructors: vec![],
                methods: vec![Function {
                    name: "create_order".into(),
                    module: "cysend".into(),
                    docs: "Orders.".into(),
                    is_async: true,
                    throws: true,
                    arguments: vec![Argument {
                        name: "order".into(),
                        ty: Type::Record("CysendOrder".into()),
                        by_ref: false,
                        default: None,
                    }],
                    returns: Some(Type::Record("CysendOrder".into())),
                }],
            }],
            ..Interface::default()
        }
    }

    fn written() -> BTreeMap<String, String> {
        let files = generate(&interface()).unwrap();
        files.into_iter().map(|file| (file.path.to_string(), file.text)).collect()
    }

    #[test]
    fn a_record_is_opened_and_made_in_the_order_of_its_fields() {
        let js = &written()["bindings-node/js/generated/cysend.js"];
        assert!(js.contains("({ class: next(), type: next(), faceValue: next(), "), "{js}");
        assert!(js.contains("[it.class, it.type, it.faceValue, it.retries, it.note]"), "{js}");
        let rust = &written()["bindings-node/src/generated/cysend.rs"];
        assert!(rust.contains("class,\n    r#type,\n    face_value,\n    retries = 2,\n    note,"), "{rust}");
    }

    #[test]
    fn what_may_be_left_out_is_optional_only_on_the_way_in() {
        let types = &written()["bindings-node/js/generated/cysend.d.ts"];
        let (output, input) = types.split_once("export interface CysendOrderInput").expect(types);
        assert!(output.contains("note: string | null"), "{types}");
        assert!(output.contains("retries: number"), "{types}");
        assert!(input.contains("note?: string | null | undefined"), "{types}");
        assert!(input.contains("retries?: number | null | undefined"), "{types}");
        assert!(input.contains("createOrder(order: CysendOrderInput): Promise<CysendOrder>"), "{types}");
    }

    #[test]
    fn docs_cannot_end_the_comment_they_stand_in() {
        let types = &written()["bindings-node/js/generated/cysend.d.ts"];
        assert!(types.contains("An order. *\\/ not an end"), "{types}");
    }

    #[test]
    fn both_sides_carry_the_same_fingerprint() {
        let all = written();
        let (js, rust) =
            (&all["bindings-node/js/generated/index.js"], &all["bindings-node/src/generated/mod.rs"]);
        let print = js.split("fingerprint = '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
        assert!(print.len() == 16 && rust.contains(print), "{js}\n{rust}");
    }
}
