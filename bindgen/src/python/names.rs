//! How things of core are called in Python.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::ir::{Enum, EnumKind, Function, Interface, Object, Type, Variant, shouty};

/// The module that a generated class lives in; the package shows all of them as its own.
pub fn module_path(module: &str) -> String {
    format!("tillgate._generated.{module}")
}

/// Python's keywords, and what an annotation in the same class body would no longer find.
const RESERVED: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "self",
];

/// Exceptions that Python has; ours are none of these, lest `except TimeoutError: try again` buys twice.
const BUILTIN_EXCEPTIONS: &[&str] = &[
    "TimeoutError",
    "ConnectionError",
    "PermissionError",
    "SystemError",
    "RuntimeError",
    "ValueError",
    "TypeError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "OSError",
    "ImportError",
    "Exception",
];

/// A field, argument or method.
pub fn attribute(name: &str) -> String {
    if RESERVED.contains(&name) { format!("{name}_") } else { name.to_string() }
}

/// A member of an enumeration, or a constant. `NotSent` is `NOT_SENT`.
pub fn constant(variant: &Variant) -> String {
    shouty(&variant.name)
}

/// The class of a variant with fields.
pub fn variant_class(item: &Enum, variant: &Variant) -> String {
    format!("{}{}", item.name, variant.name)
}

/// The exception of a kind of error.
pub fn exception(variant: &Variant) -> String {
    let name =
        if variant.name.ends_with("Error") { variant.name.clone() } else { format!("{}Error", variant.name) };
    if BUILTIN_EXCEPTIONS.contains(&name.as_str()) { format!("Tillgate{name}") } else { name }
}

/// Whether anything of the object waits: such an object has a second class, for asyncio.
pub fn has_two_faces(object: &Object) -> bool {
    object.constructors.iter().chain(&object.methods).any(|function| function.is_async)
}

/// Whether a method is asked for something it has: no arguments, no failure, no wait. Python calls such a method natively.
pub fn is_question(method: &Function) -> bool {
    let plain = method.arguments.is_empty() && !method.is_async && !method.throws;
    // An object needs the generated method, which knows which of its two classes is meant.
    plain && method.returns.as_ref().is_some_and(|returns| !matches!(returns.innermost(), Type::Object(_)))
}

/// The classes and functions of each module, by name.
pub fn public(interface: &Interface) -> Vec<(String, &str)> {
    let mut all = Vec::new();
    for record in &interface.records {
        all.push((record.name.clone(), record.module.as_str()));
    }
    for item in &interface.enums {
        all.push((item.name.clone(), item.module.as_str()));
        if item.kind == EnumKind::Data {
            all.extend(
                item.variants.iter().map(|variant| (variant_class(item, variant), item.module.as_str())),
            );
        }
    }
    let error = &interface.error;
    all.push((error.name.clone(), error.module.as_str()));
    all.extend(error.variants.iter().map(|variant| (exception(variant), error.module.as_str())));
    for object in &interface.objects {
        all.push((object.name.clone(), object.module.as_str()));
        if has_two_faces(object) {
            all.push((format!("Async{}", object.name), object.module.as_str()));
        }
    }
    for function in &interface.functions {
        all.push((function.name.clone(), function.module.as_str()));
        if function.is_async {
            all.push((format!("{}_async", function.name), function.module.as_str()));
        }
    }
    all.sort();
    all
}

/// Refuses what would get the same name twice in Python.
pub fn check(interface: &Interface) -> Result<()> {
    let mut seen = BTreeMap::new();
    for (name, module) in public(interface) {
        if let Some(other) = seen.insert(name.clone(), module) {
            bail!("Python would have two things called {name} (in {other} and in {module})");
        }
    }
    let directions = interface.directions();
    for record in &interface.records {
        if !directions.get(&record.name).is_some_and(|directions| directions.out_of_core) {
            continue;
        }
        for field in &record.fields {
            if let Type::Object(name) = field.ty.innermost()
                && has_two_faces(interface.object(name))
            {
                bail!(
                    "{}.{}: Python cannot tell whether {name} or Async{name} is meant; return it by a method",
                    record.name,
                    field.name
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_exception_of_ours_hides_one_of_python() {
        let named = |name: &str| exception(&Variant { name: name.into(), ..Variant::default() });
        assert_eq!(named("Timeout"), "TillgateTimeoutError");
        assert_eq!(named("InvalidArgument"), "InvalidArgumentError");
        assert_eq!(named("IoError"), "IoError");
    }

    #[test]
    fn keywords_get_an_underscore() {
        assert_eq!(attribute("from"), "from_");
        assert_eq!(attribute("id"), "id");
    }
}
