//! The till's journal, read by SQL.

use std::path::Path;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;

/// What a journal says of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub id: String,
    pub state: String,
    pub failure: Option<String>,
    pub review: Option<String>,
    pub conflict: Option<String>,
}

/// The numbers of the states, as the interface publishes them.
const STATES: [(i64, &str); 10] = [
    (1, "pending"),
    (2, "sending"),
    (3, "unknown"),
    (4, "accepted"),
    (5, "succeeded"),
    (6, "failed"),
    (7, "cancelled"),
    (8, "expired"),
    (9, "reversed"),
    (10, "needs_review"),
];

#[derive(Deserialize)]
struct Body {
    order: Order,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    state: String,
    failure: Option<Text>,
    review: Option<String>,
    conflict: Option<String>,
}

/// Open enumerations are a plain text; an unknown one may come as an object with the raw text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Other(serde_json::Value),
}

pub fn read(path: &Path) -> Result<Vec<Told>> {
    if !path.is_file() {
        bail!("there is no journal");
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut rows = connection.prepare(
        "SELECT o.key, o.state, o.body,
                (SELECT h.state FROM history h WHERE h.order_id = o.id ORDER BY h.sequence DESC LIMIT 1)
         FROM orders o ORDER BY o.id",
    )?;
    let rows = rows.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get(3)?))
    })?;
    let mut told = Vec::new();
    for row in rows {
        let (key, state, body, last_of_history): (String, i64, String, Option<i64>) = row?;
        let order = serde_json::from_str::<Body>(&body).with_context(|| format!("the order {key}"))?.order;
        let state = STATES.iter().find(|(number, _)| *number == state).map_or("?", |(_, name)| name);
        // The same fact stands in three places; a journal that disagrees with itself proves nothing.
        let history =
            STATES.iter().find(|(number, _)| Some(*number) == last_of_history).map(|(_, name)| *name);
        if order.state != state || history.is_some_and(|history| history != state) {
            bail!("the journal disagrees with itself about {key}: {state}, {}, {history:?}", order.state);
        }
        told.push(Told {
            id: order.id,
            state: order.state,
            failure: order.failure.map(|failure| match failure {
                Text::Plain(text) => text,
                Text::Other(value) => value.to_string(),
            }),
            review: order.review,
            conflict: order.conflict,
        });
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(state: i64, body: &str) -> Result<Vec<Told>> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("journal");
        let connection = Connection::open(&path)?;
        connection.execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, key TEXT, state INTEGER, body TEXT);
             CREATE TABLE history (order_id INTEGER, sequence INTEGER, state INTEGER);
             INSERT INTO history VALUES (1, 1, 2), (1, 2, 6);",
        )?;
        connection.execute("INSERT INTO orders VALUES (1, 'a1', ?1, ?2)", rusqlite::params![state, body])?;
        read(&path)
    }

    #[test]
    fn an_order_is_read_with_its_reason() {
        let body =
            r#"{"order":{"id":"A1","state":"failed","failure":"absent","review":null,"conflict":null}}"#;
        let told = journal(6, body).unwrap();
        assert_eq!((told[0].id.as_str(), told[0].state.as_str()), ("A1", "failed"));
        assert_eq!(told[0].failure.as_deref(), Some("absent"));
    }

    #[test]
    fn a_journal_that_disagrees_with_itself_is_not_judged() {
        let body = r#"{"order":{"id":"a1","state":"failed","failure":null,"review":null,"conflict":null}}"#;
        assert!(journal(5, body).is_err());
    }

    #[test]
    fn a_missing_journal_is_not_an_empty_one() {
        assert!(read(Path::new("/nowhere/journal")).is_err());
    }
}
