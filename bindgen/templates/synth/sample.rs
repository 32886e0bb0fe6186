//! Values of every type, made from a number.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{Decimal, Secret, Timestamp};

/// What can be made from a number; the same number makes the same value.
pub trait Sample: Sized {
    /// A value. Lists and options inside are shorter, and at last empty, the deeper they are.
    fn sample(seed: u64, depth: u32) -> Self;
}

/// Another number.
pub fn next(seed: u64) -> u64 {
    seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407).rotate_left(17)
}

impl Sample for bool {
    fn sample(seed: u64, _: u32) -> Self {
        seed & 64 != 0
    }
}
macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Sample for $ty {
            fn sample(seed: u64, _: u32) -> Self { (seed >> 20) as $ty }
        }
    )*};
}
integers!(u16 u32 i32 i64);
impl Sample for u8 {
    fn sample(seed: u64, _: u32) -> Self {
        (seed >> 20) as u8
    }
}
impl Sample for u64 {
    fn sample(seed: u64, _: u32) -> Self {
        // Within what JavaScript counts exactly.
        seed >> 12
    }
}
impl Sample for String {
    fn sample(seed: u64, _: u32) -> Self {
        format!("text-{:x} ä€", seed >> 40)
    }
}
impl Sample for Decimal {
    fn sample(seed: u64, _: u32) -> Self {
        Decimal::new((seed >> 24) as i64, (seed % 5) as u32)
    }
}
impl Sample for Timestamp {
    fn sample(seed: u64, _: u32) -> Self {
        Timestamp::from_microsecond((seed >> 14) as i64).expect("within range")
    }
}
impl Sample for HashMap<String, String> {
    fn sample(seed: u64, depth: u32) -> Self {
        HashMap::from([("key".to_string(), String::sample(seed, depth)), (String::sample(next(seed), depth), String::new())])
    }
}
impl Sample for Arc<Secret> {
    fn sample(seed: u64, depth: u32) -> Self {
        Secret::new(String::sample(seed, depth))
    }
}
impl<T: Sample> Sample for Option<T> {
    fn sample(seed: u64, depth: u32) -> Self {
        (depth < 3 && seed & 32 != 0).then(|| T::sample(next(seed), depth + 1))
    }
}
impl<T: Sample> Sample for Vec<T> {
    fn sample(seed: u64, depth: u32) -> Self {
        let length = if depth < 3 { seed >> 7 & 3 } else { 0 };
        (0..length).map(|i| T::sample(next(seed + i), depth + 1)).collect()
    }
}
