//! What opening finds: no journal, something else, another one's, an older or a newer one.

use std::fs;

use super::*;
use crate::orders::sqlite::schema;

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_missing_journal_is_made_only_on_request() {
    let mut till = Till::new();
    till.config.create = false;
    assert_eq!(till.refused().code(), "journal_missing");
    assert!(!till.journal().exists());
    till.config.create = true;
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    drop(store);
    // An existing one is opened, whatever `create` says.
    for create in [true, false] {
        till.config.create = create;
        assert!(till.open().order("A").unwrap().is_some());
    }
}

#[test]
fn reading_makes_no_journal() {
    let till = Till::new();
    let error = open(&till.with(|config| config.read_only = true)).map(drop).unwrap_err();
    assert_eq!(error.code(), "journal_missing");
    assert_eq!(fs::read_dir(till.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_bad_place_is_told_as_what_it_is() {
    let till = Till::new();
    let folder = till.folder.path();
    write(&folder.join("file"), b"");
    let code = |path: PathBuf, create: bool| {
        let config = till.with(|config| {
            config.journal_path = path.to_str().unwrap().into();
            config.create = create;
        });
        open(&config).map(drop).unwrap_err().code()
    };
    assert_eq!(code(PathBuf::new(), true), "invalid_argument");
    assert_eq!(code(folder.join("a\0b"), true), "invalid_argument");
    assert_eq!(code(folder.to_path_buf(), true), "invalid_argument");
    assert_eq!(code(folder.join(".."), true), "invalid_argument");
    assert_eq!(code(folder.join("file/journal"), true), "invalid_argument");
    assert_eq!(code(folder.join("nowhere/journal"), true), "invalid_argument");
    assert_eq!(code(folder.join("nowhere/journal"), false), "journal_missing");
}

#[test]
fn what_is_not_a_journal_is_left_as_it_is() {
    let till = Till::new();
    let mut sqlite = Vec::new();
    {
        let path = till.folder.path().join("other.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        sqlite.extend(fs::read(path).unwrap());
    }
    for bytes in [&b""[..], b"hello", &[0; 4096], &sqlite] {
        write(&till.journal(), bytes);
        assert_eq!(till.refused().code(), "journal_damaged");
        assert_eq!(fs::read(till.journal()).unwrap(), bytes);
    }
}

#[test]
fn a_damaged_journal_is_told_and_not_written() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create((0..300).map(|n| sent(&format!("o{n}"), 0))), 0));
    drop(store);
    let whole = fs::read(till.journal()).unwrap();
    let page = 4096;
    assert!(whole.len() > 40 * page);

    write(&till.journal(), &whole[..whole.len() / 2]);
    assert_eq!(till.refused().code(), "journal_damaged", "cut off");
    let mut holed = whole.clone();
    holed[20 * page..24 * page].fill(0);
    write(&till.journal(), &holed);
    assert_eq!(till.refused().code(), "journal_damaged", "a hole");
    write(&till.journal(), &whole);
    till.open();
}

#[test]
fn an_order_is_never_overlooked_because_a_bit_of_its_key_has_flipped() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("BEFORE", 0), sent("FLIPPED", 0), sent("LATER", 0)]), 0));
    drop(store);
    let whole = fs::read(till.journal()).unwrap();
    let key = Record::key_of("FLIPPED").into_bytes();
    let places: Vec<usize> =
        (0..whole.len() - key.len()).filter(|at| whole[*at..].starts_with(&key)).collect();
    // In the table, and in the indexes; by one of these an order is found again under its id.
    assert!(places.len() > 3, "{places:?}");
    let mut refused = 0;
    for at in places {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        write(&till.journal(), &damaged);
        match till.try_open().and_then(|store| store.order("FLIPPED")) {
            Ok(order) => assert!(order.is_some(), "it would be bought again ({at})"),
            Err(error) => {
                assert_eq!(error.code(), "journal_damaged");
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn an_order_under_the_id_of_another_is_not_told() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0), sent("B", 0)]), 0));
    drop(store);
    let swap = "UPDATE orders SET body = (SELECT body FROM orders WHERE key = 'B') WHERE key = 'A'";
    let key_of_a = Record::key_of("A");
    let key_of_b = Record::key_of("B");
    let swap = swap.replace("'A'", &format!("'{key_of_a}'")).replace("'B'", &format!("'{key_of_b}'"));
    assert_eq!(rusqlite::Connection::open(till.journal()).unwrap().execute(&swap, []).unwrap(), 1);
    let store = till.open();
    assert_eq!(store.order("A").map(drop).unwrap_err().code(), "journal_damaged");
    assert!(store.order("B").unwrap().is_some());
}

#[test]
fn a_journal_that_lacks_something_is_damaged() {
    for loss in [
        "DROP TABLE history",
        "DROP INDEX open_orders",
        "ALTER TABLE sealed RENAME COLUMN key_id TO jey_id",
        "DELETE FROM meta WHERE name = 'epoch'",
        "UPDATE meta SET value = 'x' WHERE name = 'epoch'",
        "DELETE FROM meta WHERE name = 'journal_id'",
        "PRAGMA user_version = 0",
    ] {
        let till = Till::new();
        till.open();
        rusqlite::Connection::open(till.journal()).unwrap().execute_batch(loss).unwrap();
        assert_eq!(till.refused().code(), "journal_damaged", "{loss}");
    }
}

#[test]
fn a_log_without_its_journal_is_not_thrown_away() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    fs::rename(till.journal(), till.folder.path().join("elsewhere")).unwrap();
    let log = fs::read(till.beside("-wal")).unwrap();
    assert!(!log.is_empty());
    assert_eq!(till.refused().code(), "journal_damaged");
    assert_eq!(fs::read(till.beside("-wal")).unwrap(), log);
}

#[test]
fn half_a_making_is_cleared_away() {
    let till = Till::new();
    write(&till.beside("-new"), b"half");
    write(&till.beside("-new-journal"), b"half");
    till.open();
    assert!(!till.beside("-new").exists());
}

#[test]
fn a_newer_journal_is_not_touched() {
    let till = Till::new();
    till.open();
    let newer = schema::newest_version() + 1;
    rusqlite::Connection::open(till.journal()).unwrap().pragma_update(None, "user_version", newer).unwrap();
    let before = fs::read(till.journal()).unwrap();
    assert_eq!(till.refused().code(), "journal_too_new");
    let read_only = till.with(|config| config.read_only = true);
    assert_eq!(open(&read_only).map(drop).unwrap_err().code(), "journal_too_new");
    assert_eq!(fs::read(till.journal()).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn what_is_marked_read_only_is_not_bought_with_and_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    drop(store);
    mode(&till.journal(), 0o440);
    assert_eq!(till.refused().code(), "journal_read_only");
    let store = open(&till.with(|config| config.read_only = true)).unwrap();
    assert!(store.order("A").unwrap().is_some());
    assert_eq!(commit(&store, Command::Hint { key: "a".into() }, 0).unwrap_err().code(), "journal_read_only");
    drop(store);
    mode(&till.journal(), 0o660);
    mode(till.folder.path(), 0o550);
    let refused = till.refused();
    mode(till.folder.path(), 0o770);
    assert_eq!(refused.code(), "journal_read_only");
}

#[test]
fn a_second_writer_is_refused_at_once() {
    let till = Till::new();
    let store = till.open();
    let error = till.refused();
    assert_eq!(error.code(), "journal_locked");
    assert!(error.details().reason.contains(&std::process::id().to_string()), "{error}");
    #[cfg(unix)]
    {
        // By another name too.
        let link = till.folder.path().join("link");
        std::os::unix::fs::symlink(till.journal(), &link).unwrap();
        let linked = till.with(|config| config.journal_path = link.to_str().unwrap().into());
        assert_eq!(open(&linked).map(drop).unwrap_err().code(), "journal_locked");
    }
    store.close();
    till.open();
}

#[cfg(unix)]
#[test]
fn a_forked_child_neither_keeps_nor_opens_its_parents_lock() {
    let till = Till::new();
    let lock = till.beside("-lock");
    let held = crate::orders::sqlite::lock::WriterLock::take(&lock).unwrap();
    let taken = || crate::orders::sqlite::lock::WriterLock::take(&lock).map(drop);
    // SAFETY: plain calls; in the children nothing is allocated.
    unsafe {
        let drops = libc::fork();
        if drops == 0 {
            drop(held);
            libc::_exit(0);
        }
        assert_eq!(libc::waitpid(drops, std::ptr::null_mut(), 0), drops);
        assert_eq!(taken().unwrap_err().code(), "journal_locked", "a child does not open it");

        let lives_on = libc::fork();
        if lives_on == 0 {
            loop {
                libc::pause();
            }
        }
        drop(held);
        let outcome = taken();
        libc::kill(lives_on, libc::SIGKILL);
        assert_eq!(libc::waitpid(lives_on, std::ptr::null_mut(), 0), lives_on);
        assert_eq!(outcome, Ok(()), "a child does not keep it");
    }
}

#[test]
fn a_writer_whose_lock_was_taken_away_notices_the_next_one() {
    let till = Till::new();
    let first = till.open();
    fs::remove_file(till.beside("-lock")).unwrap();
    let second = till.open();
    assert_eq!(commit(&first, create([sent("A", 0)]), 0).unwrap_err().code(), "journal_locked");
    assert!(first.cannot_write().is_some());
    created(commit(&second, create([sent("A", 0)]), 0));
}

#[test]
fn a_reader_beside_the_writer_sees_what_is_committed_and_appends_hints_only() {
    let till = Till::new();
    let writer = till.open();
    let reader = open(&till.with(|config| config.read_only = true)).unwrap();
    created(commit(&writer, create([sent("A", 0)]), 0));
    assert!(reader.order("A").unwrap().is_some());
    let batch = [
        given(Command::Hint { key: "A".into() }, 0),
        given(create([sent("B", 0)]), 0),
        given(fact("A", no_answer()), 0),
        given(Command::Acknowledge { event: 1 }, 0),
        given(Command::Archive { before: seconds(9) }, 0),
    ];
    let codes: Vec<_> =
        reader.commit(&batch).unwrap().into_iter().map(|r| r.err().map(|e| e.code())).collect();
    let refused = Some("journal_read_only");
    assert_eq!(codes, [None, refused, refused, refused, refused]);
    assert_eq!(reader.cannot_write().unwrap().code(), "journal_read_only");
    assert_eq!(hinted(&writer), ["a"]);
    assert_eq!(writer.epoch(), reader.epoch());
    // The reader outlives the writer, and the next writer.
    drop(writer);
    let writer = till.open();
    assert_eq!(commit(&reader, Command::Hint { key: "A".into() }, 0).map(|_| ()), Ok(()));
    drop(writer);
    assert!(reader.order("A").unwrap().is_some());
}

#[test]
fn a_key_of_the_same_name_must_be_the_same_key() {
    let key = |id: &str| JournalKey { id: id.into(), key: new_journal_key() };
    let mut till = Till::new();
    let first = key("2025");
    till.config.key = Some(first.clone());
    till.open();
    till.config.key = Some(key("2025"));
    assert_eq!(till.refused().code(), "wrong_key");
    // A new one needs a new name; without the old one, what it encrypted is out of reach, and the store says so.
    till.config.key = Some(key("2026"));
    assert_eq!(till.open().keys_not_given().unwrap(), ["2025"]);
    till.config.old_keys = vec![key("2025")];
    assert_eq!(till.refused().code(), "wrong_key");
    till.config.old_keys = vec![first];
    assert_eq!(till.open().keys_not_given().unwrap(), [""; 0]);
    till.config.key = None;
    till.open();
}

#[test]
fn a_journal_of_0_1_0_opens() {
    // Made by `make_the_fixture` below, by the library as of 0.1.0. It stays as it is for ever.
    let till = Till::new();
    write(&till.journal(), include_bytes!("../../../../tests/fixtures/journal-0.1.0.sqlite"));
    let store = open(&till.with(|config| config.create = false)).unwrap();
    assert_eq!(store.quarantine().unwrap(), None);
    let states: Vec<_> = store
        .list(&OrderFilter { limit: 10, ..OrderFilter::default() })
        .unwrap()
        .0
        .into_iter()
        .map(|order| (order.id, order.state))
        .collect();
    let expected = [
        ("FIXTURE_UNKNOWN", OrderState::Unknown),
        ("FIXTURE_SUCCEEDED", OrderState::Succeeded),
        ("FIXTURE_PENDING", OrderState::Pending),
    ];
    assert_eq!(states, expected.map(|(id, state)| (id.to_string(), state)));
    let pending = store.order("fixture_pending").unwrap().unwrap().order;
    assert_eq!(pending.notifications, [], "it was written before there were any");
    assert_eq!(store.events(&[], 10).unwrap().len(), 2);
    assert_eq!(store.history("FIXTURE_SUCCEEDED").unwrap().len(), 4);
    let again = created(commit(&store, create([sent("FIXTURE_SUCCEEDED", 1)]), 1));
    assert!(!again[0].1, "the fingerprint is still the same");
    let vault = Vault::new(Some(&fixture_key()), &[]).unwrap();
    let kind = crate::orders::store::SecretKind::PaymentCode;
    let sealed = store.sealed("fixture_pending", kind).unwrap().unwrap();
    assert_eq!(&**vault.open("fixture_pending", kind, &sealed).unwrap(), b"a gift card");
    drop(store);
    assert_sound(&till.journal());
}

fn fixture_key() -> JournalKey {
    JournalKey {
        id: "fixture".into(),
        key: Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()),
    }
}

/// Writes the fixture of the present version, once: see `tests/fixtures/README.md`.
#[test]
#[ignore = "writes into the source tree"]
fn make_the_fixture() {
    if std::env::var_os("TILLGATE_MAKE_FIXTURE").is_none() {
        return;
    }
    let name = format!("journal-{}.sqlite", env!("CARGO_PKG_VERSION"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    assert!(!path.exists(), "a fixture is never made again");
    let mut till = Till::new();
    till.config.key = Some(fixture_key());
    let vault = Vault::new(till.config.key.as_ref(), &[]).unwrap();
    let store = till.open();
    let kind = crate::orders::store::SecretKind::PaymentCode;
    let mut pending = draft(intent("FIXTURE_PENDING", 0));
    pending.payment_code = Some(vault.seal("fixture_pending", kind, b"a gift card").unwrap());
    created(commit(&store, Command::Create(vec![pending]), 0));
    succeeded(&store, "FIXTURE_SUCCEEDED", 1);
    created(commit(&store, create([sent("FIXTURE_UNKNOWN", 2)]), 2));
    apply(&store, "FIXTURE_UNKNOWN", no_answer(), 3).unwrap();
    drop(store);
    // A machine's own id belongs into no repository.
    rusqlite::Connection::open(till.journal())
        .unwrap()
        .execute_batch(
            "DELETE FROM meta WHERE name = 'installation_machine'; PRAGMA wal_checkpoint(TRUNCATE); VACUUM;",
        )
        .unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::copy(till.journal(), path).unwrap();
}

#[test]
fn sqlite_is_built_small_and_as_durable_as_it_comes() {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let mut options = connection.prepare("PRAGMA compile_options").unwrap();
    let options = options.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let options: Vec<String> = options.map(Result::unwrap).collect();
    // What .cargo/config.toml leaves out is out of the builds that are tested, too.
    for without in ["ENABLE_FTS3", "ENABLE_FTS5", "ENABLE_RTREE", "ENABLE_STAT4"] {
        assert!(!options.iter().any(|option| option.starts_with(without)), "{without}: {options:?}");
    }
    for with in ["OMIT_JSON", "OMIT_LOAD_EXTENSION", "THREADSAFE=1", "ENABLE_API_ARMOR"] {
        assert!(options.iter().any(|option| option == with), "{with}: {options:?}");
    }
    // Nothing about syncing, locking or the log is other than SQLite's own authors ship it: FULL and WAL are asked for, not
    // built in.
    for untouched in ["OMIT_WAL", "NO_SYNC", "OMIT_DISKIO", "OMIT_AUTOVACUUM", "DISABLE_", "OMIT_FLOATING"] {
        assert!(!options.iter().any(|option| option.starts_with(untouched)), "{untouched}: {options:?}");
    }
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2, "FULL, before anybody asks");
}

#[test]
fn a_log_that_was_left_is_written_into_the_file_before_anything_is_sold() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    // As a process that ended in the midst of it leaves them.
    let left = Till::new();
    for ending in ["", "-wal"] {
        fs::copy(till.beside(ending), left.beside(ending)).unwrap();
    }
    let orders_without_log = || {
        let alone = left.folder.path().join("alone");
        fs::copy(left.journal(), &alone).unwrap();
        let alone = rusqlite::Connection::open(alone).unwrap();
        alone.query_row("SELECT count(*) FROM orders", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(orders_without_log(), 0);
    let _open = left.open();
    assert_eq!(orders_without_log(), 1);
}

#[test]
fn a_log_that_cannot_be_begun_anew_keeps_the_till_closed() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    let reader = rusqlite::Connection::open(till.journal()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM orders;").unwrap();
    let connection = schema::connect(&till.journal(), schema::Access::WriteBeside).unwrap();
    connection.busy_timeout(std::time::Duration::from_millis(1)).unwrap();
    assert_eq!(schema::empty_log(&connection).unwrap_err().code(), "journal_locked");
    reader.execute_batch("COMMIT").unwrap();
    schema::empty_log(&connection).unwrap();
}

#[test]
fn a_journal_that_lost_its_log_has_one_again_before_anything_is_sold() {
    let till = Till::new();
    let store = till.open();
    created(commit(&store, create([sent("A", 0)]), 0));
    let other = Till::new();
    let copy = other.journal();
    let connection = rusqlite::Connection::open(till.journal()).unwrap();
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    let mode = || -> String {
        let connection = rusqlite::Connection::open(&copy).unwrap();
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap()
    };
    assert_eq!(mode(), "delete");
    let store = other.open();
    assert!(store.order("A").unwrap().is_some());
    assert_eq!(mode(), "wal");
}

#[test]
fn what_somebody_added_is_named_and_nothing_is_called_lost() {
    let till = Till::new();
    drop(till.open());
    let connection = rusqlite::Connection::open(till.journal()).unwrap();
    for (added, removed) in [
        ("CREATE INDEX report ON orders (state)", "DROP INDEX report"),
        ("CREATE TABLE report (a)", "DROP TABLE report"),
        ("CREATE TRIGGER report AFTER INSERT ON events BEGIN DELETE FROM events; END", "DROP TRIGGER report"),
    ] {
        connection.execute_batch(added).unwrap();
        let refused = till.refused();
        assert_eq!(refused.code(), "journal_damaged");
        assert!(refused.to_string().contains("report"), "{refused}");
        assert!(refused.details().advice.contains("no order is lost"), "{refused}");
        connection.execute_batch(removed).unwrap();
        drop(till.open());
    }
}
