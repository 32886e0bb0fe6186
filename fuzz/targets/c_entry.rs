//! C's functions, called as a careless host would: NULL where something must be, texts that are no UTF-8, structs of other sizes,
//! numbers that no enumeration has, lists that say they are endless. All memory is what it claims to be; all else is not.
//!
//! * Nothing crashes (run it under Valgrind, too), and nothing is told as `internal`: that would be a panic.
//! * Whatever is wrong in one of these ways is told as `invalid_argument`, whatever else is wrong.
//! * The status is a number of the header, the error says the same, and results are written only on success.
//!
//! The binding's files are compiled into this program, so that libFuzzer sees where it goes.
#![no_main]
#![allow(non_camel_case_types, dead_code, unused_imports, unused_unsafe, clippy::all)]

#[path = "../../bindings-c/src/arena.rs"]
mod arena;
#[path = "../../bindings-c/src/arguments.rs"]
mod arguments;
#[path = "../../bindings-c/src/call.rs"]
mod call;
#[path = "../../bindings-c/src/generated/mod.rs"]
#[rustfmt::skip]
mod generated;
#[path = "../../bindings-c/src/public.rs"]
mod public;
#[path = "../../bindings-c/src/runtime.rs"]
mod runtime;

use std::ffi::{CStr, c_char};

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use libfuzzer_sys::fuzz_target;

include!(concat!(env!("OUT_DIR"), "/c_table.rs"));

pub struct Struct {
    name: &'static str,
    size: usize,
    fields: &'static [Field],
}

pub struct Field {
    offset: usize,
    name: &'static str,
    kind: Kind,
}

pub struct Function {
    name: &'static str,
    parameters: &'static [Field],
    /// The status, of functions that have one.
    call: fn(&[usize]) -> Option<i32>,
}

#[derive(Clone, Copy)]
pub enum Kind {
    Flag,
    Integer(usize),
    /// A closed enumeration, and its numbers.
    Number(&'static [i64]),
    /// An array of numbers of a closed enumeration.
    Numbers(&'static [i64]),
    /// An open enumeration, and its numbers.
    Open(&'static [i64]),
    Text,
    Texts,
    /// An array of integers of this size.
    Values(usize),
    Pairs,
    Record(usize),
    Records(usize),
    Handle(&'static str),
    /// What is let go of.
    Owned(&'static str),
    /// A struct that is initialised, or let go of.
    Struct(usize, &'static str),
    Out(&'static str),
    NumberOut,
    ErrorOut,
}

const OK: i32 = 0;
const INVALID_ARGUMENT: i32 = 1;
const INTERNAL: i32 = 28;
/// Where results go, before there are any.
const UNTOUCHED: usize = 0xA5A5_A5A5_A5A5_A5A5;
/// Records in records, at most.
const DEPTH_MAX: u32 = 4;

fuzz_target!(|data: &[u8]| {
    let mut input = Unstructured::new(data);
    for _ in 0..4 {
        if input.is_empty() || one_call(&mut input).is_err() {
            break;
        }
    }
});

fn one_call(input: &mut Unstructured<'_>) -> Result<()> {
    let function = &FUNCTIONS[usize::from(input.arbitrary::<u8>()?) % FUNCTIONS.len()];
    if function.name.ends_with("_init") {
        return initialise(function, input);
    }
    let mut host = Host { input, memory: Vec::new(), wrong: false };
    let mut arguments = Vec::new();
    let (mut out, mut error) = (UNTOUCHED, UNTOUCHED);
    let mut out_kind = None;
    let mut error_wanted = false;
    let mut length = None;
    for parameter in function.parameters {
        match parameter.kind {
            Kind::Out(_) | Kind::NumberOut => {
                out_kind = Some(parameter.kind);
                let missing = host.rarely()?;
                host.wrong |= missing;
                arguments.push(if missing { 0 } else { &raw mut out as usize });
            }
            Kind::ErrorOut => {
                error_wanted = !host.rarely()?;
                arguments.push(if error_wanted { &raw mut error as usize } else { 0 });
            }
            // Letting go of nothing; what there is is let go of below.
            Kind::Owned(_) | Kind::Struct(..) => arguments.push(0),
            Kind::Integer(_) if parameter.name == "timeout_ms" => arguments.push(0),
            Kind::Integer(_) if length.is_some() => arguments.extend(length.take()),
            // The till and its client serve all calls, and are closed by none.
            Kind::Handle(_) if function.name == "tg_till_close" => {
                host.wrong = true;
                arguments.push(0);
            }
            kind => {
                let before = host.wrong;
                let (first, second) = host.value(kind, parameter.name, 0)?;
                host.wrong |= before || (matches!(kind, Kind::Handle(_)) && first == 0);
                arguments.push(first);
                match kind {
                    Kind::Open(_) => arguments.push(second),
                    Kind::Records(_) | Kind::Texts | Kind::Values(_) | Kind::Numbers(_) | Kind::Pairs => {
                        length = Some(second)
                    }
                    _ => {}
                }
            }
        }
    }
    let wrong = host.wrong;
    let status = (function.call)(&arguments);
    let Some(status) = status else { return Ok(()) };
    let name = function.name;
    assert!(status == OK || ERRORS.contains(&status), "{name}: {status} is no status");
    assert_ne!(status, INTERNAL, "{name} panicked: {}", told(error));
    if wrong {
        assert_eq!(status, INVALID_ARGUMENT, "{name} took what is wrong");
    }
    if status == OK {
        assert!(!error_wanted || error == 0, "{name} succeeded and told an error");
        match out_kind {
            Some(Kind::Out(kind)) => {
                assert_ne!(out, UNTOUCHED, "{name} succeeded and wrote nothing");
                let free = FREES.iter().find(|(free, _)| free.strip_suffix("_free") == Some(kind));
                (free.unwrap_or_else(|| panic!("nothing lets go of {kind}")).1)(out);
            }
            Some(_) => assert_ne!(out, UNTOUCHED),
            None => {}
        }
    } else {
        assert_eq!(out, UNTOUCHED, "{name} failed and wrote a result");
        if error_wanted {
            // SAFETY: a failure writes an error where one is wanted.
            let told = unsafe { &*(error as *const generated::tg_error) };
            assert_eq!(told.code, status, "{name}");
            assert!(!told.code_name.is_null() && !told.reason.is_null() && !told.advice.is_null(), "{name}");
            // SAFETY: for the first time.
            unsafe { generated::tg_error_free(error as _) };
        }
    }
    Ok(())
}

fn told(error: usize) -> String {
    if error == UNTOUCHED || error == 0 {
        return "no error is wanted".into();
    }
    // SAFETY: a failure writes an error where one is wanted.
    let reason = unsafe { CStr::from_ptr((*(error as *const generated::tg_error)).reason) };
    reason.to_string_lossy().into_owned()
}

/// `tg_…_init`: as much as the size says is written, the size itself first, and not a byte more.
fn initialise(function: &Function, input: &mut Unstructured<'_>) -> Result<()> {
    let size = usize::from(input.arbitrary::<u16>()?) % 700;
    let mut memory = vec![u64::MAX; size / 8 + 2];
    let missing = input.arbitrary::<u8>()? == 0;
    let pointer = memory.as_mut_ptr();
    (function.call)(&[if missing { 0 } else { pointer as usize }, size]);
    let bytes: Vec<u8> = memory.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let name = function.name;
    if missing || size < 8 {
        assert!(bytes.iter().all(|byte| *byte == 0xFF), "{name} wrote into {size} bytes");
        return Ok(());
    }
    assert_eq!(memory[0], size as u64, "{name}");
    assert!(bytes[size..].iter().all(|byte| *byte == 0xFF), "{name} wrote beyond {size} bytes");
    let known = STRUCTS.iter().find(|one| name == format!("{}_init", one.name)).expect("its struct").size;
    assert!(bytes[known.min(size)..size].iter().all(|byte| *byte == 0), "{name} left what it does not know");
    Ok(())
}

/// The caller: its memory lives as long as the call.
struct Host<'a, 'b> {
    input: &'a mut Unstructured<'b>,
    memory: Vec<Vec<u64>>,
    /// Something was handed in that can only be refused.
    wrong: bool,
}

const TEXTS: [&CStr; 16] = [
    c"",
    c"A1",
    c"CHF",
    c"10",
    c"10.00",
    c"-1",
    c"1e5",
    c"live",
    c"simulate-success",
    c"1111",
    c"mobile",
    c"+41791234567",
    c"http://127.0.0.1:9/openapi/test/v5.2.3",
    c"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    c"\x01\x1b\x7f",
    c"79228162514264337593543950336",
];
const NO_TEXT: &[u8] = b"a\xff\xfe\0";

impl Host<'_, '_> {
    fn rarely(&mut self) -> Result<bool> {
        Ok(self.input.arbitrary::<u8>()? >= 0xF8)
    }

    fn keep(&mut self, bytes: &[u8]) -> usize {
        // Aligned, and not a byte longer than rounding makes it.
        let mut words = vec![0_u64; bytes.len().div_ceil(8).max(1)];
        for (word, part) in words.iter_mut().zip(bytes.chunks(8)) {
            let mut whole = [0; 8];
            whole[..part.len()].copy_from_slice(part);
            *word = u64::from_ne_bytes(whole);
        }
        self.memory.push(words);
        self.memory.last().expect("just pushed").as_ptr() as usize
    }

    fn text(&mut self, name: &str) -> Result<usize> {
        // Nothing is made where a text says, and nothing is connected to.
        if matches!(name, "journal_path" | "epoch_mirror_path") {
            return Ok(self.keep(b"/nonexistent/tillgate/journal\0"));
        }
        if matches!(name, "address") {
            return Ok(self.keep(b"nowhere\0"));
        }
        let choice = self.input.arbitrary::<u8>()?;
        Ok(match choice {
            0..=31 => 0,
            32..=39 => {
                self.wrong = true;
                self.keep(NO_TEXT)
            }
            40..=79 => {
                let size = usize::from(self.input.arbitrary::<u8>()?) % 40;
                let mut bytes = self.input.bytes(size.min(self.input.len()))?.to_vec();
                bytes.retain(|byte| *byte != 0);
                self.wrong |= std::str::from_utf8(&bytes).is_err();
                bytes.push(0);
                self.keep(&bytes)
            }
            80 => {
                let mut bytes = vec![b'x'; 9_000];
                bytes.push(0);
                self.keep(&bytes)
            }
            _ => self.keep(TEXTS[usize::from(choice) % TEXTS.len()].to_bytes_with_nul()),
        })
    }

    /// A value, and a second one: of an open enumeration its text, of a list its length.
    fn value(&mut self, kind: Kind, name: &str, depth: u32) -> Result<(usize, usize)> {
        let one = |value| Ok((value, 0));
        match kind {
            Kind::Flag => one(usize::from(self.input.arbitrary::<u8>()?)),
            Kind::Integer(_) => match self.input.arbitrary::<u8>()? % 4 {
                0 => one(0),
                1 => one(usize::from(self.input.arbitrary::<u16>()?)),
                2 => one(usize::MAX),
                _ => one(self.input.arbitrary::<u64>()? as usize),
            },
            Kind::Number(numbers) => {
                let number = if self.rarely()? {
                    i64::from(self.input.arbitrary::<i32>()?)
                } else {
                    pick(self.input, numbers)?
                };
                self.wrong |= !numbers.contains(&number);
                one(number as usize)
            }
            Kind::Open(numbers) => {
                let number = if self.rarely()? {
                    i64::from(self.input.arbitrary::<i32>()?)
                } else {
                    pick(self.input, numbers)?
                };
                self.wrong |= number != 0 && !numbers.contains(&number);
                let text = if number != 0 && !self.rarely()? { 0 } else { self.text(name)? };
                Ok((number as usize, text))
            }
            Kind::Text => one(self.text(name)?),
            Kind::Handle(handle) => one(self.handle(handle)?),
            Kind::Record(number) => {
                one(if self.rarely()? || depth >= DEPTH_MAX { 0 } else { self.record(number, depth + 1)? })
            }
            Kind::Records(_) | Kind::Texts | Kind::Pairs | Kind::Values(_) | Kind::Numbers(_) => {
                self.list(kind, name, depth)
            }
            Kind::Owned(_) | Kind::Struct(..) | Kind::Out(_) | Kind::NumberOut | Kind::ErrorOut => one(0),
        }
    }

    fn list(&mut self, kind: Kind, name: &str, depth: u32) -> Result<(usize, usize)> {
        if self.rarely()? {
            self.wrong = true;
            return Ok((0, 1 + usize::from(self.input.arbitrary::<u8>()?)));
        }
        let length = if depth >= DEPTH_MAX { 0 } else { usize::from(self.input.arbitrary::<u8>()?) % 4 };
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..length {
            match kind {
                Kind::Records(number) => {
                    let missing = self.rarely()?;
                    self.wrong |= missing;
                    let item = if missing { 0 } else { self.record(number, depth + 1)? };
                    bytes.extend(item.to_ne_bytes());
                }
                Kind::Pairs => {
                    for part in [self.text(name)?, self.text(name)?] {
                        self.wrong |= part == 0;
                        bytes.extend(part.to_ne_bytes());
                    }
                }
                Kind::Texts => {
                    let text = self.text(name)?;
                    self.wrong |= text == 0;
                    bytes.extend(text.to_ne_bytes());
                }
                Kind::Numbers(numbers) => {
                    let (number, _) = self.value(Kind::Number(numbers), name, depth)?;
                    bytes.extend((number as i32).to_ne_bytes());
                }
                Kind::Values(size) => bytes.extend(&self.input.arbitrary::<u64>()?.to_ne_bytes()[..size]),
                _ => {}
            }
        }
        let items = self.keep(&bytes);
        if self.rarely()? && !matches!(kind, Kind::Values(1)) {
            // More than any memory holds: the items that there are need not be looked at.
            self.wrong = true;
            return Ok((items, usize::MAX));
        }
        Ok((items, length))
    }

    /// A struct, of the size that this version knows or of another one.
    fn record(&mut self, number: usize, depth: u32) -> Result<usize> {
        let Struct { size, fields, .. } = &STRUCTS[number];
        let choice = self.input.arbitrary::<u8>()?;
        let (claimed, tail) = match choice {
            // Of an older header.
            0xE0..=0xE7 => (8 + usize::from(self.input.arbitrary::<u8>()?) % (size - 7), None),
            // Of a newer one, with and without something in what is new.
            0xE8..=0xEF => (size + 8 * (1 + usize::from(self.input.arbitrary::<u8>()?)), None),
            0xF0..=0xF7 => (
                size + 8 * (1 + usize::from(self.input.arbitrary::<u8>()?)),
                Some(self.input.arbitrary::<u8>()?),
            ),
            0xF8..=0xFF => ([0, 1, 7, 65_537, usize::MAX][usize::from(choice) % 5], None),
            _ => (*size, None),
        };
        let possible = (8..=65_536).contains(&claimed) && claimed % 8 == 0;
        self.wrong |= !possible;
        let mut bytes = vec![0_u8; if possible { claimed.max(8) } else { *size.max(&8) }];
        bytes[..8].copy_from_slice(&claimed.to_ne_bytes());
        if let Some(tail) = tail.filter(|tail| *tail != 0) {
            *bytes.last_mut().expect("a tail") = tail;
            self.wrong = true;
        }
        let mut length = None;
        let mut there = true;
        for field in fields.iter().filter(|field| field.name != "struct_size") {
            if let Some(length) = length.take() {
                put(&mut bytes, field.offset, length, 8);
                continue;
            }
            let before = self.wrong;
            let (first, second) = self.value(field.kind, field.name, depth)?;
            // What lies beyond the size is not read, nor what a flag says is not there.
            let end = field.offset + if matches!(field.kind, Kind::Open(_)) { 16 } else { 8 };
            if !there || end > claimed || matches!(field.kind, Kind::Pairs) && field.name == "extra" {
                self.wrong = before || !possible;
            }
            match field.kind {
                Kind::Flag => put(&mut bytes, field.offset, first, 1),
                Kind::Integer(size) => put(&mut bytes, field.offset, first, size),
                Kind::Number(_) => put(&mut bytes, field.offset, first, 4),
                Kind::Open(_) => {
                    put(&mut bytes, field.offset, first, 4);
                    put(&mut bytes, field.offset + 8, second, 8);
                }
                _ => put(&mut bytes, field.offset, first, 8),
            }
            there =
                !(matches!(field.kind, Kind::Flag) && field.name.starts_with("has_") && first & 0xFF == 0);
            if matches!(
                field.kind,
                Kind::Records(_) | Kind::Texts | Kind::Values(_) | Kind::Numbers(_) | Kind::Pairs
            ) {
                length = Some(second);
            }
        }
        Ok(self.keep(&bytes))
    }

    fn handle(&mut self, name: &str) -> Result<usize> {
        if self.rarely()? {
            return Ok(0);
        }
        Ok(HANDLES.with(|handles| match name {
            "tg_till" => handles.till,
            "tg_cysend_client" => handles.client,
            "tg_event_stream" => handles.events,
            "tg_secret" => handles.secret,
            _ => 0,
        }))
    }
}

fn pick(input: &mut Unstructured<'_>, numbers: &[i64]) -> Result<i64> {
    let choice = usize::from(input.arbitrary::<u8>()?);
    Ok(if numbers.is_empty() { 0 } else { numbers[choice % numbers.len()] })
}

fn put(bytes: &mut [u8], offset: usize, value: usize, size: usize) {
    // What lies beyond a smaller struct is not there.
    for (at, byte) in value.to_ne_bytes()[..size].iter().enumerate() {
        if let Some(place) = bytes.get_mut(offset + at) {
            *place = *byte;
        }
    }
}

/// What the host has open for good: a till without accounts, and a client that is closed, so that nothing is ever sent.
struct Handles {
    till: usize,
    client: usize,
    events: usize,
    secret: usize,
    _folder: tempfile::TempDir,
}

thread_local! {
    static HANDLES: Handles = open();
}

fn open() -> Handles {
    use std::sync::Arc;
    let folder = tillgate_fuzz::world::journal_folder();
    let till = tillgate::block_on(tillgate::Till::open(tillgate_fuzz::world::till_config(folder.path())))
        .expect("a till");
    let config = tillgate::CysendConfig {
        credentials: tillgate::CysendCredentials {
            user: Some("till".into()),
            password: Some(tillgate::Secret::new("opensesame".into())),
            token: None,
        },
        base_url: Some("http://127.0.0.1:9/openapi/test/v5.2.3".into()),
        ..Default::default()
    };
    let client = tillgate::CysendClient::new(config).expect("a client");
    tillgate::block_on(client.close()).expect("it closes");
    Handles {
        events: Arc::into_raw(till.events()) as usize,
        till: Arc::into_raw(till) as usize,
        client: Arc::into_raw(client) as usize,
        secret: Arc::into_raw(tillgate::Secret::new("4711".into())) as usize,
        _folder: folder,
    }
}
