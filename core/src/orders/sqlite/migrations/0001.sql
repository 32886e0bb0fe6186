-- The journal as of 0.1.0. Never edited once released: later versions add a file.

-- What the journal knows of itself: journal_id, epoch, mirrored_epoch, installation_given, installation_machine,
-- quarantine, created_at, created_by.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys that ever encrypted here: enough to know them again, nothing to guess them by.
CREATE TABLE journal_keys (
    id TEXT NOT NULL PRIMARY KEY,
    check_value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What was decided about the journal as a whole.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    grounds TEXT NOT NULL
) STRICT;

-- The present state of each order, for ever: ids are never given twice. `body` is the whole record as JSON; the columns
-- repeat what is searched for.
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    account TEXT NOT NULL,
    parent_key TEXT,
    state INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    is_known INTEGER NOT NULL,
    in_conflict INTEGER NOT NULL,
    is_archived INTEGER NOT NULL,
    gateway_uid TEXT,
    absent_since_ns INTEGER,
    created_at_ns INTEGER NOT NULL,
    updated_at_ns INTEGER NOT NULL,
    search TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX orders_by_time ON orders (created_at_ns, key);
CREATE INDEX open_orders ON orders (key, account) WHERE is_open = 1;
CREATE INDEX open_by_time ON orders (created_at_ns, key) WHERE is_open = 1;
CREATE INDEX in_review ON orders (created_at_ns, key) WHERE state = 10;
CREATE INDEX in_conflict ON orders (created_at_ns, key) WHERE in_conflict = 1;
CREATE INDEX absent_orders ON orders (absent_since_ns, key, account) WHERE absent_since_ns IS NOT NULL;
CREATE INDEX undos ON orders (parent_key) WHERE parent_key IS NOT NULL;
CREATE INDEX known_orders ON orders (account, updated_at_ns) WHERE is_known = 1;
CREATE INDEX to_archive ON orders (updated_at_ns) WHERE is_open = 0 AND is_archived = 0;
-- The state machine sends a uid that belongs to another order to review before it gets here.
CREATE UNIQUE INDEX gateway_uids ON orders (account, gateway_uid) WHERE gateway_uid IS NOT NULL;

CREATE TABLE history (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    sequence INTEGER NOT NULL,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    state INTEGER NOT NULL,
    note TEXT,
    PRIMARY KEY (order_id, sequence)
) STRICT, WITHOUT ROWID;

-- Events that wait for their acknowledgement. AUTOINCREMENT: an id that was acknowledged never names another event.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    -- The oldest of its order: the only one that may be given out.
    is_head INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX events_of_order ON events (order_id, id);
CREATE INDEX event_heads ON events (id) WHERE is_head = 1;

-- Orders that a callback named and that were not looked up since.
CREATE TABLE hints (
    order_id INTEGER PRIMARY KEY REFERENCES orders (id),
    at TEXT NOT NULL
) STRICT;

-- Encrypted before it comes here.
CREATE TABLE sealed (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    kind TEXT NOT NULL,
    key_id TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (order_id, kind)
) STRICT;
