//! The counters, by name.

use resque_core::{Error, Result, WorkerId};

use crate::store::{Statement, Store};

/// Where the counter of a name is kept.
enum Place<'a> {
    /// In `counters`, a share in each worker's row, and shares of those who settled loans.
    Total(Field),
    /// In the worker's row.
    Worker(WorkerId, Field),
    /// In `counters`.
    Other(&'a str),
}

#[derive(Clone, Copy)]
enum Field {
    Processed,
    Failed,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Failed => "failed",
        }
    }

    fn is_failed(self) -> bool {
        matches!(self, Self::Failed)
    }
}

impl<'a> Place<'a> {
    fn of(name: &'a str) -> Result<Self> {
        if name.contains('\0') {
            return Err(Error::InvalidSetting {
                setting: format!("the counter {name:?}"),
                reason: "its name contains NUL, which Postgres cannot hold".to_owned(),
            });
        }
        let (first, worker) = match name.split_once(':') {
            Some((first, id)) => (first, Some(id)),
            None => (name, None),
        };
        let field = match first {
            "processed" => Field::Processed,
            "failed" => Field::Failed,
            _ => return Ok(Self::Other(name)),
        };
        Ok(match worker.map(WorkerId::new) {
            None => Self::Total(field),
            Some(Ok(id)) => Self::Worker(id, field),
            Some(Err(_)) => Self::Other(name),
        })
    }
}

/// What to do with a counter: one statement for each place. `$1` is the name or the worker, `$2` the
/// value, and `$3` whether `failed` is meant.
struct Texts {
    what: &'static str,
    other: &'static str,
    total: &'static str,
    worker: &'static str,
}

/// What the workers, and who settled loans, have added to a total so far.
macro_rules! shares {
    () => {
        "(coalesce((select sum(case when $3 then w.total_failed else w.total_processed end) \
            from resque.workers w), 0) \
            + coalesce((select sum(s.share) from resque.count_shares s where s.name = $1), 0))"
    };
}

const GET: Texts = Texts {
    what: "read a counter",
    other: "select c.value from resque.counters c where c.name = $1 and $2 = 0 and not $3",
    total: concat!(
        "select (coalesce((select c.value from resque.counters c where c.name = $1), $2) + ",
        shares!(),
        ")::bigint"
    ),
    worker: "select case when $3 then w.failed else w.processed end
        from resque.workers w where w.id = $1 and $2 = 0",
};

const SET: Texts = Texts {
    what: "set a counter",
    other: "insert into resque.counters (name, value) select $1, $2 where not $3
        on conflict (name) do update set value = excluded.value returning value",
    total: concat!(
        "insert into resque.counters (name, value) select $1, $2 - ",
        shares!(),
        " on conflict (name) do update set value = excluded.value returning value"
    ),
    worker: "insert into resque.workers as w (id, processed, failed)
        values ($1, case when not $3 then $2 end, case when $3 then $2 end)
        on conflict (id) do update set
            processed = case when $3 then w.processed else $2 end,
            failed = case when $3 then $2 else w.failed end
        returning $2",
};

const ADD: Texts = Texts {
    what: "add to a counter",
    other: "insert into resque.counters as c (name, value) select $1, $2 where not $3
        on conflict (name) do update set value = c.value + excluded.value returning c.value",
    total: concat!(
        "insert into resque.counters as c (name, value) values ($1, $2)
        on conflict (name) do update set value = c.value + excluded.value
        returning (c.value + ",
        shares!(),
        ")::bigint"
    ),
    worker: "insert into resque.workers as w (id, processed, failed)
        values ($1, case when not $3 then $2 end, case when $3 then $2 end)
        on conflict (id) do update set
            processed = case when $3 then w.processed else coalesce(w.processed, 0) + $2 end,
            failed = case when $3 then coalesce(w.failed, 0) + $2 else w.failed end
        returning case when $3 then w.failed else w.processed end",
};

const REMOVE: Texts = Texts {
    what: "remove a counter",
    other: "delete from resque.counters c where c.name = $1 and $2 = 0 and not $3",
    total: SET.total,
    // A row that was made for this counter alone goes with it.
    worker: "with gone as (
            delete from resque.workers w
            where w.id = $1 and w.started is null and w.heartbeat is null and w.number is null
            and w.total_processed = 0 and w.total_failed = 0
            and case when $3 then w.processed else w.failed end is null and $2 = 0
            returning 1
        )
        update resque.workers w set
            processed = case when $3 then w.processed end, failed = case when $3 then null else w.failed end
        where w.id = $1 and not exists (select from gone)",
};

impl Store {
    /// The value of a counter.
    pub(crate) async fn counter(&self, name: &str) -> Result<i64> {
        Ok(self.count(&GET, name, 0).await?.unwrap_or(0))
    }

    /// Sets a counter.
    pub(crate) async fn set_counter(&self, name: &str, value: i64) -> Result<()> {
        self.count(&SET, name, value).await.map(drop)
    }

    /// Adds to a counter and answers its new value.
    pub(crate) async fn add_to_counter(&self, name: &str, by: i64) -> Result<i64> {
        Ok(self.count(&ADD, name, by).await?.unwrap_or(by))
    }

    /// Removes a counter.
    pub(crate) async fn remove_counter(&self, name: &str) -> Result<()> {
        self.count(&REMOVE, name, 0).await.map(drop)
    }

    async fn count(&self, texts: &Texts, name: &str, value: i64) -> Result<Option<i64>> {
        let query: Statement = match Place::of(name)? {
            Place::Other(name) => self
                .statement(texts.other)
                .bind(name)
                .bind(value)
                .bind(false),
            Place::Total(field) => {
                let query = self.statement(texts.total).bind(field.name());
                query.bind(value).bind(field.is_failed())
            }
            Place::Worker(id, field) => {
                let query = self.statement(texts.worker).bind(id.as_str());
                query.bind(value).bind(field.is_failed())
            }
        };
        match self.rows(texts.what, query).await?.first() {
            Some(row) => self.get(row, 0),
            None => Ok(None),
        }
    }
}
