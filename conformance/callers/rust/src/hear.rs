//! What was given for a call: texts by their places, and values made of them.

use std::collections::HashMap;
use std::sync::Arc;

use tillgate::{Decimal, Secret, Timestamp};

/// The lines of one call. A record has a line of its own, a list one with its length.
#[derive(Default)]
pub struct Given(HashMap<String, String>);

/// What can be made of texts.
pub trait Hear: Sized {
    /// The value at this place, if there is one.
    fn hear(given: &Given, at: &str) -> Result<Option<Self>, String>;
}

impl Given {
    /// Adds a line `place=text`.
    pub fn add(&mut self, line: &str) -> Result<(), String> {
        let (at, text) = line.split_once('=').ok_or_else(|| line.to_string())?;
        let mut plain = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            plain.push(match character {
                '\\' => match characters.next() {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some(other) => other,
                    None => return Err("a line ends with a backslash".to_string()),
                },
                other => other,
            });
        }
        self.0.insert(at.to_string(), plain);
        Ok(())
    }

    pub fn has(&self, at: &str) -> bool {
        self.0.contains_key(at)
    }

    pub fn text(&self, at: &str) -> Option<String> {
        self.0.get(at).cloned()
    }

    pub fn wrong(&self, at: &str) -> String {
        format!("{at}={}", self.0.get(at).map_or("", String::as_str))
    }

    /// The value under this name below `at`.
    pub fn required<T: Hear>(&self, at: &str, name: &str) -> Result<T, String> {
        let place = below(at, name);
        T::hear(self, &place)?.ok_or_else(|| format!("{place} is missing"))
    }

    /// The value under this name below `at`, or what is usual.
    pub fn or<T: Hear>(&self, at: &str, name: &str, usual: T) -> Result<T, String> {
        Ok(T::hear(self, &below(at, name))?.unwrap_or(usual))
    }

    fn parsed<T: std::str::FromStr>(&self, at: &str) -> Result<Option<T>, String> {
        self.0.get(at).map(|text| text.parse().map_err(|_| self.wrong(at))).transpose()
    }
}

/// The place of a name below another place; arguments are below none.
fn below(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_string() } else { format!("{at}.{name}") }
}

macro_rules! parsed {
    ($($type:ty),*) => {$(
        impl Hear for $type {
            fn hear(given: &Given, at: &str) -> Result<Option<Self>, String> {
                given.parsed(at)
            }
        }
    )*};
}

parsed!(bool, u16, u32, u64, i8, i16, i32, i64, Decimal, String);

impl Hear for Timestamp {
    fn hear(given: &Given, at: &str) -> Result<Option<Self>, String> {
        let microseconds = given.parsed(at)?;
        microseconds.map(|it| Self::from_microsecond(it).map_err(|_| given.wrong(at))).transpose()
    }
}

impl Hear for Arc<Secret> {
    fn hear(given: &Given, at: &str) -> Result<Option<Self>, String> {
        Ok(given.text(at).map(Secret::new))
    }
}

impl<T: Hear> Hear for Option<T> {
    fn hear(given: &Given, at: &str) -> Result<Option<Self>, String> {
        T::hear(given, at).map(Some)
    }
}

impl<T: Hear> Hear for Vec<T> {
    fn hear(given: &Given, at: &str) -> Result<Option<Self>, String> {
        let Some(length) = given.parsed::<usize>(at)? else { return Ok(None) };
        (0..length).map(|number| given.required(at, &number.to_string())).collect::<Result<_, _>>().map(Some)
    }
}

impl Hear for Vec<u8> {
    fn hear(given: &Given, at: &str) -> Result<Option<Self>, String> {
        let Some(text) = given.text(at) else { return Ok(None) };
        let byte =
            |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        text.as_bytes().chunks(2).map(byte).collect::<Option<_>>().map(Some).ok_or_else(|| given.wrong(at))
    }
}

impl Hear for HashMap<String, String> {
    fn hear(given: &Given, at: &str) -> Result<Option<Self>, String> {
        let Some(length) = given.parsed::<usize>(at)? else { return Ok(None) };
        let pair = |number: usize| {
            let place = below(at, &number.to_string());
            Ok((given.required(&place, "key")?, given.required(&place, "value")?))
        };
        (0..length).map(pair).collect::<Result<_, _>>().map(Some)
    }
}
