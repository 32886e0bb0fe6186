//! Makes the calls that standard input asks for, and prints what came of each as a line of JSON: see `conformance/README.md`.

#[rustfmt::skip]
mod generated;

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use generated::Object;
use serde_json::{Value, json};
use tillgate::{Decimal, Result, Secret, TillgateError, Timestamp};

/// Whose method is called.
pub enum Callee<'a> {
    Class(&'a str),
    Object(&'a Object),
    Library,
}

/// What a call comes to.
pub enum Done {
    Told(Value),
    Made(Object),
}

/// What was given for one call: texts by their places. And the objects that were made.
#[derive(Default)]
pub struct Given {
    texts: HashMap<String, String>,
    objects: HashMap<String, Object>,
}

/// What can be made of texts. What its type cannot hold, no library is ever asked to take.
pub trait Hear: Sized {
    fn hear(given: &Given, at: &str) -> Result<Option<Self>>;
}

/// What can be told as JSON.
pub trait Tell {
    fn tell(&self) -> Value;
}

impl Given {
    /// A record has a line of its own.
    pub fn has(&self, at: &str) -> bool {
        self.texts.contains_key(at)
    }

    pub fn text(&self, at: &str) -> Option<String> {
        self.texts.get(at).cloned()
    }

    pub fn object(&self, at: &str) -> Option<&Object> {
        self.objects.get(self.texts.get(at)?)
    }

    pub fn wrong(&self, at: &str) -> TillgateError {
        let text = self.texts.get(at).map_or("nothing", String::as_str);
        TillgateError::invalid_argument(at, format!("{text:?} is no value of its type"))
    }

    pub fn required<T: Hear>(&self, at: &str, name: &str) -> Result<T> {
        let place = below(at, name);
        T::hear(self, &place)?.ok_or_else(|| self.wrong(&place))
    }

    pub fn or<T: Hear>(&self, at: &str, name: &str, usual: T) -> Result<T> {
        Ok(T::hear(self, &below(at, name))?.unwrap_or(usual))
    }

    fn made<T>(&self, at: &str, make: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        self.texts.get(at).map(|text| make(text).ok_or_else(|| self.wrong(at))).transpose()
    }

    /// As many items as the text says.
    fn items<T>(&self, at: &str, item: impl Fn(String) -> Result<T>) -> Result<Option<Vec<T>>> {
        let Some(length) = self.made(at, |text| text.parse::<usize>().ok())? else { return Ok(None) };
        (0..length).map(|number| item(below(at, &number.to_string()))).collect::<Result<_>>().map(Some)
    }
}

/// The place of a name below another place; arguments are below none.
fn below(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_string() } else { format!("{at}.{name}") }
}

macro_rules! as_it_is {
    ($($type:ty)*) => {$(
        impl Hear for $type {
            fn hear(given: &Given, at: &str) -> Result<Option<Self>> {
                given.made(at, |text| <$type>::from_str(text).ok())
            }
        }
        impl Tell for $type {
            fn tell(&self) -> Value { Value::from(self.clone()) }
        }
    )*};
}
as_it_is!(bool u16 u32 u64 i8 i16 i32 i64 String);

macro_rules! in_words {
    ($($type:ty: |$text:ident| $hear:expr, |$value:ident| $tell:expr;)*) => {$(
        impl Hear for $type {
            fn hear(given: &Given, at: &str) -> Result<Option<Self>> { given.made(at, |$text| $hear) }
        }
        impl Tell for $type {
            fn tell(&self) -> Value { let $value = self; Value::from($tell) }
        }
    )*};
}
in_words! {
    Decimal: |text| Decimal::from_str_exact(text).ok(), |value| value.to_string();
    Timestamp: |text| Timestamp::from_microsecond(text.parse().ok()?).ok(), |value| value.as_microsecond();
    Arc<Secret>: |text| Some(Secret::new(text.to_string())), |value| value.reveal();
    Vec<u8>: |text| text.as_bytes().chunks(2).map(byte).collect(),
        |value| value.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
}

fn byte(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}

macro_rules! of_others {
    ($($type:ty $(, $of:ident)?: |$given:ident, $at:ident| $hear:expr, |$it:ident| $tell:expr;)*) => {$(
        impl$(<$of: Hear>)? Hear for $type {
            fn hear($given: &Given, $at: &str) -> Result<Option<Self>> { $hear }
        }
        impl$(<$of: Tell>)? Tell for $type {
            fn tell(&self) -> Value { let $it = self; $tell }
        }
    )*};
}
of_others! {
    (): |_given, _at| Ok(None), |_nothing| Value::Null;
    Option<T>, T: |given, at| T::hear(given, at).map(Some), |it| it.as_ref().map_or(Value::Null, Tell::tell);
    Vec<T>, T: |given, at| given.items(at, |place| given.required("", &place)), |it| it.iter().map(Tell::tell).collect();
    HashMap<String, String>: |given, at| {
        let pair = |place: String| Ok((given.required(&place, "key")?, given.required(&place, "value")?));
        Ok(given.items(at, pair)?.map(|pairs| pairs.into_iter().collect()))
    }, |it| json!(it.iter().collect::<BTreeMap<_, _>>());
}

fn carry_out(head: &str, given: &mut Given) -> Option<Value> {
    let words: Vec<&str> = head.split(' ').collect();
    let done = match words[..] {
        ["make", _, class, constructor] => generated::call(&Callee::Class(class), constructor, given),
        ["call", "-", function] => generated::call(&Callee::Library, function, given),
        ["call", of, method] | ["derive", _, of, method] => {
            generated::call(&Callee::Object(given.objects.get(of)?), method, given)
        }
        ["drop", name] => given.objects.remove(name).map(|_| Ok(Some(Done::Told(Value::Null))))?,
        _ => return None,
    };
    Some(match done {
        Ok(None) => json!({ "missing": true }),
        Ok(Some(Done::Told(returned))) => json!({ "returned": returned }),
        Ok(Some(Done::Made(object))) => {
            given.objects.insert(words[1].to_string(), object);
            json!({ "returned": null })
        }
        Err(error) => {
            let mut facts = error.details().tell();
            facts["code"] = error.code().into();
            facts["number"] = error.number().into();
            json!({ "returned": null, "error": facts })
        }
    })
}

fn main() -> ExitCode {
    let (mut given, mut head) = (Given::default(), None);
    for line in std::io::stdin().lock().lines().map_while(std::io::Result::ok) {
        match (&head, line.split_once('=')) {
            (None, _) => head = Some(line),
            (Some(_), Some((place, text))) => {
                let text = text.replace("\\\\", "\0").replace("\\n", "\n").replace("\\r", "\r");
                given.texts.insert(place.to_string(), text.replace('\0', "\\"));
            }
            (Some(asked), None) => {
                let Some(told) = carry_out(asked, &mut given) else {
                    eprintln!("this cannot be read: {asked}");
                    return ExitCode::from(2);
                };
                println!("{told}");
                let _ = std::io::stdout().flush();
                (given.texts, head) = (HashMap::new(), None);
            }
        }
    }
    ExitCode::SUCCESS
}
