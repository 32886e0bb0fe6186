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
//! [`inner`] opens what fuzzing wants to reach without a network, on the thread that asks for it.

/// What keeps the promise: one guard for each numbered rule of the law of orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Guard {
    /// The intent and the attempt are durable before the first byte.
    DurableBeforeSend = 1,
    /// The id exists before anything is sent.
    IdRequired = 2,
    /// The same id belongs to the same request.
    SameIdSameRequest = 3,
    /// What may have been sent is never blindly sent again.
    NoBlindResend = 4,
    /// An attempt was not sent, refused, or unknown.
    ThreeOutcomes = 5,
    /// No attempt starts after the order's time to act.
    SubmitBy = 6,
    /// A look-up counts only if what it found matches.
    MatchFound = 7,
    /// Absence needs proof.
    AbsenceProof = 8,
    /// What is not known does not become failure.
    UnknownStaysUnknown = 9,
    /// A final state is not changed silently.
    FinalIsFinal = 10,
    /// A callback is a hint until proved.
    CallbacksAreHints = 11,
    /// An event comes again until it is acknowledged.
    EventsUntilAcknowledged = 12,
    /// Cancelling a wait does not touch what is being sent.
    CancelDetached = 13,
    /// One undo at a time, with an intent of its own.
    OneUndo = 14,
    /// The answers of a batch match by id.
    BatchById = 15,
    /// A journal that does not fit its machine opens in quarantine.
    Quarantine = 16,
    /// One process writes.
    OneWriter = 17,
    /// After a failed disk, no new money call.
    DiskFailure = 18,
    /// Voucher codes are encrypted at rest.
    SecretsEncrypted = 19,
    /// Waits use the lower bound of elapsed time, windows the upper.
    ClockBounds = 20,
}

impl Guard {
    /// All guards, in the order of their rules.
    pub const ALL: [Self; 20] = [
        Self::DurableBeforeSend,
        Self::IdRequired,
        Self::SameIdSameRequest,
        Self::NoBlindResend,
        Self::ThreeOutcomes,
        Self::SubmitBy,
        Self::MatchFound,
        Self::AbsenceProof,
        Self::UnknownStaysUnknown,
        Self::FinalIsFinal,
        Self::CallbacksAreHints,
        Self::EventsUntilAcknowledged,
        Self::CancelDetached,
        Self::OneUndo,
        Self::BatchById,
        Self::Quarantine,
        Self::OneWriter,
        Self::DiskFailure,
        Self::SecretsEncrypted,
        Self::ClockBounds,
    ];

    /// The number of the rule that it keeps.
    pub const fn rule(self) -> u8 {
        self as u8
    }

    /// Its name in `TILLGATE_GUARDS_OFF`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DurableBeforeSend => "durable_before_send",
            Self::IdRequired => "id_required",
            Self::SameIdSameRequest => "same_id_same_request",
            Self::NoBlindResend => "no_blind_resend",
            Self::ThreeOutcomes => "three_outcomes",
            Self::SubmitBy => "submit_by",
            Self::MatchFound => "match_found",
            Self::AbsenceProof => "absence_proof",
            Self::UnknownStaysUnknown => "unknown_stays_unknown",
            Self::FinalIsFinal => "final_is_final",
            Self::CallbacksAreHints => "callbacks_are_hints",
            Self::EventsUntilAcknowledged => "events_until_acknowledged",
            Self::CancelDetached => "cancel_detached",
            Self::OneUndo => "one_undo",
            Self::BatchById => "batch_by_id",
            Self::Quarantine => "quarantine",
            Self::OneWriter => "one_writer",
            Self::DiskFailure => "disk_failure",
            Self::SecretsEncrypted => "secrets_encrypted",
            Self::ClockBounds => "clock_bounds",
        }
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
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

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
    static SWITCHED_OFF: OnceLock<AtomicU32> = OnceLock::new();

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

    fn switches() -> &'static AtomicU32 {
        SWITCHED_OFF.get_or_init(|| {
            let names = std::env::var("TILLGATE_GUARDS_OFF").unwrap_or_default();
            let off = names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| {
                // A misspelt name would make a test that proves nothing.
                bit(Guard::from_name(name)
                    .unwrap_or_else(|| panic!("TILLGATE_GUARDS_OFF: no guard is called {name}")))
            });
            AtomicU32::new(off.fold(0, |all, one| all | one))
        })
    }

    fn bit(guard: Guard) -> u32 {
        1 << guard.rule()
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
    fn each_rule_has_one_guard_with_a_name() {
        for (index, guard) in Guard::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(guard.rule()), index + 1);
            assert_eq!(Guard::from_name(guard.name()), Some(guard));
        }
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
