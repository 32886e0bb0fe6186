//! Docs of core in a language's words: what stands between backticks is named as it is named there.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{Enum, Function, Interface, Type, Variant};
use crate::lint::GATEWAYS;

/// What begins a gateway's own name of something that has another one here.
const GATEWAYS_NAME: &str = "(CY.SEND: ";

/// How a language writes what docs name.
pub struct Spelling {
    /// A method, a function, an argument or a field, of which core's name is given.
    pub name: fn(&str) -> String,
    /// A kind of error.
    pub kind: fn(&Variant) -> String,
    /// A value of an enumeration; nothing if the language has none for it.
    pub value: fn(&Enum, &Variant) -> Option<String>,
}

/// The interface with its docs in a language's words.
pub fn spoken(interface: &Interface, spelling: &Spelling) -> Interface {
    let words = Words::of(interface, spelling);
    let mut spoken = interface.clone();
    each_docs(&mut spoken, interface, &mut |docs, within_reach| {
        *docs = words.translated(docs, within_reach);
    });
    spoken
}

/// All docs, in an order that depends on nothing but the interface.
pub fn all_docs(interface: &Interface) -> Vec<String> {
    let mut all = Vec::new();
    each_docs(&mut interface.clone(), interface, &mut |docs, _| all.push(docs.clone()));
    all
}

/// Calls with the docs of each item, and with the enumerations that these docs may name values of without saying whose they are:
/// an enumeration's own; of a field, its type's; of a record, its fields'; of a function, its arguments' and their fields'.
fn each_docs<'a>(
    docs_of: &mut Interface,
    interface: &'a Interface,
    call: &mut dyn FnMut(&mut String, &[&'a Enum]),
) {
    let of_type = |ty: &Type| match ty.innermost() {
        Type::Enum(name) => interface.find_enumeration(name),
        _ => None,
    };
    let of_record = |ty: &Type| match ty.innermost() {
        Type::Record(name) => interface.find_record(name).map_or(&[][..], |record| &record.fields),
        _ => &[],
    };
    let of_function = |function: &Function| -> Vec<&'a Enum> {
        let arguments = function.arguments.iter().map(|argument| &argument.ty);
        arguments
            .flat_map(|ty| of_type(ty).into_iter().chain(of_record(ty).iter().filter_map(|f| of_type(&f.ty))))
            .collect()
    };
    for record in &mut docs_of.records {
        let all: Vec<_> = record.fields.iter().filter_map(|field| of_type(&field.ty)).collect();
        call(&mut record.docs, &all);
        for field in &mut record.fields {
            call(&mut field.docs, of_type(&field.ty).as_slice());
        }
    }
    for (item, own) in docs_of.enums.iter_mut().zip(&interface.enums) {
        call(&mut item.docs, &[own]);
        for variant in &mut item.variants {
            call(&mut variant.docs, &[own]);
            for field in &mut variant.fields {
                call(&mut field.docs, of_type(&field.ty).as_slice());
            }
        }
    }
    call(&mut docs_of.error.docs, &[]);
    for variant in &mut docs_of.error.variants {
        call(&mut variant.docs, &[]);
        variant.fields.iter_mut().for_each(|field| call(&mut field.docs, &[]));
    }
    for object in &mut docs_of.objects {
        call(&mut object.docs, &[]);
        for function in object.constructors.iter_mut().chain(&mut object.methods) {
            let all = of_function(function);
            call(&mut function.docs, &all);
        }
    }
    for function in &mut docs_of.functions {
        let all = of_function(function);
        call(&mut function.docs, &all);
    }
}

struct Words<'a> {
    spelling: &'a Spelling,
    /// Ours, in snake_case: methods, functions, arguments, and fields that no gateway named.
    own: BTreeSet<&'a str>,
    /// Kinds of error, by Rust's name.
    kinds: BTreeMap<&'a str, &'a Variant>,
    enums: &'a [Enum],
}

impl<'a> Words<'a> {
    fn of(interface: &'a Interface, spelling: &'a Spelling) -> Self {
        let records = interface.records.iter().filter(|record| !is_of_a_gateway(&record.name));
        let mut own: BTreeSet<&str> = records.flat_map(|x| &x.fields).map(|field| &*field.name).collect();
        for function in interface.all_functions() {
            own.insert(&function.name);
            own.extend(function.arguments.iter().map(|argument| &*argument.name));
        }
        let kinds = interface.error.variants.iter().map(|variant| (&*variant.name, variant)).collect();
        Self { spelling, own, kinds, enums: &interface.enums }
    }

    fn translated(&self, docs: &str, within_reach: &[&Enum]) -> String {
        let mut is_the_gateways = false;
        let parts = docs.split('`').enumerate().map(|(index, part)| {
            let is_code = index % 2 == 1;
            if !is_code {
                is_the_gateways = names_the_gateways(part, is_the_gateways);
            }
            if is_code && !is_the_gateways { self.code(part, within_reach) } else { part.to_string() }
        });
        parts.collect::<Vec<_>>().join("`")
    }

    /// A text between backticks: a value, a kind of error, or anything else word by word.
    fn code(&self, text: &str, within_reach: &[&Enum]) -> String {
        let text = text.replace("::", ".");
        if let Some(value) = self.value(&text, within_reach) {
            return value;
        }
        if let Some(kind) = self.kinds.get(text.as_str()) {
            return (self.spelling.kind)(kind);
        }
        let mut code = String::new();
        let mut word = String::new();
        for letter in text.chars() {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                word.push(letter);
            } else {
                code += &self.word(&std::mem::take(&mut word));
                code.push(letter);
            }
        }
        code + &self.word(&word)
    }

    /// A value that is named with its enumeration, or alone where that one is within reach.
    fn value(&self, text: &str, within_reach: &[&Enum]) -> Option<String> {
        let spelled = |item: &Enum, name: &str| {
            let variant = item.variants.iter().find(|variant| variant.name == name)?;
            (self.spelling.value)(item, variant)
        };
        match text.split_once('.') {
            Some((of, name)) => spelled(self.enums.iter().find(|item| item.name == of)?, name),
            None => within_reach.iter().find_map(|item| spelled(item, text)),
        }
    }

    fn word(&self, word: &str) -> String {
        if self.own.contains(word) { (self.spelling.name)(word) } else { word.to_string() }
    }
}

/// Whether a gateway's name of something follows: `(CY.SEND: ` begins it, and the bracket's end or a semicolon ends it.
fn names_the_gateways(text: &str, before: bool) -> bool {
    match (text.rfind(GATEWAYS_NAME), text.rfind([')', ';'])) {
        (Some(begin), Some(end)) => begin > end,
        (begin, end) => begin.is_some() || (before && end.is_none()),
    }
}

/// Types of a gateway speak of its own names, which stay as it writes them.
fn is_of_a_gateway(name: &str) -> bool {
    GATEWAYS.iter().any(|(_, prefix)| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Argument, ErrorEnum, Field, Record};

    const LOUD: Spelling = Spelling {
        name: |name| name.to_uppercase(),
        kind: |kind| format!("{}Error", kind.name),
        value: |item, value| (value.name != "Other").then(|| format!("{}/{}", item.name, value.wire)),
    };

    fn field(name: &str, ty: Type, docs: &str) -> Field {
        Field { name: name.into(), ty, default: None, docs: docs.into() }
    }

    fn record(name: &str, docs: &str, fields: Vec<Field>) -> Record {
        Record { name: name.into(), docs: docs.into(), fields, ..Record::default() }
    }

    fn variant(name: &str) -> Variant {
        Variant { name: name.into(), wire: name.to_lowercase(), ..Variant::default() }
    }

    fn interface() -> Interface {
        let state = || Type::Enum("State".into());
        Interface {
            records: vec![
                record("CysendOrder", "", vec![field("user_uid", Type::String, "Not `Ended`.")]),
                record(
                    "Decision",
                    "See `Till::look_up` and `callback_url`, [`TooLate`], `user_uid`; not look_up.",
                    vec![field("callback_url", state(), "`Ended`, `Other` or `TooLate`.")],
                ),
            ],
            enums: vec![Enum {
                name: "State".into(),
                docs: "Not `Closed`.".into(),
                variants: vec![variant("Ended"), variant("Other")],
                ..Enum::default()
            }],
            error: ErrorEnum { variants: vec![variant("TooLate")], ..ErrorEnum::default() },
            functions: vec![Function {
                name: "look_up".into(),
                docs: "Is `Ended`, not `Order.Ended`.".into(),
                arguments: vec![Argument {
                    name: "decision".into(),
                    ty: Type::Record("Decision".into()),
                    by_ref: false,
                    default: None,
                }],
                ..Function::default()
            }],
            ..Interface::default()
        }
    }

    #[test]
    fn names_are_the_languages_and_a_gateways_own_stay() {
        let docs = &spoken(&interface(), &LOUD).records[1].docs;
        assert_eq!(docs, "See `Till.LOOK_UP` and `CALLBACK_URL`, [`TooLateError`], `user_uid`; not look_up.");
    }

    #[test]
    fn what_a_gateway_calls_it_stays() {
        let interface = interface();
        let words = Words::of(&interface, &LOUD);
        let docs = "`look_up` (CY.SEND: ISO `look_up`, `decision`; `look_up`) (CY.SEND: `look_up`) `look_up`";
        let translated =
            "`LOOK_UP` (CY.SEND: ISO `look_up`, `decision`; `LOOK_UP`) (CY.SEND: `look_up`) `LOOK_UP`";
        assert_eq!(words.translated(docs, &[]), translated);
    }

    #[test]
    fn values_are_named_where_their_enumeration_is_meant() {
        let interface = interface();
        let spoken = spoken(&interface, &LOUD);
        assert_eq!(spoken.records[0].fields[0].docs, "Not `Ended`.");
        assert_eq!(spoken.records[1].fields[0].docs, "`State/ended`, `Other` or `TooLateError`.");
        assert_eq!(spoken.functions[0].docs, "Is `State/ended`, not `Order.Ended`.");
        assert_eq!(Words::of(&interface, &LOUD).translated("`State::Ended`", &[]), "`State/ended`");
    }

    #[test]
    fn all_docs_stand_in_one_order() {
        let (plain, spoken) = (all_docs(&interface()), all_docs(&spoken(&interface(), &LOUD)));
        assert_eq!(plain.len(), spoken.len());
        assert_eq!(plain.iter().filter(|docs| spoken.contains(docs)).count(), plain.len() - 3);
    }
}
