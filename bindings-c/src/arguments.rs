//! What callers hand in: borrowed for the call, checked, and copied into core's own values.

use std::collections::HashMap;
use std::ffi::{CStr, c_char};
use std::mem::{size_of, zeroed as zero};
use std::ptr;
use std::sync::Arc;

use tillgate::{Decimal, Result, TillgateError, Timestamp};

use crate::public::{tg_open, tg_pair};

/// A value of core that comes from the caller as a struct of its own.
pub trait Incoming: Sized {
    /// The struct; it begins with its size.
    type Struct: Copy;
    /// What a caller has who has said nothing yet.
    fn defaults() -> Self::Struct;
    /// # Safety
    /// The pointers inside are NULL or valid for reading.
    unsafe fn read(from: &Self::Struct, at: &Place<'_>) -> Result<Self>;
}

/// Where a value stands among the arguments; becomes a text such as `request.orders[2].amount` only when it is needed.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    within: Option<&'a Place<'a>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Arguments,
    Field(&'static str),
    Item(usize),
}

impl<'a> Place<'a> {
    /// The list of arguments.
    pub const ARGUMENTS: Place<'static> = Place { within: None, step: Step::Arguments };

    /// A field of what stands here.
    pub fn field(&'a self, name: &'static str) -> Self {
        Self { within: Some(self), step: Step::Field(name) }
    }

    fn item(&'a self, number: usize) -> Self {
        Self { within: Some(self), step: Step::Item(number) }
    }

    /// The error that what stands here is wrong.
    #[cold]
    #[inline(never)]
    pub fn wrong(&self, reason: &str) -> TillgateError {
        let mut path = String::new();
        self.tell(&mut path);
        TillgateError::invalid_argument(path, reason)
    }

    fn tell(&self, path: &mut String) {
        if let Some(within) = self.within {
            within.tell(path);
        }
        match self.step {
            // The items of a list have no names.
            Step::Arguments | Step::Field("") => {}
            Step::Field(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
            }
            Step::Item(number) => path.push_str(&format!("[{number}]")),
        }
    }
}

/// A struct of zeroes.
///
/// # Safety
/// Only for the generated structs: integers and pointers.
pub unsafe fn zeroed<C: Copy>() -> C {
    // SAFETY: as promised.
    unsafe { zero() }
}

/// Writes the defaults into a caller's struct, as far as it goes. A larger one, of a newer header, gets zeroes for the rest.
///
/// # Safety
/// NULL, or so many writable bytes.
pub unsafe fn initialise<C: Copy>(to: *mut C, struct_size: usize, defaults: C) {
    if to.is_null() || struct_size < size_of::<usize>() {
        return;
    }
    let known = struct_size.min(size_of::<C>());
    let to: *mut u8 = to.cast();
    // SAFETY: as promised.
    unsafe {
        to.write_bytes(0, struct_size);
        to.copy_from_nonoverlapping(ptr::from_ref(&defaults).cast(), known);
        to.cast::<usize>().write(struct_size);
    }
}

/// A text.
///
/// # Safety
/// NULL, or ends with a NUL.
pub unsafe fn text(from: *const c_char, within: &Place<'_>, name: &'static str) -> Result<String> {
    if from.is_null() {
        return Err(within.field(name).wrong("It is NULL."));
    }
    // SAFETY: as promised.
    match unsafe { CStr::from_ptr(from) }.to_str() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(within.field(name).wrong("It is not UTF-8.")),
    }
}

/// An exact number as text: digits with at most one point between them, and perhaps a minus sign.
///
/// # Safety
/// As for [`text`].
pub unsafe fn decimal(from: *const c_char, within: &Place<'_>, name: &'static str) -> Result<Decimal> {
    // SAFETY: as promised.
    let text = unsafe { text(from, within, name) }?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return Err(within.field(name).wrong("It is not an exact number such as \"12.50\"."));
    }
    Decimal::from_str_exact(&text)
        .map_err(|_| within.field(name).wrong("It has more digits than can be kept exactly."))
}

/// An instant, from microseconds since the epoch.
pub fn timestamp(from: i64, within: &Place<'_>, name: &'static str) -> Result<Timestamp> {
    Timestamp::from_microsecond(from)
        .map_err(|_| within.field(name).wrong("It is out of the range of instants."))
}

/// Bytes.
///
/// # Safety
/// NULL, or so many bytes.
pub unsafe fn bytes(
    from: *const u8,
    length: usize,
    within: &Place<'_>,
    name: &'static str,
) -> Result<Vec<u8>> {
    // SAFETY: as promised.
    Ok(unsafe { array(from, length, within, name) }?.to_vec())
}

/// A list. `each` gets the item and its place.
///
/// # Safety
/// NULL, or so many items.
pub unsafe fn list<C: Copy, T>(
    from: *const C,
    length: usize,
    within: &Place<'_>,
    name: &'static str,
    each: impl Fn(C, &Place<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    // SAFETY: as promised.
    let items = unsafe { array(from, length, within, name) }?;
    let place = within.field(name);
    let mut all = Vec::with_capacity(items.len());
    for (number, item) in items.iter().enumerate() {
        all.push(each(*item, &place.item(number))?);
    }
    Ok(all)
}

/// Pairs of texts; no key may come twice.
///
/// # Safety
/// NULL, or so many pairs of texts.
pub unsafe fn pairs(
    from: *const tg_pair,
    length: usize,
    within: &Place<'_>,
    name: &'static str,
) -> Result<HashMap<String, String>> {
    // SAFETY: as promised.
    let items = unsafe { array(from, length, within, name) }?;
    let place = within.field(name);
    let mut map = HashMap::with_capacity(items.len());
    for (number, pair) in items.iter().enumerate() {
        let place = place.item(number);
        // SAFETY: as promised.
        let (key, value) = unsafe { (text(pair.key, &place, "key")?, text(pair.value, &place, "value")?) };
        if map.insert(key, value).is_some() {
            return Err(place.field("key").wrong("It comes twice."));
        }
    }
    Ok(map)
}

/// A record.
///
/// # Safety
/// NULL, or a struct that begins with its own size.
pub unsafe fn record<R: Incoming>(
    from: *const R::Struct,
    within: &Place<'_>,
    name: &'static str,
) -> Result<R> {
    let place = within.field(name);
    let mut known = R::defaults();
    // SAFETY: as promised; `known` is a plain struct of this size.
    unsafe {
        copy_known(ptr::from_mut(&mut known).cast(), size_of::<R::Struct>(), from.cast(), &place)?;
        R::read(&known, &place)
    }
}

/// A share of an object.
///
/// # Safety
/// NULL, or a handle of an object of this type that is not let go of meanwhile.
pub unsafe fn object<T, C>(from: *const C, within: &Place<'_>, name: &'static str) -> Result<Arc<T>> {
    if from.is_null() {
        return Err(within.field(name).wrong("It is NULL."));
    }
    let object: *const T = from.cast();
    // SAFETY: handles are what `Arc::into_raw` or `Arc::as_ptr` gave.
    unsafe {
        Arc::increment_strong_count(object);
        Ok(Arc::from_raw(object))
    }
}

/// The text of a value of an open enumeration, if its tag is 0; otherwise that there is none, or that it fits the tag.
///
/// # Safety
/// The text is NULL or ends with a NUL.
pub unsafe fn open_value(
    from: tg_open,
    wire_of: impl FnOnce(i32) -> Option<&'static str>,
    within: &Place<'_>,
    name: &'static str,
) -> Result<String> {
    let place = within.field(name);
    if from.tag == 0 {
        // SAFETY: as promised.
        return unsafe { text(from.text, &place, "text") };
    }
    let Some(wire) = wire_of(from.tag) else {
        return Err(place.field("tag").wrong("No value has this number."));
    };
    // SAFETY: as promised.
    if !from.text.is_null() && unsafe { CStr::from_ptr(from.text) }.to_bytes() != wire.as_bytes() {
        return Err(place.field("text").wrong("It contradicts the tag; leave it NULL, or set the tag to 0."));
    }
    Ok(wire.to_owned())
}

/// The error that no value of a closed enumeration, or no kind of a union, has this number.
#[cold]
pub fn unknown_number(within: &Place<'_>, name: &'static str) -> TillgateError {
    within.field(name).wrong("No value has this number.")
}

unsafe fn array<'a, T>(
    from: *const T,
    length: usize,
    within: &Place<'_>,
    name: &'static str,
) -> Result<&'a [T]> {
    if length == 0 {
        return Ok(&[]);
    }
    if from.is_null() {
        return Err(within.field(name).wrong("It is NULL, and its length is not 0."));
    }
    if length > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(within.field(name).wrong("Its length cannot be."));
    }
    // SAFETY: the caller's promise; the length is possible.
    Ok(unsafe { std::slice::from_raw_parts(from, length) })
}

/// Larger than any struct of any version.
const STRUCT_SIZE_MAX: usize = 1 << 16;

/// Copies what this version knows of a caller's struct over the defaults. A caller of an older header leaves the defaults of what
/// it does not know; one of a newer header may not say what this version would pass over.
unsafe fn copy_known(to: *mut u8, size: usize, from: *const u8, place: &Place<'_>) -> Result<()> {
    if from.is_null() {
        return Err(place.wrong("It is NULL."));
    }
    // SAFETY: each of these structs begins with its size.
    let theirs = unsafe { from.cast::<usize>().read() };
    // A struct of any version is whole words long: what is not would end in the midst of a pointer.
    if !(size_of::<usize>()..=STRUCT_SIZE_MAX).contains(&theirs) || !theirs.is_multiple_of(size_of::<usize>())
    {
        return Err(place
            .field("struct_size")
            .wrong("It is no size of a struct; was the function `..._init` called?"));
    }
    // SAFETY: the struct is as long as it says.
    unsafe {
        if theirs > size
            && std::slice::from_raw_parts(from.add(size), theirs - size).iter().any(|byte| *byte != 0)
        {
            return Err(place.wrong("It sets a field that this version of the library does not know."));
        }
        to.copy_from_nonoverlapping(from, theirs.min(size));
    }
    Ok(())
}
