//! Docs of core in JavaScript's words: what stands between backticks is named as it is named there.

use std::collections::BTreeSet;

use super::error_class;
use crate::ir::{Interface, Variant, camel};

/// Types with these prefixes speak of a gateway's own names, which stay as the gateway writes them.
const GATEWAYS: &[&str] = &["Cysend", "Cyclos", "Lyra"];

/// The interface with its docs in JavaScript's words.
pub fn in_javascript(interface: &Interface) -> Interface {
    let words = Words::of(interface);
    let mut interface = interface.clone();
    let variants = |variants: &mut Vec<Variant>| {
        for variant in variants {
            words.translate(&mut variant.docs);
            variant.fields.iter_mut().for_each(|field| words.translate(&mut field.docs));
        }
    };
    for record in &mut interface.records {
        words.translate(&mut record.docs);
        record.fields.iter_mut().for_each(|field| words.translate(&mut field.docs));
    }
    for item in &mut interface.enums {
        words.translate(&mut item.docs);
        variants(&mut item.variants);
    }
    words.translate(&mut interface.error.docs);
    variants(&mut interface.error.variants);
    for object in &mut interface.objects {
        words.translate(&mut object.docs);
        let functions = object.constructors.iter_mut().chain(&mut object.methods);
        functions.for_each(|function| words.translate(&mut function.docs));
    }
    interface.functions.iter_mut().for_each(|function| words.translate(&mut function.docs));
    interface
}

struct Words {
    /// Ours, in snake_case: methods, functions, arguments, and fields that no gateway named.
    own: BTreeSet<String>,
    /// Kinds of error, which are classes.
    kinds: BTreeSet<String>,
}

impl Words {
    fn of(interface: &Interface) -> Self {
        let records = interface.records.iter().filter(|record| !is_of_a_gateway(&record.name));
        let mut own: BTreeSet<String> =
            records.flat_map(|x| &x.fields).map(|field| field.name.clone()).collect();
        let methods = interface.objects.iter().flat_map(|x| x.constructors.iter().chain(&x.methods));
        for function in methods.chain(&interface.functions) {
            own.insert(function.name.clone());
            own.extend(function.arguments.iter().map(|argument| argument.name.clone()));
        }
        let kinds = interface.error.variants.iter().map(|variant| variant.name.clone()).collect();
        Self { own, kinds }
    }

    fn translate(&self, docs: &mut String) {
        let plain = docs.replace("[`", "`").replace("`]", "`");
        let parts: Vec<String> = (plain.split('`').enumerate())
            .map(|(index, part)| if index % 2 == 1 { self.code(part) } else { part.to_string() })
            .collect();
        *docs = parts.join("`");
    }

    /// A text between backticks, word by word.
    fn code(&self, text: &str) -> String {
        if self.kinds.contains(text) {
            return error_class(text);
        }
        let mut code = String::new();
        let mut word = String::new();
        for letter in text.replace("::", ".").chars() {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                word.push(letter);
            } else {
                code += &self.word(&std::mem::take(&mut word));
                code.push(letter);
            }
        }
        code + &self.word(&word)
    }

    fn word(&self, word: &str) -> String {
        if self.own.contains(word) { camel(word) } else { word.to_string() }
    }
}

fn is_of_a_gateway(name: &str) -> bool {
    GATEWAYS.iter().any(|gateway| name.starts_with(gateway))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{ErrorEnum, Field, Record, Type};

    #[test]
    fn names_are_javascripts_and_a_gateways_own_stay() {
        let field =
            |name: &str| Field { name: name.into(), ty: Type::String, default: None, docs: String::new() };
        let record = |name: &str, field_name: &str| Record {
            name: name.into(),
            docs: "See `Till::look_up` and `callback_url`, [`TooLate`], `user_uid`; not look_up.".into(),
            fields: vec![field(field_name)],
            ..Record::default()
        };
        let interface = Interface {
            records: vec![
                record("CysendOrder", "user_uid"),
                record("Order", "callback_url"),
                record("Look", "look_up"),
            ],
            error: ErrorEnum {
                variants: vec![Variant { name: "TooLate".into(), ..Variant::default() }],
                ..ErrorEnum::default()
            },
            ..Interface::default()
        };
        let docs = &in_javascript(&interface).records[0].docs;
        assert_eq!(docs, "See `Till.lookUp` and `callbackUrl`, `TooLateError`, `user_uid`; not look_up.");
    }
}
