//! Whose sessions of the server our statements run in, and what that asks of them.

use resque_core::{Result, SharedClock};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgArguments, PgConnection, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{Connection as _, Row as _};

use crate::config::Config;
use crate::connect::Settings;
use crate::refusal::Stage;

/// How a transaction of more than one statement begins, whatever the server would make of `begin`.
pub(crate) const BEGIN: &str = "begin isolation level read committed";

/// A setting that means nothing to anybody: a session that knows its value is the one we opened.
const MARK: &str = "resque.session";

/// Whose the sessions behind our connections are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// Each connection has a session to itself.
    Own,
    /// A pooler such as PgBouncer lends a session to each transaction.
    Shared,
}

/// How a statement is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Alone, which is a transaction; it stays prepared for the next time.
    Alone,
    /// In a transaction that says how isolated it is, where the server would take another way.
    Begun,
    /// In a transaction, which keeps the session from preparing to executing. Nothing stays
    /// prepared, because the next transaction may have another session.
    Pooled,
}

/// What a new connection tells of its session.
struct Look {
    connection: PgConnection,
    has_mark: bool,
    isolation: String,
}

impl Manner {
    /// Sends one statement and takes all rows of its answer, which have come when it is committed.
    pub(crate) async fn send(
        self,
        connection: &mut PgConnection,
        query: Query<'_, Postgres, PgArguments>,
    ) -> sqlx::Result<Vec<PgRow>> {
        if self == Self::Alone {
            // Only the whole answer is a commit: the rows alone come before it.
            return query.fetch_all(connection).await;
        }
        let mut transaction = connection.begin_with(BEGIN).await?;
        let query = query.persistent(self == Self::Begun);
        let rows = query.fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(rows)
    }

    /// The way for such sessions, whose transactions are so isolated unless they say otherwise.
    fn of(sessions: Sessions, isolation: &str) -> Self {
        match (sessions, isolation) {
            (Sessions::Shared, _) => Self::Pooled,
            (Sessions::Own, "read committed" | "read uncommitted") => Self::Alone,
            // Stricter ones refuse what elsewhere only waits for its turn.
            (Sessions::Own, _) => Self::Begun,
        }
    }
}

/// Opens a connection and finds out whose sessions they are, unless `config` says so.
///
/// A server takes any setting of an unknown class along with the login, and keeps it for the session.
/// A pooler refuses it or drops it, because a session that it lends to many cannot have it.
pub(crate) async fn open(config: Config, clock: SharedClock) -> Result<(Settings, PgConnection)> {
    const WHAT: &str = "connect";
    let mut settings = Settings::new(config, clock);
    let said = settings.config.sessions;
    let mark = said
        .is_none()
        .then(|| format!("{:032x}", fastrand::u128(..)));
    let look = match look(&settings, WHAT, mark.as_deref()).await? {
        Err(sqlx::Error::Database(error)) if mark.is_some() && may_mind_the_mark(&*error) => {
            look(&settings, WHAT, None).await?
        }
        look => look,
    };
    let look = look.map_err(|error| settings.refused(WHAT, Stage::Connecting, error))?;
    let sessions = said.unwrap_or(match look.has_mark {
        true => Sessions::Own,
        false => Sessions::Shared,
    });
    if said.is_none() && sessions == Sessions::Shared {
        let place = settings.place();
        tracing::info!(
            place,
            "a pooler shares sessions: statements are not kept prepared, and workers ask for jobs \
             at intervals instead of listening"
        );
    }
    settings.work_in(sessions, Manner::of(sessions, &look.isolation));
    Ok((settings, look.connection))
}

/// Opens a connection, with a mark or without, and looks at its session.
async fn look(
    settings: &Settings,
    what: &str,
    mark: Option<&str>,
) -> Result<Result<Look, sqlx::Error>> {
    // As text, which needs no preparing.
    const TEXT: &str = "select current_setting('resque.session', true),
        current_setting('default_transaction_isolation')";
    let mut options = settings.config.options.clone();
    if let Some(mark) = mark {
        options = options.options([(MARK, mark)]);
    }
    let looking = async {
        let mut connection = sqlx::ConnectOptions::connect(&options).await?;
        let row = sqlx::raw_sql(TEXT).fetch_one(&mut connection).await?;
        let kept: Option<String> = row.try_get(0)?;
        Ok(Look {
            connection,
            has_mark: kept.is_some() && kept.as_deref() == mark,
            isolation: row.try_get(1)?,
        })
    };
    settings.soon(what, looking).await
}

/// Whether an error may be about the mark: it is neither about who we are nor about the server's
/// state.
fn may_mind_the_mark(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    let elsewhere = ["28", "3D", "53", "57"];
    code != "42501" && !elsewhere.iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_go_alone_where_nothing_speaks_against_it() {
        for (sessions, isolation, manner) in [
            (Sessions::Own, "read committed", Manner::Alone),
            (Sessions::Own, "read uncommitted", Manner::Alone),
            (Sessions::Own, "repeatable read", Manner::Begun),
            (Sessions::Own, "serializable", Manner::Begun),
            (Sessions::Shared, "read committed", Manner::Pooled),
            (Sessions::Shared, "serializable", Manner::Pooled),
        ] {
            assert_eq!(Manner::of(sessions, isolation), manner, "{isolation}");
        }
    }
}
