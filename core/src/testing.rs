//! Seams for tests: numbered crash points and switches that turn a guard off.
//!
//! The module is always there, so that the code under test reads the same; without the feature `testing` nothing
//! happens here and every guard holds.
//!
//! | environment variable | what it does |
//! |---|---|
//! | `TILLGATE_CRASH_AT=n` | at the n-th crash point passed, the process kills itself (SIGKILL) |
//! | `TILLGATE_CRASH_LOG=file` | appends `n name` for each crash point passed |
//! | `TILLGATE_GUARDS_OFF=name,name` | these guards do not hold |
//! | `TILLGATE_CLOCK_SPEED=n` | the clock runs n times as fast (see `clock`) |
//!
//! `inner` opens what fuzzing wants to reach without a network, on the thread that asks for it.

/// Makes of the table of guards what the code asks for.
macro_rules! guards {
    ($($(#[$doc:meta])* $guard:ident = $number:literal, rule $rule:literal, $name:literal, $off:literal;)*) => {
        /// What keeps the promise: a main guard for each numbered rule of the law of orders, and more where a rule has
        /// several sides.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Guard {
            $($(#[$doc])* $guard = $number,)*
        }

        impl Guard {
            /// All guards, in the order of their numbers: first the main ones of the rules.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$guard),*];

            /// The number of the rule that it keeps.
            pub const fn rule(self) -> u8 {
                match self {
                    $(Self::$guard => $rule,)*
                }
            }

            /// Its name in `TILLGATE_GUARDS_OFF`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$guard => $name,)*
                }
            }
        }
    };
}

include!("guards.rs");

impl Guard {
    /// Whether it is the main guard of its rule.
    pub const fn is_main(self) -> bool {
        self as u8 == self.rule()
    }

    /// The guard of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|guard| guard.name() == name)
    }
}

#[cfg(not(feature = "testing"))]
mod seams {
    use super::Guard;

    /// Does nothing.
    #[inline(always)]
    pub fn crash_point(_name: &'static str) {}

    /// Every guard holds.
    #[inline(always)]
    pub fn guard(_guard: Guard) -> bool {
        true
    }
}

#[cfg(feature = "testing")]
mod seams {
    use super::Guard;
    use std::fs::{File, OpenOptions};
    use std::io::Write;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Found in any binary that holds these seams, so that packaging can refuse to ship it.
    #[used]
    static MARKER: [u8; 30] = *b"TILLGATE-TESTING-SEAMS-ENABLED";

    struct CrashPlan {
        /// 0: never.
        at: u64,
        log: Option<File>,
    }

    static PASSED: AtomicU64 = AtomicU64::new(0);
    static CRASH_PLAN: OnceLock<CrashPlan> = OnceLock::new();
    static SWITCHED_OFF: OnceLock<AtomicU64> = OnceLock::new();

    /// Passes a crash point: counted, logged, and the end of the process when its turn has come.
    pub fn crash_point(name: &'static str) {
        // Keeps the marker's section where the linker drops what nothing refers to.
        std::hint::black_box(&MARKER);
        let plan = CRASH_PLAN.get_or_init(CrashPlan::from_environment);
        let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(mut log) = plan.log.as_ref() {
            log.write_all(format!("{number} {name}\n").as_bytes())
                .expect("TILLGATE_CRASH_LOG can be appended to");
        }
        if number == plan.at {
            die();
        }
    }

    /// Whether this guard holds.
    pub fn guard(guard: Guard) -> bool {
        switches().load(Ordering::SeqCst) & bit(guard) == 0
    }

    /// Turns a guard off in this whole process, until what is returned is dropped.
    #[must_use = "the guard holds again as soon as this is dropped"]
    pub fn switch_off(guard: Guard) -> SwitchedOff {
        switches().fetch_or(bit(guard), Ordering::SeqCst);
        SwitchedOff { guard }
    }

    /// Turns its guard on again when dropped.
    #[derive(Debug)]
    pub struct SwitchedOff {
        guard: Guard,
    }

    impl Drop for SwitchedOff {
        fn drop(&mut self) {
            switches().fetch_and(!bit(self.guard), Ordering::SeqCst);
        }
    }

    /// How many crash points were passed so far.
    pub fn crash_points_passed() -> u64 {
        PASSED.load(Ordering::SeqCst)
    }

    impl CrashPlan {
        fn from_environment() -> Self {
            let at = std::env::var("TILLGATE_CRASH_AT")
                .map_or(0, |text| text.parse().expect("TILLGATE_CRASH_AT is a whole number"));
            let log = std::env::var_os("TILLGATE_CRASH_LOG").map(|path| {
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(path)
                    .expect("TILLGATE_CRASH_LOG can be opened")
            });
            Self { at, log }
        }
    }

    fn switches() -> &'static AtomicU64 {
        SWITCHED_OFF.get_or_init(|| {
            let names = std::env::var("TILLGATE_GUARDS_OFF").unwrap_or_default();
            let off = names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| {
                // A misspelt name would make a test that proves nothing.
                bit(Guard::from_name(name)
                    .unwrap_or_else(|| panic!("TILLGATE_GUARDS_OFF: no guard is called {name}")))
            });
            AtomicU64::new(off.fold(0, |all, one| all | one))
        })
    }

    fn bit(guard: Guard) -> u64 {
        1 << guard as u8
    }

    /// As a power cut would: nothing is flushed, nothing is unwound.
    fn die() -> ! {
        #[cfg(unix)]
        // SAFETY: plain calls; the process kills itself.
        unsafe {
            libc::kill(libc::getpid(), libc::SIGKILL);
        }
        std::process::abort()
    }
}

pub use seams::*;

#[cfg(feature = "testing")]
pub mod inner;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_a_main_guard_and_each_guard_a_name_of_its_own() {
        for (index, guard) in Guard::ALL.into_iter().enumerate() {
            assert_eq!(guard as usize, index + 1, "the switches are bits of 64");
            assert_eq!(guard.is_main(), index < 20, "{guard:?}");
            assert!((1..=20).contains(&guard.rule()), "{guard:?}");
            assert_eq!(Guard::from_name(guard.name()), Some(guard));
        }
        assert!(Guard::ALL.len() < 64);
    }

    #[test]
    fn a_guard_holds_unless_it_is_switched_off() {
        assert!(guard(Guard::OneUndo));
        #[cfg(feature = "testing")]
        {
            let off = switch_off(Guard::OneUndo);
            assert!(!guard(Guard::OneUndo));
            assert!(guard(Guard::BatchById));
            drop(off);
            assert!(guard(Guard::OneUndo));
        }
    }
}
