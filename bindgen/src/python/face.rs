//! The classes that people use: Python's own, with annotations and docstrings, over the native half.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use askama::Template;

use super::docs::{Section, WIDTH, docstring};
use super::names;
use crate::ir::{Argument, Default, Enum, EnumKind, Field, Function, Interface, Object, Type, Variant};
use crate::write::GeneratedFile;

const FOLDER: &str = "bindings-python/python/tillgate/_generated";

/// One file per module of core, and the one that says where each name lives.
pub fn write(interface: &Interface, fingerprint: &str) -> Result<Vec<GeneratedFile>> {
    let mut files = Vec::new();
    for module in interface.modules() {
        let mut view = Writer::new(interface, module).module()?;
        view.typing = typing(&view.render()?);
        let text = view.render()?;
        files.push(GeneratedFile::new(format!("{FOLDER}/{module}.py"), tidy(&text)));
    }
    let names = names::public(interface);
    let mut modules = BTreeMap::<&str, Vec<&str>>::new();
    for (name, module) in &names {
        modules.entry(module).or_default().push(name);
    }
    let index = Index { modules, names: &names, fingerprint, version: &interface.version };
    files.push(GeneratedFile::new(format!("{FOLDER}/__init__.py"), tidy(&index.render()?)));
    Ok(files)
}

/// Empty lines as Python's formatters want them: two around what stands at the margin, one elsewhere.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut before = "";
    let mut blank = false;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            blank = true;
            continue;
        }
        let at_margin = !line.starts_with(' ');
        let begins = ["class ", "def ", "async def "].iter().any(|word| line.starts_with(word));
        let goes_on = line.starts_with([')', ']', '}']) || line.starts_with("else:");
        if before.is_empty() {
        } else if at_margin && !goes_on && (begins || before.starts_with(' ')) {
            tidied.push_str("\n\n");
        } else if blank && !before.ends_with(':') {
            tidied.push('\n');
        }
        tidied.push_str(line);
        tidied.push('\n');
        (before, blank) = (line, false);
    }
    tidied
}

/// Types of Python that a method may hide by its name.
const BUILTINS: &[&str] = &["list", "dict"];

/// What annotations may mention of Python itself: where it is, and its name.
const TYPING: &[(&str, &str)] = &[
    ("collections.abc", "AsyncIterator"),
    ("collections.abc", "Iterator"),
    ("collections.abc", "Mapping"),
    ("collections.abc", "Sequence"),
    ("datetime", "datetime"),
    ("decimal", "Decimal"),
    ("typing", "ClassVar"),
    ("typing", "Final"),
    ("typing", "TypeAlias"),
];

/// Imports of those that the text mentions.
fn typing(text: &str) -> Vec<String> {
    let mut modules = BTreeMap::<&str, Vec<&str>>::new();
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    for (module, name) in TYPING.iter().filter(|(_, name)| words.contains(name)) {
        modules.entry(module).or_default().push(name);
    }
    let mut imports = Vec::new();
    if words.contains("builtins") {
        imports.push("    import builtins".to_string());
    }
    imports.extend(
        modules.iter().map(|(module, names)| format!("    from {module} import {}", names.join(", "))),
    );
    imports
}

#[derive(Template)]
#[template(path = "python/index.py.txt", escape = "none")]
struct Index<'a> {
    modules: BTreeMap<&'a str, Vec<&'a str>>,
    names: &'a [(String, &'a str)],
    fingerprint: &'a str,
    version: &'a str,
}

#[derive(Template)]
#[template(path = "python/module.py.txt", escape = "none")]
struct Module<'a> {
    module: &'a str,
    uses_native: bool,
    /// Names from `_runtime`.
    runtime: Vec<&'static str>,
    /// What other modules must be loaded for.
    imports: Vec<String>,
    /// What only type checkers read: of Python, and of other modules.
    typing: Vec<String>,
    typing_imports: Vec<String>,
    open_enums: Vec<Texts>,
    closed_enums: Vec<Texts>,
    records: Vec<Class>,
    unions: Vec<Union>,
    error: Option<Errors>,
    objects: Vec<Face>,
    functions: Vec<Method>,
}

/// An enumeration without fields.
struct Texts {
    name: String,
    docs: String,
    members: Vec<Member>,
}

struct Member {
    name: String,
    text: String,
    docs: String,
}

/// A record, or a variant with fields.
struct Class {
    name: String,
    docs: String,
    slots: String,
    fields: Vec<Slot>,
}

struct Slot {
    name: String,
    /// Its type as a parameter.
    parameter: String,
    /// With the sign before it, or empty.
    default: String,
    /// What becomes of the parameter.
    kept: String,
}

struct Union {
    name: String,
    docs: String,
    variants: Vec<String>,
}

impl Union {
    /// The variants as one type, in brackets if they do not fit on a line.
    fn alternatives(&self) -> String {
        let line = self.variants.join(" | ");
        if self.name.len() + line.len() + " : TypeAlias = ".len() + 3 <= WIDTH {
            return line;
        }
        format!("(\n        {}\n    )", self.variants.join("\n        | "))
    }
}

struct Errors {
    name: String,
    docs: String,
    details: String,
    fields: Vec<String>,
    kinds: Vec<ErrorKind>,
}

struct ErrorKind {
    name: String,
    bases: String,
    docs: String,
    code: String,
    number: i64,
}

/// One of the classes of an object: the one that waits, or the one for asyncio.
struct Face {
    name: String,
    base: &'static str,
    docs: String,
    methods: Vec<Method>,
}

struct Method {
    name: String,
    decorator: Option<String>,
    signature: String,
    docs: String,
    body: Vec<String>,
}

/// How a function is called in Python.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// The calling thread waits.
    Waiting,
    /// The caller awaits.
    Asyncio,
    /// Either, for what is only handed over: a field, an argument.
    Either,
}

struct Writer<'a> {
    interface: &'a Interface,
    module: &'a str,
    /// Names of other modules that annotations mention.
    mentioned: RefCell<BTreeSet<(String, String)>>,
    /// Names of other modules that must be there when this one is loaded.
    needed: RefCell<BTreeSet<(String, String)>>,
}

impl<'a> Writer<'a> {
    fn new(interface: &'a Interface, module: &'a str) -> Self {
        Self { interface, module, mentioned: RefCell::default(), needed: RefCell::default() }
    }

    fn module(&self) -> Result<Module<'a>> {
        let own_enums = |kind| {
            let is_own = move |item: &&Enum| item.module == self.module && item.kind == kind;
            self.interface.enums.iter().filter(is_own)
        };
        let open_enums: Vec<_> = own_enums(EnumKind::Open).map(|item| self.texts(item)).collect();
        let closed_enums: Vec<_> = own_enums(EnumKind::Closed).map(|item| self.texts(item)).collect();
        let mut records = Vec::new();
        for item in own_enums(EnumKind::Data) {
            for variant in &item.variants {
                let name = names::variant_class(item, variant);
                records.push(self.class(name, &variant.docs, &variant.fields));
            }
        }
        for item in self.interface.records.iter().filter(|item| item.module == self.module) {
            records.push(self.class(item.name.clone(), &item.docs, &item.fields));
        }
        let unions: Vec<_> = own_enums(EnumKind::Data).map(|item| self.union(item)).collect();
        let error = (self.interface.error.module == self.module).then(|| self.errors()).transpose()?;
        let mut objects = Vec::new();
        for item in self.interface.objects.iter().filter(|item| item.module == self.module) {
            objects.push(self.face(item, Mode::Waiting)?);
            if names::has_two_faces(item) {
                objects.push(self.face(item, Mode::Asyncio)?);
            }
        }
        let mut functions = Vec::new();
        for item in self.interface.functions.iter().filter(|item| item.module == self.module) {
            functions.push(self.function(item, Mode::Waiting)?);
            if item.is_async {
                functions.push(self.function(item, Mode::Asyncio)?);
            }
        }
        let bases: BTreeSet<_> = objects.iter().map(|face| face.base).collect();
        let mut runtime: Vec<&'static str> = bases.into_iter().collect();
        runtime.extend((!records.is_empty()).then_some("Record"));
        runtime.extend((!closed_enums.is_empty()).then_some("TextEnum"));
        runtime.sort_unstable();
        let needed = self.needed.borrow().clone();
        let mentioned: BTreeSet<_> = self.mentioned.borrow().difference(&needed).cloned().collect();
        Ok(Module {
            module: self.module,
            uses_native: !objects.is_empty() || !functions.is_empty(),
            runtime,
            imports: imports(&needed, ""),
            typing: Vec::new(),
            typing_imports: imports(&mentioned, "    "),
            open_enums,
            closed_enums,
            records,
            unions,
            error,
            objects,
            functions,
        })
    }

    fn texts(&self, item: &Enum) -> Texts {
        let docs = match item.kind {
            EnumKind::Open => {
                format!("{}\n\nThe values are plain strings, and there may be others than these.", item.docs)
            }
            _ => item.docs.clone(),
        };
        let member = |variant: &Variant| Member {
            name: names::constant(variant),
            text: literal(&variant.wire),
            docs: docstring(&variant.docs, &[], 4),
        };
        let members = item.known_variants().map(member).collect();
        Texts { name: item.name.clone(), docs: docstring(&docs, &[], 4), members }
    }

    fn class(&self, name: String, docs: &str, fields: &[Field]) -> Class {
        let slots: Vec<_> =
            fields.iter().map(|field| format!("\"{}\"", names::attribute(&field.name))).collect();
        let slots = match slots.as_slice() {
            [] => "()".to_string(),
            [one] => format!("({one},)"),
            _ if slots.iter().map(|slot| slot.len() + 2).sum::<usize>() < 90 => {
                format!("({})", slots.join(", "))
            }
            _ => format!("(\n        {},\n    )", slots.join(",\n        ")),
        };
        let described = fields.iter().map(|field| (names::attribute(&field.name), self.field_docs(field)));
        let attributes = Section { title: "Attributes", entries: described.collect() };
        Class {
            name,
            docs: docstring(docs, &[attributes], 4),
            slots,
            fields: fields.iter().map(|field| self.slot(field)).collect(),
        }
    }

    fn field_docs(&self, field: &Field) -> String {
        match field.ty.innermost() {
            Type::Enum(name) if self.interface.enumeration(name).kind == EnumKind::Open => {
                format!("{} See `{name}`.", field.docs.trim())
            }
            _ => field.docs.clone(),
        }
    }

    fn slot(&self, field: &Field) -> Slot {
        let name = names::attribute(&field.name);
        let ty = self.annotation(&field.ty, Mode::Either);
        let (parameter, default, kept) = match (&field.default, field.ty.unboxed()) {
            // A default that can be changed would be shared by all.
            (Some(Default::EmptyList), Type::List(inner)) => (
                format!("Sequence[{}]", self.annotation(inner, Mode::Either)),
                " = ()".to_string(),
                format!("list({name})"),
            ),
            (Some(Default::EmptyMap), _) => (
                "Mapping[str, str] | None".to_string(),
                " = None".to_string(),
                format!("dict({name} or {{}})"),
            ),
            (Some(default), ty_) => (ty, format!(" = {}", self.default(default, ty_)), name.clone()),
            (None, Type::Optional(_)) => (ty, " = None".to_string(), name.clone()),
            (None, _) => (ty, String::new(), name.clone()),
        };
        Slot { name, parameter, default, kept }
    }

    fn union(&self, item: &Enum) -> Union {
        let variants = item.variants.iter().map(|variant| names::variant_class(item, variant)).collect();
        Union { name: item.name.clone(), docs: docstring(&item.docs, &[], 4), variants }
    }

    fn errors(&self) -> Result<Errors> {
        let item = &self.interface.error;
        let details = self.interface.error_details();
        self.mention(&details.name, &details.module);
        let taken = ["code", "number", "details", "args"];
        for field in &details.fields {
            ensure!(
                !taken.contains(&field.name.as_str()),
                "{}.{}: exceptions have this attribute already",
                details.name,
                field.name
            );
        }
        let mut entries = vec![
            ("code".to_string(), "The kind of error, in snake_case, the same in every language.".to_string()),
            ("number".to_string(), "The same as a number.".to_string()),
        ];
        entries
            .extend(details.fields.iter().map(|field| (names::attribute(&field.name), field.docs.clone())));
        let kinds = item
            .variants
            .iter()
            .map(|variant| ErrorKind {
                name: names::exception(variant),
                bases: match variant.name.as_str() {
                    "InvalidArgument" => format!("{}, ValueError", item.name),
                    _ => item.name.clone(),
                },
                docs: docstring(&variant.docs, &[], 4),
                code: variant.wire.clone(),
                number: variant.number.unwrap_or_default(),
            })
            .collect();
        Ok(Errors {
            name: item.name.clone(),
            docs: docstring(&item.docs, &[Section { title: "Attributes", entries }], 4),
            details: details.name.clone(),
            fields: details.fields.iter().map(|field| names::attribute(&field.name)).collect(),
            kinds,
        })
    }

    fn face(&self, item: &Object, mode: Mode) -> Result<Face> {
        let name = self.face_name(item, mode);
        let mut methods = Vec::new();
        for (number, function) in item.constructors.iter().enumerate() {
            methods.push(self.constructor(item, &name, number, function, mode)?);
        }
        for (number, function) in item.methods.iter().enumerate() {
            let asyncio = function.is_async && mode == Mode::Asyncio;
            let call = if asyncio { "self._call_async" } else { "self._call" };
            let mut parts = vec![number.to_string()];
            parts.extend(function.arguments.iter().map(|argument| names::attribute(&argument.name)));
            let decorator = format!("@_native.question_of(\"{}\", {number})", item.name);
            methods.push(Method {
                name: function.name.clone(),
                decorator: names::is_question(function).then_some(decorator),
                signature: self.signature(
                    &names::attribute(&function.name),
                    Some("self"),
                    function,
                    mode,
                    None,
                    4,
                )?,
                docs: docstring(&function.docs, &[], 8),
                body: self.body(&format!("{call}({})", parts.join(", ")), function, mode),
            });
        }
        methods.extend(context(item, &name, mode));
        methods.extend(self.iteration(item, &name, mode));
        for function in &item.methods {
            methods.extend(self.pages(item, function, mode)?);
        }
        let hidden: Vec<_> =
            BUILTINS.iter().filter(|known| item.methods.iter().any(|x| x.name == **known)).collect();
        for method in &mut methods {
            // In the body of such a class the name is the method's.
            for builtin in &hidden {
                method.signature =
                    method.signature.replace(&format!(" {builtin}["), &format!(" builtins.{builtin}["));
            }
        }
        let note = match mode {
            Mode::Either => unreachable!("a class is one or the other"),
            Mode::Asyncio => format!("\n\nFor asyncio; `{}` is the same for threads.", item.name),
            Mode::Waiting if names::has_two_faces(item) => {
                format!("\n\nWaits in the calling thread; `Async{}` is the same for asyncio.", item.name)
            }
            Mode::Waiting => String::new(),
        };
        Ok(Face {
            base: if item.name == "Secret" { "Veiled" } else { "Wrapped" },
            docs: docstring(&format!("{}{note}", item.docs), &[], 4),
            name,
            methods,
        })
    }

    /// `for`, for an object that has a next item: `next()`, after whose last item comes none, or `next(timeout_ms)`, after
    /// whose last item it is closed.
    fn iteration(&self, item: &Object, face: &str, mode: Mode) -> Vec<Method> {
        let Some(next) = item.methods.iter().find(|x| x.name == "next") else { return Vec::new() };
        let Some(Type::Optional(found)) = &next.returns else { return Vec::new() };
        let found = self.annotation(found, mode);
        let (iter, step, end, def) = match mode {
            Mode::Waiting | Mode::Either => ("__iter__", "__next__", "StopIteration", "def"),
            Mode::Asyncio => ("__aiter__", "__anext__", "StopAsyncIteration", "async def"),
        };
        let wait = if next.is_async && mode == Mode::Asyncio { "await " } else { "" };
        let arguments: Vec<_> = next.arguments.iter().map(|argument| argument.name.as_str()).collect();
        let body = match arguments.as_slice() {
            [] => format!("item = {wait}self.next()\nif item is None:\n    raise {end}\nreturn item"),
            ["timeout_ms"] => {
                let variants = &self.interface.error.variants;
                let Some(closed) = variants.iter().find(|variant| variant.name == "Closed") else {
                    return Vec::new();
                };
                let closed = names::exception(closed);
                if self.interface.error.module != self.module {
                    let needed = (self.interface.error.module.clone(), closed.clone());
                    self.needed.borrow_mut().insert(needed);
                }
                format!(
                    "while True:\n    try:\n        item = {wait}self.next({PATIENCE_MS})\n    except {closed}:\n        \
                     raise {end} from None\n    if item is not None:\n        return item"
                )
            }
            _ => return Vec::new(),
        };
        vec![
            added(iter, format!("def {iter}(self) -> {face}:"), "", vec!["return self".into()]),
            added(
                step,
                format!("{def} {step}(self) -> {found}:"),
                "Waits for the next one.",
                body.lines().map(str::to_string).collect(),
            ),
        ]
    }

    /// All items of a method that gives pages: it takes a record with `after`, and returns one with a list and `next`.
    fn pages(&self, item: &Object, function: &Function, mode: Mode) -> Result<Option<Method>> {
        let ([argument], Some(Type::Record(page))) = (function.arguments.as_slice(), &function.returns)
        else {
            return Ok(None);
        };
        let Type::Record(request) = &argument.ty else { return Ok(None) };
        let (request, page) = (self.interface.record(request), self.interface.record(page));
        let cursor = |field: &&Field| field.ty == Type::Optional(Box::new(Type::String));
        let has_after = request.fields.iter().filter(cursor).any(|field| field.name == "after");
        let has_next = page.fields.iter().filter(cursor).any(|field| field.name == "next");
        let mut lists = page.fields.iter().filter_map(|field| match &field.ty {
            Type::List(inner) => Some((field, inner)),
            _ => None,
        });
        let (Some((items, found)), None, true, true) = (lists.next(), lists.next(), has_after, has_next)
        else {
            return Ok(None);
        };
        let name = format!("{}_all", function.name);
        ensure!(
            item.methods.iter().all(|method| method.name != name),
            "{}::{name}: Python has this name for all pages of `{}`",
            item.name,
            function.name
        );
        let (argument, found) = (names::attribute(&argument.name), self.annotation(found, mode));
        let (method, items) = (names::attribute(&function.name), names::attribute(&items.name));
        let asyncio = function.is_async && mode == Mode::Asyncio;
        let (def, iterator, wait) =
            if asyncio { ("async def", "AsyncIterator", "await ") } else { ("def", "Iterator", "") };
        let each = if asyncio {
            format!("    for item in page.{items}:\n        yield item")
        } else {
            format!("    yield from page.{items}")
        };
        let body = format!(
            "page = {wait}self.{method}({argument})\nwhile True:\n{each}\n    if page.next is None:\n        return\n    \
             page = {wait}self.{method}({argument}.__replace__(after=page.next))"
        );
        Ok(Some(added(
            &name,
            format!("{def} {name}(self, {argument}: {}) -> {iterator}[{found}]:", request.name),
            &format!(
                "The same as `{method}`, but all pages one after the other, each fetched when it is needed."
            ),
            body.lines().map(str::to_string).collect(),
        )))
    }

    fn constructor(
        &self,
        item: &Object,
        face: &str,
        number: usize,
        function: &Function,
        mode: Mode,
    ) -> Result<Method> {
        let asyncio = function.is_async && mode == Mode::Asyncio;
        let mut parts = vec![format!("\"{}\"", item.name), number.to_string()];
        parts.extend(function.arguments.iter().map(|argument| names::attribute(&argument.name)));
        let native = if asyncio { "await _native.construct_async" } else { "_native.construct" };
        let call = format!("{native}({})", parts.join(", "));
        let docs = docstring(&function.docs, &[], 8);
        if function.name == "new" && !asyncio {
            let signature = self.signature("__init__", Some("self"), function, mode, Some("None"), 4)?;
            let made = format!("self._adopt({call})");
            let body = if item.name == "Secret" {
                // Tools that show a traceback with its variables show the arguments too.
                let arguments: Vec<String> =
                    function.arguments.iter().map(|argument| names::attribute(&argument.name)).collect();
                let lines = [
                    "try:",
                    &format!("    {made}"),
                    "finally:",
                    &format!("    del {}", arguments.join(", ")),
                ];
                lines.map(str::to_string).to_vec()
            } else {
                vec![made]
            };
            return Ok(Method { name: "__init__".into(), decorator: None, signature, docs, body });
        }
        let name = names::attribute(&function.name);
        Ok(Method {
            signature: self.signature(&name, Some("cls"), function, mode, Some(face), 4)?,
            name,
            decorator: Some("@classmethod".into()),
            docs,
            body: vec![format!("return cls._of({call})")],
        })
    }

    fn function(&self, function: &Function, mode: Mode) -> Result<Method> {
        let asyncio = function.is_async && mode == Mode::Asyncio;
        let name =
            if asyncio { format!("{}_async", function.name) } else { names::attribute(&function.name) };
        let number = self.interface.functions.iter().position(|known| std::ptr::eq(known, function));
        let mut parts = vec![number.context("a function of the interface")?.to_string()];
        parts.extend(function.arguments.iter().map(|argument| names::attribute(&argument.name)));
        let call = if asyncio { "_native.call_async" } else { "_native.call" };
        Ok(Method {
            decorator: None,
            signature: self.signature(&name, None, function, mode, None, 0)?,
            docs: docstring(&function.docs, &[], 4),
            body: self.body(&format!("{call}({})", parts.join(", ")), function, mode),
            name,
        })
    }

    /// What becomes of the result of a call.
    fn body(&self, call: &str, function: &Function, mode: Mode) -> Vec<String> {
        let call = if function.is_async && mode == Mode::Asyncio {
            format!("await {call}")
        } else {
            call.to_string()
        };
        let Some(returns) = &function.returns else { return vec![call] };
        let Type::Object(name) = returns.innermost() else { return vec![format!("return {call}")] };
        let object = self.interface.object(name);
        if !names::has_two_faces(object) {
            return vec![format!("return {call}")];
        }
        // The native half returns a handle: which class it is for, only we know.
        let face = self.face_name(object, mode);
        let mut lines = Vec::new();
        if object.module != self.module {
            lines.push(format!("from .{} import {face}", object.module));
            lines.push(String::new());
        }
        if returns.is_optional() {
            lines.push(format!("handle: _native.Handle | None = {call}"));
            lines.push(format!("return None if handle is None else {face}._of(handle)"));
        } else {
            lines.push(format!("return {face}._of({call})"));
        }
        lines
    }

    fn signature(
        &self,
        name: &str,
        receiver: Option<&str>,
        function: &Function,
        mode: Mode,
        returns: Option<&str>,
        indent: usize,
    ) -> Result<String> {
        let mut parameters: Vec<_> = receiver.map(str::to_string).into_iter().collect();
        let mut has_default = false;
        for argument in &function.arguments {
            let default = self.argument_default(argument);
            ensure!(
                !default.is_empty() || !has_default,
                "{}: in Python no argument without a default can follow one with",
                function.name
            );
            has_default = !default.is_empty();
            let ty = match argument.ty.unboxed() {
                Type::List(inner) => format!("Sequence[{}]", self.annotation(inner, Mode::Either)),
                _ => self.annotation(&argument.ty, Mode::Either),
            };
            parameters.push(format!("{}: {ty}{default}", names::attribute(&argument.name)));
        }
        let returns = match (returns, &function.returns) {
            (Some(returns), _) => returns.to_string(),
            (None, Some(ty)) => self.annotation(ty, mode),
            (None, None) => "None".to_string(),
        };
        let def = if function.is_async && mode == Mode::Asyncio { "async def" } else { "def" };
        let line = format!("{def} {name}({}) -> {returns}:", parameters.join(", "));
        if indent + line.len() <= WIDTH {
            return Ok(line);
        }
        let margin = " ".repeat(indent);
        let parameters: String =
            parameters.iter().map(|parameter| format!("{margin}    {parameter},\n")).collect();
        Ok(format!("{def} {name}(\n{parameters}{margin}) -> {returns}:"))
    }

    fn argument_default(&self, argument: &Argument) -> String {
        match &argument.default {
            None => String::new(),
            Some(Default::EmptyList) => " = ()".to_string(),
            Some(default) => format!(" = {}", self.default(default, argument.ty.unboxed())),
        }
    }

    fn default(&self, default: &Default, ty: &Type) -> String {
        match default {
            Default::None => "None".to_string(),
            Default::Bool(true) => "True".to_string(),
            Default::Bool(false) => "False".to_string(),
            Default::Integer(number) => number.to_string(),
            Default::Text(text) => literal(text),
            Default::EmptyBytes => "b\"\"".to_string(),
            Default::EmptyList => "[]".to_string(),
            Default::EmptyMap => "{}".to_string(),
            Default::Some(inner) => match ty {
                Type::Optional(ty) => self.default(inner, ty.unboxed()),
                _ => self.default(inner, ty),
            },
            Default::Variant(name) => {
                let Type::Enum(owner) = ty.innermost() else {
                    unreachable!("the interface fits defaults to their types")
                };
                let item = self.interface.enumeration(owner);
                let variant = item
                    .variants
                    .iter()
                    .find(|variant| variant.name == *name)
                    .expect("a variant of the type");
                let class = match item.kind {
                    EnumKind::Data => names::variant_class(item, variant),
                    EnumKind::Closed | EnumKind::Open => owner.clone(),
                };
                if item.module != self.module {
                    self.needed.borrow_mut().insert((item.module.clone(), class.clone()));
                }
                match item.kind {
                    EnumKind::Data => format!("{class}()"),
                    EnumKind::Closed | EnumKind::Open => format!("{class}.{}", names::constant(variant)),
                }
            }
            Default::Unsupported(what) => unreachable!("the lint lets no {what} through"),
        }
    }

    fn annotation(&self, ty: &Type, mode: Mode) -> String {
        match ty {
            Type::Bool => "bool".to_string(),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
                "int".to_string()
            }
            Type::String => "str".to_string(),
            Type::Bytes => "bytes".to_string(),
            Type::Decimal => "Decimal".to_string(),
            Type::Timestamp => "datetime".to_string(),
            Type::Map => "dict[str, str]".to_string(),
            Type::Record(name) => {
                self.mention(name, &self.interface.record(name).module);
                name.clone()
            }
            Type::Enum(name) => {
                let item = self.interface.enumeration(name);
                if item.kind == EnumKind::Open {
                    return "str".to_string();
                }
                self.mention(name, &item.module);
                name.clone()
            }
            Type::Object(name) => {
                let object = self.interface.object(name);
                let face = self.face_name(object, mode);
                self.mention(&face, &object.module);
                if mode != Mode::Either || !names::has_two_faces(object) {
                    return face;
                }
                let other = self.face_name(object, Mode::Asyncio);
                self.mention(&other, &object.module);
                format!("{face} | {other}")
            }
            Type::Optional(inner) => format!("{} | None", self.annotation(inner, mode)),
            Type::List(inner) => format!("list[{}]", self.annotation(inner, mode)),
            Type::Boxed(inner) => self.annotation(inner, mode),
            Type::Unsupported(what) => unreachable!("the lint lets no {what} through"),
        }
    }

    fn face_name(&self, object: &Object, mode: Mode) -> String {
        match mode {
            Mode::Asyncio if names::has_two_faces(object) => format!("Async{}", object.name),
            _ => object.name.clone(),
        }
    }

    fn mention(&self, name: &str, module: &str) {
        if module != self.module {
            self.mentioned.borrow_mut().insert((module.to_string(), name.to_string()));
        }
    }
}

/// How long one call of `next` waits when a stream is iterated; then it is called again.
const PATIENCE_MS: u32 = 60_000;

/// A method that is written here and not in core.
fn added(name: &str, signature: String, docs: &str, body: Vec<String>) -> Method {
    Method {
        name: name.to_string(),
        decorator: None,
        signature,
        docs: if docs.is_empty() { String::new() } else { docstring(docs, &[], 8) },
        body,
    }
}

/// `with`, for an object that can be closed.
fn context(item: &Object, face: &str, mode: Mode) -> Vec<Method> {
    let Some(close) = item.methods.iter().find(|x| x.name == "close" && x.arguments.is_empty()) else {
        return Vec::new();
    };
    let (enter, exit, def) = match mode {
        Mode::Waiting | Mode::Either => ("__enter__", "__exit__", "def"),
        Mode::Asyncio => ("__aenter__", "__aexit__", "async def"),
    };
    let wait = if close.is_async && mode == Mode::Asyncio { "await " } else { "" };
    vec![
        added(enter, format!("{def} {enter}(self) -> {face}:"), "", vec!["return self".into()]),
        added(
            exit,
            format!("{def} {exit}(self, *exception: object) -> None:"),
            "",
            vec![format!("{wait}self.close()")],
        ),
    ]
}

/// Import statements, one per module.
fn imports(names: &BTreeSet<(String, String)>, margin: &str) -> Vec<String> {
    let mut modules = BTreeMap::<&str, Vec<&str>>::new();
    for (module, name) in names {
        modules.entry(module).or_default().push(name);
    }
    let statement = |(module, names): (&str, Vec<&str>)| {
        let line = format!("{margin}from .{module} import {}", names.join(", "));
        if line.len() <= WIDTH {
            return line;
        }
        let names: String = names.iter().map(|name| format!("{margin}    {name},\n")).collect();
        format!("{margin}from .{module} import (\n{names}{margin})")
    };
    modules.into_iter().map(statement).collect()
}

/// A string of Python.
fn literal(text: &str) -> String {
    let escaped = text.chars().fold(String::new(), |mut all, c| {
        match c {
            '"' | '\\' => all.extend(['\\', c]),
            '\n' => all.push_str("\\n"),
            _ => all.push(c),
        }
        all
    });
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted() {
        assert_eq!(literal("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    }
}
