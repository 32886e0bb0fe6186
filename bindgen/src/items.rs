//! A list of all that core makes public, with its docs: what every language must offer. The conformance runs hold
//! each language's own list against it.

use serde_json::{Value, json};

use crate::ir::{Function, Interface, snake};

/// A line for each item: what it is, its name (`Till.buy`, `OrderState.needs_review`), and its docs in one line.
pub fn of(interface: &Interface) -> Vec<Value> {
    let mut all = Vec::new();
    let mut add = |kind: &str, name: String, docs: &str| {
        all.push(json!({ "kind": kind, "name": name, "doc": in_one_line(docs) }));
    };
    for record in &interface.records {
        add("record", record.name.clone(), &record.docs);
        for field in &record.fields {
            add("field", format!("{}.{}", record.name, field.name), &field.docs);
        }
    }
    for item in &interface.enums {
        add("enum", item.name.clone(), &item.docs);
        // What is not known yet has no value of its own in languages whose open enumerations are texts.
        for variant in item.variants.iter().filter(|variant| variant.fields.is_empty()) {
            add("value", format!("{}.{}", item.name, snake(&variant.name)), &variant.docs);
        }
    }
    add("error", interface.error.name.clone(), &interface.error.docs);
    for variant in &interface.error.variants {
        add("error", format!("{}.{}", interface.error.name, snake(&variant.name)), &variant.docs);
    }
    for object in &interface.objects {
        add("object", object.name.clone(), &object.docs);
        let functions = |kind, functions: &[Function]| -> Vec<(&str, String, String)> {
            let named =
                functions.iter().map(|f| (kind, format!("{}.{}", object.name, f.name), f.docs.clone()));
            named.collect()
        };
        let constructors = functions("constructor", &object.constructors);
        for (kind, name, docs) in constructors.into_iter().chain(functions("method", &object.methods)) {
            add(kind, name, &docs);
        }
    }
    for function in &interface.functions {
        add("function", function.name.clone(), &function.docs);
    }
    all
}

/// Docs in one line.
fn in_one_line(docs: &str) -> String {
    docs.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{ErrorEnum, Field, Record, Type};

    #[test]
    fn an_item_is_told_with_its_in_one_line() {
        assert_eq!(in_one_line("Sells\none thing.\n\nErrors: none."), "Sells one thing. Errors: none.");
        let field = Field { name: "id".into(), ty: Type::String, default: None, docs: "Its id.".into() };
        let interface = Interface {
            records: vec![Record {
                name: "Order".into(),
                docs: "One.".into(),
                fields: vec![field],
                ..Record::default()
            }],
            error: ErrorEnum { name: "Oh".into(), ..ErrorEnum::default() },
            ..Interface::default()
        };
        let names: Vec<_> =
            of(&interface).iter().map(|item| item["name"].as_str().unwrap().to_string()).collect();
        assert_eq!(names, ["Order", "Order.id", "Oh"]);
    }
}
