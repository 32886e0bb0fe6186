//! A journal knows its machine and its moment (rule 16): the epoch, its mirror, the installation, and what follows when they
//! do not fit.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::fault::{self, told_io};
use super::place::{private_file, sync_folder_of};
use crate::orders::ids::hex;
use crate::testing::{Guard, crash_point, guard};
use crate::{Result, TillConfig, TillgateError};

/// What a journal knows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Tells journals apart; a copy has the same.
    pub journal_id: String,
    /// Raised at each open for writing.
    pub epoch: u64,
    /// The latest epoch that is known to have reached the mirror.
    pub mirrored_epoch: Option<u64>,
    /// The name that the host gave to the installation.
    pub installation_given: Option<String>,
    /// The machine's own name, digested.
    pub installation_machine: Option<String>,
    /// Why the journal is in quarantine.
    pub quarantine: Option<String>,
}

impl Identity {
    /// As the journal holds it.
    pub fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |name| -> rusqlite::Result<Option<u64>> {
            let text = read_meta(connection, name)?;
            text.map(|text| text.parse().map_err(|_| unreadable(name))).transpose()
        };
        Ok(Self {
            journal_id: read_meta(connection, "journal_id")?.ok_or_else(|| unreadable("journal_id"))?,
            epoch: number("epoch")?.ok_or_else(|| unreadable("epoch"))?,
            mirrored_epoch: number("mirrored_epoch")?,
            installation_given: read_meta(connection, "installation_given")?,
            installation_machine: read_meta(connection, "installation_machine")?,
            quarantine: read_meta(connection, "quarantine")?,
        })
    }

    /// Into the journal.
    pub fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let number = |number: u64| number.to_string();
        write_meta(connection, "epoch", Some(&number(self.epoch)))?;
        write_meta(connection, "mirrored_epoch", self.mirrored_epoch.map(number).as_deref())?;
        write_meta(connection, "installation_given", self.installation_given.as_deref())?;
        write_meta(connection, "installation_machine", self.installation_machine.as_deref())?;
        write_meta(connection, "quarantine", self.quarantine.as_deref())
    }

    /// Why this journal does not belong here and now, if it does not.
    pub fn misfit(&self, around: &Surroundings) -> Option<String> {
        let of_moment = if guard(Guard::EpochMirror) { self.misfit_of_moment(&around.mirror) } else { None };
        of_moment.or_else(|| self.misfit_of_machine(around))
    }

    /// The same journal, of this place: from now on nothing else will fit.
    pub fn settle(&mut self, around: &Surroundings) {
        if around.installation_given.is_some() {
            self.installation_given.clone_from(&around.installation_given);
        }
        if around.installation_machine.is_some() {
            self.installation_machine.clone_from(&around.installation_machine);
        }
    }

    /// An epoch that no process before had, as far as anyone here knows.
    pub fn next_epoch(&self, mirror: &Mirrored) -> u64 {
        // A restored backup must not count anew what was counted: stamps of one epoch share one monotonic clock.
        let seen = match mirror {
            Mirrored::Found { journal_id, epoch } if *journal_id == self.journal_id => *epoch,
            _ => 0,
        };
        self.epoch.max(seen) + 1
    }

    fn misfit_of_moment(&self, mirror: &Mirrored) -> Option<String> {
        match mirror {
            Mirrored::Nowhere => None,
            // The first time that a mirror is asked for.
            Mirrored::Nothing if self.mirrored_epoch.is_none() => None,
            Mirrored::Nothing => {
                Some("the epoch's mirror is gone, so a restored backup could not be told".into())
            }
            Mirrored::Unreadable => Some("the epoch's mirror does not hold an epoch".into()),
            Mirrored::Found { journal_id, epoch } if *journal_id != self.journal_id => Some(format!(
                "the epoch's mirror belongs to another journal, which was opened {epoch} times: it was lost, or two \
                 journals share the mirror"
            )),
            Mirrored::Found { epoch, .. } if *epoch > self.epoch => Some(format!(
                "the journal is older than its mirror (epoch {} after {epoch}): a restored backup, or a copy that another \
                 machine goes on with",
                self.epoch
            )),
            // Behind by some is a crash between the journal's commit and the mirror's, or an open without a mirror.
            // Behind what was surely mirrored is not.
            Mirrored::Found { epoch, .. } if Some(*epoch) < self.mirrored_epoch => Some(format!(
                "the epoch's mirror is older than the journal remembers ({epoch} after {}): a restored backup of both, \
                 perhaps",
                self.mirrored_epoch.unwrap_or_default()
            )),
            Mirrored::Found { .. } => None,
        }
    }

    fn misfit_of_machine(&self, around: &Surroundings) -> Option<String> {
        let another = |ours: &str, here: &str| {
            Some(format!("another machine: the journal is of {ours}, this is {here}"))
        };
        match (&self.installation_given, &around.installation_given) {
            (Some(ours), Some(here)) if ours == here => return None,
            (Some(ours), Some(here)) => return another(&format!("{ours:?}"), &format!("{here:?}")),
            // A name that is new, or no longer given, says nothing; the machine does.
            _ => {}
        }
        match (&self.installation_machine, &around.installation_machine) {
            (Some(ours), Some(here)) if ours == here => None,
            (Some(_), Some(_)) => another("another machine id", "not that one"),
            (Some(_), None) => another("a machine with an id", "one without"),
            (None, _) => match (&self.installation_given, &around.installation_given) {
                (Some(ours), None) => another(&format!("{ours:?}"), "an installation without a name"),
                _ => None,
            },
        }
    }
}

/// What the mirror of the epoch says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirrored {
    /// No place was given: the guard is off.
    Nowhere,
    /// The place is empty.
    Nothing,
    /// Something else lies there.
    Unreadable,
    /// An epoch of a journal.
    Found { journal_id: String, epoch: u64 },
}

/// Where and when a journal is opened.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub mirror_path: Option<PathBuf>,
    pub mirror: Mirrored,
    pub installation_given: Option<String>,
    pub installation_machine: Option<String>,
}

impl Surroundings {
    /// Looks around. A mirror that cannot be reached is an error: it is not the same as one that is gone.
    pub fn look(config: &TillConfig) -> Result<Self> {
        let mirror_path = config.epoch_mirror_path.as_ref().map(PathBuf::from);
        if mirror_path.as_ref().is_some_and(|path| path.file_name().is_none()) {
            return Err(TillgateError::invalid_argument("epoch_mirror_path", "it names no file"));
        }
        if config.installation_id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            return Err(TillgateError::invalid_argument(
                "installation_id",
                "it is empty; leave it out instead",
            ));
        }
        let mirror = match &mirror_path {
            None => Mirrored::Nowhere,
            Some(path) => read_mirror(path).map_err(|error| unreachable(&error, path))?,
        };
        Ok(Self {
            mirror_path,
            mirror,
            installation_given: config.installation_id.clone(),
            installation_machine: machine(),
        })
    }

    /// Those of one who only reads: nothing is compared.
    pub fn none() -> Self {
        Self {
            mirror_path: None,
            mirror: Mirrored::Nowhere,
            installation_given: None,
            installation_machine: None,
        }
    }

    /// Mirrors an epoch, durably. Without a place nothing is done.
    pub fn write_mirror(&self, journal_id: &str, epoch: u64) -> Result<()> {
        let Some(path) = &self.mirror_path else { return Ok(()) };
        write_mirror(path, journal_id, epoch).map_err(|error| unreachable(&error, path))
    }
}

/// One value of the journal's own.
pub fn read_meta(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn write_meta(connection: &Connection, name: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => connection
            .prepare_cached(
                "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            )?
            .execute([name, value])?,
        None => connection.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([name])?,
    };
    Ok(())
}

const MIRROR_FIRST_WORDS: &str = "tillgate epoch 1";

fn read_mirror(path: &Path) -> io::Result<Mirrored> {
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A folder that is not there is a disk that is not there.
            fs::metadata(folder_of(path))?;
            return Ok(Mirrored::Nothing);
        }
        Err(error) => return Err(error),
    };
    let mut words = text.trim_end().strip_prefix(MIRROR_FIRST_WORDS).unwrap_or_default().split_whitespace();
    Ok(match (words.next(), words.next().and_then(|word| word.parse().ok()), words.next()) {
        (Some(journal_id), Some(epoch), None) => {
            Mirrored::Found { journal_id: journal_id.to_string(), epoch }
        }
        _ => Mirrored::Unreadable,
    })
}

fn write_mirror(path: &Path, journal_id: &str, epoch: u64) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push("-new");
    let new = PathBuf::from(new);
    let mut file = private_file().write(true).create(true).truncate(true).open(&new)?;
    writeln!(file, "{MIRROR_FIRST_WORDS} {journal_id} {epoch}")?;
    file.sync_all()?;
    drop(file);
    crash_point("mirror.place.before");
    fs::rename(&new, path)?;
    sync_folder_of(path)?;
    crash_point("mirror.place.after");
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unreachable(error: &io::Error, path: &Path) -> TillgateError {
    let mut error = told_io(error, &format!("the epoch's mirror {}", path.display()));
    error.details_mut().advice =
        "Nothing was bought. Make the mirror's disk or server reachable and open the journal again. Opening it without \
         epoch_mirror_path works too, but then a restored backup is not noticed."
            .to_string();
    error.details_mut().field = Some("epoch_mirror_path".to_string());
    error
}

/// The machine's own name, if it has one. Digested under a name of our own, as machine-id(5) asks of applications.
fn machine() -> Option<String> {
    let id = machine_id()?;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, id.as_bytes());
    Some(hex(&ring::hmac::sign(&key, b"tillgate installation 1").as_ref()[..16]))
}

fn machine_id() -> Option<String> {
    // An image that was never started has an empty file, or the word "uninitialized".
    let is_id = |id: &String| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| text.trim().to_string())
        .find(is_id)
}

fn unreadable(name: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        0,
        rusqlite::types::Type::Text,
        format!("the journal's {name} is missing or unreadable").into(),
    )
}

/// Refuses what a journal in quarantine must not do.
pub fn quarantined(reason: &str) -> TillgateError {
    TillgateError::Quarantined {
        details: crate::ErrorDetails::local(
            format!("the journal is in quarantine: {reason}"),
            "Nothing was sent. Orders are looked up meanwhile. Find out which journal is the right one; if it is this one, \
             leave the quarantine, with a name and the grounds.",
        ),
    }
}

/// Refuses a writer whose journal was opened by another one since.
pub fn overtaken(ours: u64, now: Option<&str>) -> TillgateError {
    fault::locked(format!(
        "another process has opened the journal for writing (epoch {} after our {ours})",
        now.unwrap_or("unknown")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(journal_id: &str, epoch: u64) -> Mirrored {
        Mirrored::Found { journal_id: journal_id.into(), epoch }
    }

    fn journal() -> Identity {
        Identity { journal_id: "J".into(), epoch: 7, mirrored_epoch: Some(6), ..Identity::default() }
    }

    fn around(given: Option<&str>, machine: Option<&str>) -> Surroundings {
        Surroundings {
            mirror_path: None,
            mirror: Mirrored::Nowhere,
            installation_given: given.map(str::to_string),
            installation_machine: machine.map(str::to_string),
        }
    }

    #[test]
    fn a_mirror_that_fits_is_no_reason() {
        for mirror in [Mirrored::Nowhere, found("J", 7), found("J", 6)] {
            assert_eq!(journal().misfit_of_moment(&mirror), None, "{mirror:?}");
        }
        let mut never_mirrored = journal();
        never_mirrored.mirrored_epoch = None;
        assert_eq!(never_mirrored.misfit_of_moment(&Mirrored::Nothing), None);
    }

    #[test]
    fn crashes_between_journal_and_mirror_are_no_reason() {
        let mut journal = journal();
        journal.epoch = 12;
        assert_eq!(journal.misfit_of_moment(&found("J", 6)), None);
    }

    #[test]
    fn a_mirror_that_does_not_fit_is_a_reason() {
        for (mirror, word) in [
            (found("J", 8), "restored backup"),
            (found("J", 5), "older than the journal"),
            (found("K", 7), "another journal"),
            (Mirrored::Nothing, "gone"),
            (Mirrored::Unreadable, "does not hold"),
        ] {
            let reason = journal().misfit_of_moment(&mirror).expect("a reason");
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn a_restored_backup_never_counts_an_epoch_twice() {
        assert_eq!(journal().next_epoch(&found("J", 41)), 42);
        assert_eq!(journal().next_epoch(&found("K", 41)), 8);
        assert_eq!(journal().next_epoch(&Mirrored::Nowhere), 8);
    }

    #[test]
    fn another_machine_is_a_reason_and_the_same_one_is_not() {
        let of = |given: Option<&str>, machine: Option<&str>| Identity {
            installation_given: given.map(str::to_string),
            installation_machine: machine.map(str::to_string),
            ..journal()
        };
        let fits = [
            (of(None, None), around(None, Some("m"))),
            (of(None, Some("m")), around(None, Some("m"))),
            (of(None, Some("m")), around(Some("till 3"), Some("m"))),
            (of(Some("till 3"), Some("m")), around(Some("till 3"), Some("n"))),
            (of(Some("till 3"), Some("m")), around(Some("till 3"), None)),
            (of(Some("till 3"), Some("m")), around(None, Some("m"))),
        ];
        for (journal, around) in fits {
            assert_eq!(journal.misfit_of_machine(&around), None, "{journal:?} {around:?}");
        }
        let misfits = [
            (of(None, Some("m")), around(None, Some("n"))),
            (of(None, Some("m")), around(None, None)),
            (of(None, Some("m")), around(Some("till 3"), Some("n"))),
            (of(Some("till 3"), Some("m")), around(Some("till 4"), Some("m"))),
            (of(Some("till 3"), None), around(None, Some("m"))),
        ];
        for (journal, around) in misfits {
            assert!(journal.misfit_of_machine(&around).is_some(), "{journal:?} {around:?}");
        }
    }
}
