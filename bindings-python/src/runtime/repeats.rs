//! Values that stand in a long list again and again, made once: amounts, codes of currencies, names of fields.
//!
//! Python's numbers and texts never change, so that nobody can tell a shared one from a copy. They are remembered only while one
//! long list is made: nothing that was read stays in memory because of it.

use pyo3::prelude::*;
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use tillgate::Decimal;

/// How many amounts and how many texts are remembered: powers of two. A newcomer takes the place of whoever had it.
const AMOUNTS: usize = 1 << 14;
const TEXTS: usize = 1 << 9;

/// A longer text hardly comes twice.
const TEXT_LENGTH_MAX: usize = 7;

/// What it is known by, and the value of Python.
type Place<K> = Option<(K, Py<PyAny>)>;

struct Known {
    amounts: Box<[Place<Decimal>]>,
    texts: Box<[Place<u64>]>,
}

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// How many threads remember something. Who makes a single value asks no more than this.
static REMEMBERING: AtomicUsize = AtomicUsize::new(0);

/// While it lives, what repeats in this thread is made once. One within another changes nothing.
pub struct Repeats(());

impl Repeats {
    pub fn begin() -> Option<Self> {
        KNOWN.with_borrow_mut(|known| {
            if known.is_some() {
                return None;
            }
            REMEMBERING.fetch_add(1, Ordering::Relaxed);
            *known = Some(Known {
                amounts: std::iter::repeat_with(|| None).take(AMOUNTS).collect(),
                texts: std::iter::repeat_with(|| None).take(TEXTS).collect(),
            });
            Some(Self(()))
        })
    }
}

impl Drop for Repeats {
    fn drop(&mut self) {
        REMEMBERING.fetch_sub(1, Ordering::Relaxed);
        // It lets go of values of Python, with the GIL held: whoever makes a list holds it.
        drop(KNOWN.take());
    }
}

/// The amount as Python has it: a known one, or what is made now.
pub fn amount<'py>(
    py: Python<'py>,
    amount: &Decimal,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if REMEMBERING.load(Ordering::Relaxed) == 0 {
        return make();
    }
    // 1.0 and 1.00 are equal, but not the same.
    let bytes = u128::from_le_bytes(amount.serialize());
    let place = place((bytes ^ (bytes >> 64)) as u64, AMOUNTS);
    let is_it = |known: &Decimal| known.serialize() == amount.serialize();
    once(py, |known| &mut known.amounts[place], is_it, *amount, make)
}

/// The same for a text.
pub fn text<'py>(
    py: Python<'py>,
    text: &str,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if REMEMBERING.load(Ordering::Relaxed) == 0 || text.len() > TEXT_LENGTH_MAX {
        return make();
    }
    // Its bytes and its length: no two texts have the same.
    let mut bytes = [0; 8];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    bytes[TEXT_LENGTH_MAX] = text.len() as u8;
    let key = u64::from_le_bytes(bytes);
    let place = place(key, TEXTS);
    once(py, |known| &mut known.texts[place], |known| *known == key, key, make)
}

fn once<'py, K>(
    py: Python<'py>,
    place: impl Fn(&mut Known) -> &mut Place<K>,
    is_it: impl Fn(&K) -> bool,
    key: K,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let found = KNOWN.with_borrow_mut(|known| {
        known.as_mut().map(|known| match place(known) {
            Some((key, value)) if is_it(key) => Some(value.bind(py).clone()),
            _ => None,
        })
    });
    match found {
        Some(Some(value)) => Ok(value),
        // Nothing is remembered now.
        None => make(),
        Some(None) => {
            let value = make()?;
            let entry = Some((key, value.clone().unbind()));
            let before = KNOWN
                .with_borrow_mut(|known| known.as_mut().map(|known| std::mem::replace(place(known), entry)));
            drop(before);
            Ok(value)
        }
    }
}

/// A place for what has these bytes (Fibonacci hashing: the upper bits of the product depend on all of them).
fn place(bytes: u64, places: usize) -> usize {
    (bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - places.ilog2())) as usize
}
