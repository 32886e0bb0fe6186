//! A journal knows its machine and its moment: backups, clones, moves.

use std::fs;

use super::*;

impl Till {
    fn mirrored() -> Self {
        let mut till = Self::new();
        let mirror = till.folder.path().join("other disk");
        fs::create_dir(&mirror).unwrap();
        till.config.epoch_mirror_path = Some(mirror.join("epoch").to_str().unwrap().into());
        till
    }

    fn mirror(&self) -> PathBuf {
        self.config.epoch_mirror_path.as_ref().unwrap().into()
    }
}

fn leave(store: &SqliteStore) -> Result<Done> {
    let command =
        Command::LeaveQuarantine { decided_by: "Ann".into(), grounds: "it is the right one".into() };
    commit(store, command, 50)
}

fn assert_quarantined(store: &SqliteStore, word: &str) {
    let reason = store.quarantine().unwrap().expect("a quarantine");
    assert!(reason.contains(word), "{reason}");
}

#[test]
fn each_opening_to_write_raises_the_epoch_and_mirrors_it() {
    let till = Till::mirrored();
    for epoch in 1..4 {
        let store = till.open();
        assert_eq!(store.epoch(), epoch);
        assert!(store.epoch_guard());
        assert_eq!(store.quarantine().unwrap(), None);
        assert!(fs::read_to_string(till.mirror()).unwrap().ends_with(&format!(" {epoch}\n")));
        let reader = open(&till.with(|config| config.read_only = true)).unwrap();
        assert_eq!(reader.epoch(), epoch);
    }
    let without = open(&till.with(|config| config.epoch_mirror_path = None)).unwrap();
    assert!(!without.epoch_guard());
}

#[test]
fn a_restored_backup_opens_in_quarantine_with_every_open_order_unknown() {
    let till = Till::mirrored();
    let store = till.open();
    created(commit(&store, create([intent("pending", 0), sent("sending", 0)]), 0));
    created(commit(&store, create([sent("accepted", 0)]), 0));
    apply(&store, "accepted", looked_up("accepted", "u", EvidenceStatus::Open), 0).unwrap();
    succeeded(&store, "done", 0);
    drop(store);
    let backup = fs::read(till.journal()).unwrap();
    let store = till.open();
    created(commit(&store, create([sent("later", 0)]), 0));
    drop(store);
    fs::write(till.journal(), backup).unwrap();

    let store = till.open();
    assert_quarantined(&store, "restored backup");
    assert_eq!(store.epoch(), 3, "no epoch is counted twice");
    let state = |id: &str| store.order(id).unwrap().unwrap().order.state;
    for id in ["pending", "sending", "accepted"] {
        assert_eq!(state(id), OrderState::Unknown, "{id}");
    }
    assert_eq!(state("done"), OrderState::Succeeded);
    // Nothing is submitted; what is there already is told.
    assert_eq!(commit(&store, create([sent("new", 0)]), 0).unwrap_err().code(), "quarantined");
    assert!(!created(commit(&store, create([sent("done", 0)]), 0))[0].1);
    let again = fact("pending", Fact::AttemptBegins { repeat: Some("a test") });
    assert_eq!(commit(&store, again, 0).unwrap_err().code(), "quarantined");
    // Look-ups settle meanwhile.
    apply(&store, "accepted", looked_up("accepted", "u", EvidenceStatus::Succeeded), 1).unwrap();
    drop(store);

    let store = till.open();
    assert_quarantined(&store, "restored backup");
    assert_eq!(count(leave(&store)), 1);
    assert_eq!(store.quarantine().unwrap(), None);
    created(commit(&store, create([sent("new", 0)]), 0));
    assert_eq!(count(leave(&store)), 0);
    drop(store);
    assert_eq!(till.open().quarantine().unwrap(), None);
    let decisions: Vec<(String, String)> = rusqlite::Connection::open(till.journal())
        .unwrap()
        .prepare("SELECT what, decided_by FROM decisions ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(|row| row.unwrap())
        .collect();
    let expected = [("quarantine", "tillgate"), ("leave_quarantine", "Ann")];
    assert_eq!(decisions, expected.map(|(what, by)| (what.to_string(), by.to_string())));
}

#[test]
fn the_slower_of_two_clones_is_in_quarantine() {
    let till = Till::mirrored();
    drop(till.open());
    let clone = till.with(|config| config.journal_path += "-clone");
    fs::copy(till.journal(), &clone.journal_path).unwrap();
    assert_eq!(till.open().quarantine().unwrap(), None);
    assert_quarantined(&open(&clone).unwrap(), "another machine goes on");
}

#[test]
fn another_installation_is_quarantined_until_someone_decides() {
    let till = Till::new();
    drop(till.open());
    let moved = till.with(|config| config.installation_id = Some("till 7".into()));
    let store = open(&moved).unwrap();
    assert_quarantined(&store, "another machine");
    assert_eq!(count(leave(&store)), 1);
    drop(store);
    assert_eq!(open(&moved).unwrap().quarantine().unwrap(), None);
    assert_quarantined(&till.open(), "another machine");
}

#[test]
fn a_new_journal_where_the_mirror_knows_another_is_quarantined() {
    let till = Till::mirrored();
    drop(till.open());
    fs::remove_file(till.journal()).unwrap();
    let kept = fs::read(till.mirror()).unwrap();
    let store = till.open();
    assert_quarantined(&store, "another journal");
    assert_eq!(fs::read(till.mirror()).unwrap(), kept, "what the mirror says is evidence");
    leave(&store).unwrap();
    drop(store);
    assert_eq!(till.open().quarantine().unwrap(), None);
}

#[test]
fn a_lost_mirror_is_a_quarantine_and_an_unreachable_one_an_error() {
    let till = Till::mirrored();
    drop(till.open());
    let folder = till.mirror().parent().unwrap().to_path_buf();
    let away = till.folder.path().join("away");
    fs::rename(&folder, &away).unwrap();
    let error = till.refused();
    assert_eq!(
        (error.code(), error.details().field.as_deref()),
        ("journal_failed", Some("epoch_mirror_path"))
    );
    fs::rename(&away, &folder).unwrap();
    assert_eq!(till.open().quarantine().unwrap(), None);
    fs::remove_file(till.mirror()).unwrap();
    assert_quarantined(&till.open(), "gone");
}

#[test]
fn a_mirror_that_is_asked_for_later_is_begun() {
    let mut till = Till::mirrored();
    let mirror = till.config.epoch_mirror_path.take();
    drop(till.open());
    till.config.epoch_mirror_path = mirror;
    for _ in 0..2 {
        assert_eq!(till.open().quarantine().unwrap(), None);
    }
}

#[test]
fn a_quarantine_is_left_only_by_name_and_on_grounds() {
    let till = Till::new();
    drop(till.open());
    let store = open(&till.with(|config| config.installation_id = Some("till 7".into()))).unwrap();
    for (decided_by, grounds) in [("", "g"), ("Ann", " ")] {
        let command = Command::LeaveQuarantine { decided_by: decided_by.into(), grounds: grounds.into() };
        assert_eq!(commit(&store, command, 0).unwrap_err().code(), "invalid_argument");
    }
    assert!(store.quarantine().unwrap().is_some());
}
