//! How JavaScript takes things out of the values that the addon gives it, one after the other. `bindings-node/js/runtime.js` has what
//! these expressions are made of, and `ToJs::give` of the addon gives the values in the same order.

use crate::ir::{EnumKind, Interface, Type};

/// The expression that takes a value of this type, in the file of this module.
pub fn taken(interface: &Interface, module: &str, ty: &Type) -> String {
    let own = |name: &str, home: &str| {
        let place = if home == module { "exports" } else { home };
        format!("{place}.take{name}()")
    };
    match ty {
        Type::Record(name) => own(name, &interface.record(name).module),
        Type::Enum(name) if interface.enumeration(name).kind == EnumKind::Data => {
            own(name, &interface.enumeration(name).module)
        }
        Type::Object(name) => own(name, &interface.object(name).module),
        Type::Timestamp => "instant()".to_string(),
        Type::Map => "map()".to_string(),
        Type::List(inner) => format!("list({})", taker(interface, module, inner)),
        // A record alone does not tell by its first value whether it is there.
        Type::Optional(inner) if matches!(inner.unboxed(), Type::Record(_)) => {
            format!("option({})", taker(interface, module, inner))
        }
        Type::Optional(inner) | Type::Boxed(inner) => taken(interface, module, inner),
        _ => "next()".to_string(),
    }
}

/// The same as a function.
fn taker(interface: &Interface, module: &str, ty: &Type) -> String {
    let taken = taken(interface, module, ty);
    match taken.strip_suffix("()") {
        Some(name) => name.to_string(),
        None => format!("() => {taken}"),
    }
}

/// The names that an expression begins something with: of functions, and of modules.
pub fn names(taken: &str) -> impl Iterator<Item = &str> {
    taken.split(['(', ')', ' ']).filter_map(|word| word.split('.').next()).filter(|name| !name.is_empty())
}
