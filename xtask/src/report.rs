//! Stages, how long each took, and what they counted.

use std::fmt;
use std::ops::AddAssign;
use std::time::Instant;

use anyhow::Result;

/// Cases that were counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    /// Why each of the skipped ones was skipped.
    pub skipped: Vec<String>,
}

impl Tally {
    pub fn passed(count: usize) -> Self {
        Self { passed: count, ..Self::default() }
    }

    pub fn skipped(reason: impl Into<String>) -> Self {
        Self { skipped: vec![reason.into()], ..Self::default() }
    }

    /// Counts one case.
    pub fn count(&mut self, passed: bool) {
        if passed { self.passed += 1 } else { self.failed += 1 }
    }

    /// How many there are.
    pub fn cases(&self) -> usize {
        self.passed + self.failed + self.skipped.len()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped.len())
    }
}

/// The stages of one command.
#[derive(Default)]
pub struct Report {
    total: Tally,
    failures: Vec<String>,
}

impl Report {
    /// A stage without cases, such as a build. False when it failed: what needs it cannot go on.
    pub fn prepare(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> bool {
        self.stage(name, || work().map(|()| None))
    }

    /// A stage that counts cases. None found is a failure.
    pub fn cases(&mut self, name: &str, work: impl FnOnce() -> Result<Tally>) -> bool {
        self.stage(name, || work().map(Some))
    }

    fn stage(&mut self, name: &str, work: impl FnOnce() -> Result<Option<Tally>>) -> bool {
        println!("== stage {name}");
        let begun = Instant::now();
        let result = work();
        let seconds = begun.elapsed().as_secs_f32();
        let failure = match result {
            Ok(None) => {
                println!("   done in {seconds:.1} s");
                return true;
            }
            Ok(Some(tally)) if tally.cases() == 0 => "no cases were found".to_string(),
            Ok(Some(tally)) => {
                println!("   {tally} in {seconds:.1} s");
                for reason in &tally.skipped {
                    println!("   skipped: {reason}");
                }
                let failed = tally.failed;
                self.total += tally;
                if failed == 0 {
                    return true;
                }
                self.failures.push(format!("{name}: {failed} failed"));
                return false;
            }
            Err(error) => format!("{error:#}"),
        };
        println!("   FAILED in {seconds:.1} s: {failure}");
        // A stage that broke is one failure, so that the last line never says that all is well.
        self.total.failed += 1;
        self.failures.push(format!("{name}: {}", failure.lines().next().unwrap_or_default()));
        false
    }

    /// A stage that could not be tried because another failed.
    pub fn given_up(&mut self, name: &str, because: &str) {
        println!("== stage {name}\n   FAILED: not tried, because {because}");
        self.total.failed += 1;
        self.failures.push(format!("{name}: not tried, because {because}"));
    }

    /// Prints the last lines; true when nothing failed.
    pub fn finish(self) -> bool {
        println!();
        for reason in &self.total.skipped {
            println!("skipped: {reason}");
        }
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        println!("{}", self.total);
        self.total.failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_finds_nothing_is_a_failure() {
        let mut report = Report::default();
        assert!(!report.cases("empty", || Ok(Tally::default())));
        assert!(!report.finish());
    }

    #[test]
    fn a_stage_that_breaks_counts_as_a_failure() {
        let mut report = Report::default();
        assert!(report.cases("good", || Ok(Tally::passed(2))));
        assert!(!report.prepare("bad", || anyhow::bail!("it broke")));
        assert_eq!(report.total, Tally { passed: 2, failed: 1, skipped: Vec::new() });
        assert!(!report.finish());
    }

    #[test]
    fn skips_are_kept_with_their_reasons_and_do_not_fail() {
        let mut report = Report::default();
        assert!(report.cases("some", || Ok(Tally::skipped("no such target here"))));
        assert_eq!(report.total.to_string(), "0 passed, 0 failed, 1 skipped");
        assert!(report.finish());
    }
}
