//! The memory of results. Everything that hangs off one returned pointer lives in one arena and goes with it.

use std::alloc::Layout;
use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::mem::{align_of, size_of};
use std::sync::Arc;

use bumpalo::Bump;
use tillgate::{Decimal, TillgateError};
use zeroize::Zeroize;

use crate::generated::{error_to_c, tg_error};
use crate::public::{tg_bytes, tg_pair, tg_pair_list};

/// A value of core that goes to the caller as a struct of its own.
pub trait Outgoing {
    /// The struct; it begins with its size.
    type Struct: Copy;
    /// Fills in the fields; what is absent stays zero.
    fn write(&self, to: &mut Self::Struct, arena: &Arena);
}

/// Plain memory, and shares of the objects that it points to.
pub struct Arena {
    memory: Bump,
    objects: RefCell<Vec<Arc<dyn Any + Send + Sync>>>,
}

/// Before each returned value lies the pointer to its arena, at this distance.
const HEADER: usize = 16;

impl Arena {
    /// A text. C's texts end at the first NUL, so one inside is replaced rather than cutting off what follows.
    pub fn text(&self, text: &str) -> *const c_char {
        let replaced;
        let text = if text.as_bytes().contains(&0) {
            replaced = text.replace('\0', "\u{fffd}");
            &replaced
        } else {
            text
        };
        let memory = self.memory.alloc_layout(layout(text.len() + 1, 1)).as_ptr();
        // SAFETY: the memory has this length, and one byte more.
        unsafe {
            memory.copy_from_nonoverlapping(text.as_ptr(), text.len());
            memory.add(text.len()).write(0);
        }
        memory.cast()
    }

    /// A decimal as text, with the digits that it has.
    pub fn decimal(&self, decimal: &Decimal) -> *const c_char {
        self.text(&decimal.to_string())
    }

    /// Bytes and their number. Not NULL even if there are none, so that absence can be told apart.
    pub fn bytes(&self, bytes: &[u8]) -> (*const u8, usize) {
        let memory = self.memory.alloc_layout(layout(bytes.len().max(1), 1)).as_ptr();
        // SAFETY: the memory has at least this length.
        unsafe { memory.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        (memory, bytes.len())
    }

    /// Pairs in the order of their keys, and their number.
    pub fn pairs(&self, map: &std::collections::HashMap<String, String>) -> (*const tg_pair, usize) {
        let mut sorted: Vec<_> = map.iter().collect();
        sorted.sort();
        self.list(&sorted, |(key, value), arena| tg_pair { key: arena.text(key), value: arena.text(value) })
    }

    /// An array of what each item becomes, and its length. Not NULL even if it is empty.
    pub fn list<T, C: Copy>(&self, items: &[T], each: impl Fn(&T, &Self) -> C) -> (*const C, usize) {
        let memory: *mut C = self
            .memory
            .alloc_layout(layout(size_of::<C>() * items.len().max(1), align_of::<C>()))
            .cast()
            .as_ptr();
        for (number, item) in items.iter().enumerate() {
            // SAFETY: within the array.
            unsafe { memory.add(number).write(each(item, self)) };
        }
        (memory, items.len())
    }

    /// A struct of its own.
    pub fn record<R: Outgoing>(&self, record: &R) -> *const R::Struct {
        self.fill(record, self.sized(size_of::<R::Struct>(), 0))
    }

    /// A struct that begins with its size, filled in by `write`.
    pub fn structure<C: Copy>(&self, write: impl FnOnce(&mut C)) -> *const C {
        let to: *mut C = self.sized(size_of::<C>(), 0).cast();
        // SAFETY: zeroed, aligned and of this size.
        write(unsafe { &mut *to });
        to
    }

    /// A pointer to the object, valid as long as this arena.
    pub fn object<T: Send + Sync + 'static, C>(&self, object: &Arc<T>) -> *const C {
        let pointer = Arc::as_ptr(object);
        self.objects.borrow_mut().push(object.clone());
        pointer.cast()
    }

    fn new() -> Box<Self> {
        Box::new(Self { memory: Bump::new(), objects: RefCell::new(Vec::new()) })
    }

    fn fill<R: Outgoing>(&self, record: &R, memory: *mut u8) -> *mut R::Struct {
        let to: *mut R::Struct = memory.cast();
        // SAFETY: zeroed, aligned for everything that these structs have, and of this size.
        record.write(unsafe { &mut *to }, self);
        to
    }

    /// Zeroed memory after `before` bytes, for a struct that begins with its size.
    fn sized(&self, size: usize, before: usize) -> *mut u8 {
        let memory = self.zeroed(size, before);
        // SAFETY: each of these structs begins with a `usize`.
        unsafe { memory.cast::<usize>().write(size) };
        memory
    }

    fn zeroed(&self, size: usize, before: usize) -> *mut u8 {
        let memory = self.memory.alloc_layout(layout(before + size, HEADER)).as_ptr();
        // SAFETY: just allocated with this size.
        unsafe {
            memory.write_bytes(0, before + size);
            memory.add(before)
        }
    }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a size that fits the memory")
}

/// A struct that the caller owns, with all that hangs off it.
pub fn own<R: Outgoing>(record: &R) -> *mut R::Struct {
    let (arena, memory) = own_memory(size_of::<R::Struct>(), true);
    arena.fill(record, memory)
}

/// A small struct without a size in it, that the caller owns.
pub fn own_value<C: Copy>(make: impl FnOnce(&Arena) -> C) -> *mut C {
    let (arena, memory) = own_memory(size_of::<C>(), false);
    let value = make(arena);
    let memory: *mut C = memory.cast();
    // SAFETY: of this size and aligned.
    unsafe { memory.write(value) };
    memory
}

/// A list that the caller owns; `L` is the struct of the pointer and the length.
pub fn own_list<T, C: Copy, L: Copy>(
    items: &[T],
    each: impl Fn(&T, &Arena) -> C,
    list: impl FnOnce((*const C, usize)) -> L,
) -> *mut L {
    own_value(|arena| list(arena.list(items, each)))
}

/// Bytes that the caller owns.
pub fn own_bytes(bytes: &[u8]) -> *mut tg_bytes {
    own_value(|arena| {
        let (data, data_len) = arena.bytes(bytes);
        tg_bytes { data, data_len }
    })
}

/// Pairs that the caller owns.
pub fn own_pairs(map: &std::collections::HashMap<String, String>) -> *mut tg_pair_list {
    own_value(|arena| {
        let (items, items_len) = arena.pairs(map);
        tg_pair_list { items, items_len }
    })
}

/// A text that the caller owns; see [`Arena::text`] for NUL inside. It may be a secret, so no second copy of it is left behind.
pub fn own_text(mut text: String) -> *mut c_char {
    if text.as_bytes().contains(&0) {
        text = text.replace('\0', "\u{fffd}");
    }
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.extend_from_slice(text.as_bytes());
    text.zeroize();
    // With room for the NUL, nothing is moved any more.
    CString::new(bytes).unwrap_or_default().into_raw()
}

/// An error that the caller owns.
pub fn own_error(error: &TillgateError) -> *mut tg_error {
    let (arena, memory) = own_memory(size_of::<tg_error>(), true);
    let to: *mut tg_error = memory.cast();
    // SAFETY: as in `Arena::fill`.
    error_to_c(error, unsafe { &mut *to }, arena);
    to
}

/// Lets go of a value that one of these functions made, and of all that hangs off it.
///
/// # Safety
/// NULL, or such a value, for the first time.
pub unsafe fn let_go_of_value(value: *mut u8) {
    if !value.is_null() {
        // SAFETY: each such value lies behind the pointer to its arena.
        drop(unsafe { Box::from_raw(value.sub(HEADER).cast::<*mut Arena>().read()) });
    }
}

fn own_memory(size: usize, begins_with_size: bool) -> (&'static Arena, *mut u8) {
    let arena = Box::into_raw(Arena::new());
    // SAFETY: nobody else knows of it yet; it lives until `let_go_of_value`.
    let shared: &'static Arena = unsafe { &*arena };
    let memory = if begins_with_size { shared.sized(size, HEADER) } else { shared.zeroed(size, HEADER) };
    // SAFETY: the header lies before the value, in the same allocation.
    unsafe { memory.sub(HEADER).cast::<*mut Arena>().write(arena) };
    (shared, memory)
}
