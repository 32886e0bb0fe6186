//! The guards of core: its own table, read here too.

/// A guard.
#[derive(Debug, PartialEq, Eq)]
pub struct Guard {
    pub number: u8,
    /// The number of the rule that it keeps.
    pub rule: u8,
    /// As `TILLGATE_GUARDS_OFF` has it.
    pub name: &'static str,
    /// What happens while it is switched off.
    pub without: &'static str,
}

macro_rules! guards {
    ($($(#[$doc:meta])* $guard:ident = $number:literal, rule $rule:literal, $name:literal, $off:literal;)*) => {
        /// All of them, in the order of their numbers.
        pub const ALL: &[Guard] = &[$(Guard { number: $number, rule: $rule, name: $name, without: $off }),*];
    };
}

include!("../../core/src/guards.rs");

/// The guard of this name.
pub fn named(name: &str) -> Option<&'static Guard> {
    ALL.iter().find(|guard| guard.name == name)
}

/// The guard that a test is for, by the test's own name: `rule_07_…` is for the main guard of rule 7, `guard_callback_path_…`
/// for the guard of that name. Nothing for other tests, and an error for one that names a guard there is none of.
pub fn of_test(name: &str) -> Result<Option<&'static Guard>, String> {
    let short = name.rsplit("::").next().unwrap_or(name);
    // As pytest wants its tests to be called.
    let short = short.strip_prefix("test_").unwrap_or(short);
    let guard = if let Some(rest) = short.strip_prefix("rule_") {
        let number = rest.split('_').next().and_then(|number| number.parse::<u8>().ok());
        ALL.iter().find(|guard| Some(guard.number) == number && guard.rule == guard.number)
    } else if let Some(rest) = short.strip_prefix("guard_") {
        let fits = |guard: &&Guard| rest.strip_prefix(guard.name).is_some_and(|rest| rest.starts_with('_'));
        // The longest, should one name begin as another does.
        ALL.iter().filter(fits).max_by_key(|guard| guard.name.len())
    } else {
        return Ok(None);
    };
    guard.map(Some).ok_or_else(|| format!("{name} is named for a guard that there is not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_belongs_to_the_guard_in_its_name() {
        let name = |test: &str| of_test(test).map(|guard| guard.map(|guard| guard.name));
        assert_eq!(name("rules::settling::rule_07_found_counts"), Ok(Some("match_found")));
        assert_eq!(name("receiver::guard_callback_path_is_secret"), Ok(Some("callback_path")));
        assert_eq!(name("tests/core/test_a.py::test_guard_exact_money_x[1]"), Ok(Some("exact_money")));
        assert_eq!(name("rules::settling::restarts_add_nothing"), Ok(None));
        for wrong in ["rule_21_redirects", "rule_00_x", "rule_x", "a::guard_nobody_x", "guard_callback_path"]
        {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_rule_has_a_main_guard() {
        for rule in 1..=20 {
            assert_eq!(ALL.iter().filter(|guard| guard.rule == rule && guard.number == rule).count(), 1);
        }
    }
}
