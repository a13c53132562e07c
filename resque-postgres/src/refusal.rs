//! What the driver and the server report, as errors of this library.

use resque_core::Error;
use sqlx::error::DatabaseError;

/// Which part of a call went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was sent yet.
    Connecting,
    /// A statement was sent.
    Asking,
}

/// The error of a statement of which nothing was executed, and what that means for its parts.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: Error,
    /// Whether a part of the same may be accepted.
    pub(crate) divisible: bool,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            error,
            divisible: false,
        }
    }
}

/// Whether an error may be about some of the rows that a statement writes: what they are, how large
/// they are, or which table they go to. Others are about the server, or about who asks it.
pub(crate) fn is_about_rows(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| concerns_rows(&code))
}

fn concerns_rows(code: &str) -> bool {
    let elsewhere = ["28", "3D", "42"];
    match kind(code) {
        // Out of disk, memory or anything else that a tablespace or a large row may need more of.
        Kind::Passing => code.starts_with("53") || code.starts_with("58"),
        // Some table may not be granted, or a trigger may do what is not.
        Kind::Final => code == "42501" || !elsewhere.iter().any(|class| code.starts_with(class)),
        Kind::Away | Kind::Ended | Kind::Unprepared => false,
    }
}

/// The error of a call that did `what` on the server at `place`, in the schema `schema`.
pub(crate) fn refused(
    what: &str,
    (place, schema): (&str, &str),
    stage: Stage,
    error: sqlx::Error,
) -> Error {
    let what = || format!("{what} on Postgres at {place}");
    let database = match error {
        sqlx::Error::Database(database) => database,
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::RowNotFound => {
            return Error::Corrupt {
                place: format!("the answer to {}", what()),
                found: error.to_string(),
                expected: "what the functions of this version answer".to_owned(),
            };
        }
        sqlx::Error::Configuration(_) | sqlx::Error::Encode(_) => {
            return Error::InvalidSetting {
                setting: what(),
                reason: error.to_string(),
            };
        }
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
            return Error::unavailable(what(), error);
        }
        broken if stage == Stage::Connecting => return Error::unavailable(what(), broken),
        broken => return Error::outcome_unknown(what(), broken),
    };
    let code = database.code().unwrap_or_default().into_owned();
    match kind(&code) {
        Kind::Away => Error::unavailable(what(), sqlx::Error::Database(database)),
        Kind::Ended if stage == Stage::Connecting => {
            Error::unavailable(what(), sqlx::Error::Database(database))
        }
        Kind::Ended => Error::outcome_unknown(what(), sqlx::Error::Database(database)),
        Kind::Unprepared => unprepared(place, schema, &*database),
        Kind::Passing => rejected(what(), &*database, true),
        Kind::Final => rejected(what(), &*database, false),
    }
}

/// The error of a schema that does not hold what this version works with.
pub(crate) fn unfit(place: &str, schema: &str, found: String, expected: String) -> Error {
    Error::Corrupt {
        place: format!("the schema {schema:?} on Postgres at {place}"),
        found,
        expected,
    }
}

fn unprepared(place: &str, schema: &str, error: &dyn DatabaseError) -> Error {
    let found = format!("not all that belongs there ({})", error.message());
    let expected =
        "the tables and functions as `resque migrate` makes them, changed by nobody else"
            .to_owned();
    unfit(place, schema, found, expected)
}

fn rejected(what: String, error: &dyn DatabaseError, transient: bool) -> Error {
    let code = error.code().unwrap_or_default();
    let advice = advice(&code).map_or_else(String::new, |advice| format!("; {advice}"));
    Error::Rejected {
        what,
        reason: format!("{} (SQLSTATE {code}){advice}", error.message()),
        transient,
    }
}

/// What to do about an SQLSTATE that people meet.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "28P01" | "28000" => "look at the user and the password in the URL, and at `pg_hba.conf`",
        "3D000" => "create the database, or name another one in the URL",
        "42501" => "docs/postgres.md has the grants that each kind of program needs",
        "25006" => "it is a standby, or was told to be read-only",
        "42P07" | "42723" => "something else has that name: choose another schema, or an empty one",
        // Each is another one's by the time it is used.
        "26000" | "42P05" => {
            "behind a pooler that shares sessions, add `sessions=shared` to the URL"
        }
        _ => return None,
    })
}

/// What an SQLSTATE means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nobody is there to execute anything.
    Away,
    /// The connection was ended while the statement was under way.
    Ended,
    /// Tables or functions are missing.
    Unprepared,
    /// Nothing was executed; the same may work later.
    Passing,
    /// Nothing was executed and never will be.
    Final,
}

fn kind(code: &str) -> Kind {
    match code {
        // Starting up or shutting down; too many connections.
        "57P03" | "53300" => Kind::Away,
        // By an administrator, by a crash, by dropping the database, for idling.
        "57P01" | "57P02" | "57P04" | "57P05" => Kind::Ended,
        // Schema, table, function, column.
        "3F000" | "42P01" | "42883" | "42703" => Kind::Unprepared,
        // Statement timeout or cancelled, read-only server, lock timeout, a plan or a prepared
        // statement that went out of date.
        "57014" | "25006" | "55P03" | "0A000" | "26000" => Kind::Passing,
        // A transaction that was rolled back: serialization, deadlock. Out of disk or memory.
        _ if code.starts_with("40") || code.starts_with("53") || code.starts_with("58") => {
            Kind::Passing
        }
        _ if code.starts_with("08") => Kind::Ended,
        _ => Kind::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        for (code, expected) in [
            ("40001", Kind::Passing),
            ("40P01", Kind::Passing),
            ("53100", Kind::Passing),
            ("57014", Kind::Passing),
            ("25006", Kind::Passing),
            ("53300", Kind::Away),
            ("57P03", Kind::Away),
            ("57P01", Kind::Ended),
            ("08006", Kind::Ended),
            ("42P01", Kind::Unprepared),
            ("42883", Kind::Unprepared),
            ("42501", Kind::Final),
            ("22021", Kind::Final),
            ("23514", Kind::Final),
            ("28P01", Kind::Final),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
    }

    #[test]
    fn some_refusals_are_about_rows_and_others_about_everything() {
        for about_rows in [
            "53100", "54000", "23514", "22021", "P0001", "42501", "58030",
        ] {
            assert!(concerns_rows(about_rows), "{about_rows}");
        }
        for other in [
            "25006", "57014", "40P01", "40001", "55P03", "53300", "57P01", "42P01", "28P01",
            "42601",
        ] {
            assert!(!concerns_rows(other), "{other}");
        }
    }

    #[test]
    fn a_broken_connection_leaves_the_outcome_open_once_something_was_sent() {
        let error = |stage| {
            let io = sqlx::Error::Io(std::io::Error::other("gone"));
            refused("push", ("h:1/d", "resque"), stage, io)
        };
        assert!(matches!(
            error(Stage::Connecting),
            Error::Unavailable { .. }
        ));
        let unknown = error(Stage::Asking);
        assert!(matches!(unknown, Error::OutcomeUnknown { .. }));
        assert!(
            unknown
                .to_string()
                .starts_with("push on Postgres at h:1/d:")
        );
    }
}
