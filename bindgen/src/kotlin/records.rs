//! Records that print less than they hold, as core does it: never what may be a secret without saying so.

use crate::ir::{Interface, Record, Type, camel};

/// How a field is printed, where it is not simply its value.
enum Manner {
    /// Without a user and password in it.
    Address,
    /// The scheme and the host: whoever knows the path can forge a callback.
    Origin,
    /// The origin if it is an address.
    Destination,
    /// The number of bytes.
    Size,
    /// The names without the values: what a field means that nobody knows, nobody knows.
    Names,
}

/// The `toString` of a record in which something is printed in part; nothing where all of it may be seen.
pub fn to_string(record: &Record) -> Option<String> {
    if record.fields.iter().all(|field| manner(&field.name, &field.ty).is_none()) {
        return None;
    }
    let fields = record.fields.iter().map(|field| {
        let name = camel(&field.name);
        let shown = match manner(&field.name, &field.ty) {
            None => format!("this.`{name}`"),
            Some(Manner::Address) => format!("shownAddress(this.`{name}`)"),
            Some(Manner::Origin) => format!("shownOrigin(this.`{name}`)"),
            Some(Manner::Destination) => format!("shownDestination(this.`{name}`)"),
            Some(Manner::Size) => format!("shownSize(this.`{name}`)"),
            Some(Manner::Names) => format!("this.`{name}`.keys"),
        };
        format!("{name}=${{{shown}}}")
    });
    let fields = fields.collect::<Vec<_>>().join(", ");
    Some(format!("    override fun toString(): String =\n        \"{}({fields})\"\n\n", record.name))
}

/// By the names that core uses for what it does not print.
fn manner(name: &str, ty: &Type) -> Option<Manner> {
    let plain = match ty.unboxed() {
        Type::Optional(inner) => inner.unboxed(),
        other => other,
    };
    match (name, plain) {
        (_, Type::Bytes) => Some(Manner::Size),
        ("extra", Type::Map) => Some(Manner::Names),
        ("base_url" | "public_url" | "url", Type::String) => Some(Manner::Address),
        ("callback_url", Type::String) => Some(Manner::Origin),
        ("value", Type::String) => Some(Manner::Destination),
        _ => None,
    }
}

/// Each record that prints less than it holds, with what prints it.
pub fn shown_in_part(interface: &Interface) -> impl Iterator<Item = (&str, String)> {
    interface.records.iter().filter_map(|record| Some((record.name.as_str(), to_string(record)?)))
}
