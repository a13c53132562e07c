//! Hearing of new jobs without asking: whoever goes to sleep leaves a note in the database, and
//! whoever puts a job in takes the note away and announces that.

mod ears;
mod sleepers;

use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use resque_core::{Error, QueueList, QueueName, Result, Ticket};
use tokio::sync::Mutex;

use crate::store::Link;
use ears::Ears;
use sleepers::{Look, Sleepers};

/// The first and the longest wait between looks into the queues where nobody listens.
const POLL: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// The first and the longest wait between looks at the transactions that were under way.
const SETTLE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(500));

/// Wakes whoever waits for jobs.
pub(crate) struct Wake {
    link: Arc<Link>,
    sleepers: Arc<Sleepers>,
    /// What listens; it ends with this. The lock is held while a note is being left, so that nobody
    /// relies on one that is not there yet.
    ears: Mutex<Option<Ears>>,
    /// How many waits there were, where nobody listens, since a job was found.
    idle: AtomicU32,
}

impl Wake {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            sleepers: Arc::default(),
            ears: Mutex::default(),
            idle: AtomicU32::new(0),
        }
    }

    /// Draws a ticket, which costs nothing: a worker that was woken finds its job first and leaves
    /// its next note afterwards.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket::new(self.sleepers.moment())
    }

    /// Waits until a job may have come into one of these queues since the ticket was drawn, at most for
    /// this time.
    pub(crate) async fn wait(
        &self,
        ticket: Ticket,
        from: &QueueList,
        at_most: Option<Duration>,
    ) -> Result<()> {
        let settings = &self.link.connections.settings;
        if !settings.config.listen {
            let idle = self.idle.fetch_add(1, Ordering::Relaxed).min(8);
            settings
                .clock
                .sleep((POLL.0 * (1 << idle)).min(POLL.1))
                .await;
            return Ok(());
        }
        let _waiter = self.sleepers.enter(from);
        self.note(from).await?;
        let enough = async {
            match at_most {
                Some(span) => settings.clock.sleep(span).await,
                None => future::pending().await,
            }
        };
        tokio::pin!(enough);
        let mut patience = SETTLE.0;
        loop {
            let rung = self.sleepers.rung();
            tokio::pin!(rung);
            // From here on nothing is missed.
            rung.as_mut().enable();
            match self.sleepers.look(ticket.moment(), from) {
                Look::Rung => return Ok(()),
                Look::Lost => return Err(lost()),
                Look::Quiet => {
                    tokio::select! {
                        () = &mut rung => {}
                        () = &mut enough => return Ok(()),
                    }
                }
                Look::Unsettled(note, end) => {
                    tokio::select! {
                        () = &mut rung => {}
                        () = &mut enough => return Ok(()),
                        () = settings.clock.sleep(patience) => {
                            let running = self.running_before(end).await?;
                            self.sleepers.settled(note, running);
                            patience = (patience * 2).min(SETTLE.1);
                        }
                    }
                }
            }
        }
    }

    /// There were jobs: more may come soon.
    pub(crate) fn found(&self) {
        self.idle.store(0, Ordering::Relaxed);
    }

    /// Makes sure that there is a note for these queues.
    async fn note(&self, from: &QueueList) -> Result<()> {
        let mut ears = self.ears.lock().await;
        let listener = match &*ears {
            Some(ears) if self.sleepers.is_listening() => ears.process,
            _ => {
                // Nothing is waited for in between: who gives up waiting must not take the ears along.
                let new = Ears::listen(&self.link, Arc::clone(&self.sleepers)).await?;
                let process = ears.insert(new).process;
                self.forget_the_gone().await;
                process
            }
        };
        let Some(note) = self.sleepers.new_note(from) else {
            return Ok(());
        };
        let left = self.leave(note, from, listener).await;
        self.sleepers.left(note, left.as_ref().ok().copied());
        left.map(drop)
    }

    /// Leaves a note. Answers the number that all transactions are behind which had one then, if
    /// there were any: they may not have seen the note.
    async fn leave(&self, note: i64, from: &QueueList, listener: i32) -> Result<Option<i64>> {
        const WHAT: &str = "listen for new jobs";
        const LEAVE: &str =
            "insert into resque.sleepers (id, queues, listener) values ($1, $2, $3)";
        const LOOK: &str = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
            pg_current_xact_id()::text::bigint";
        let names = from.names();
        let names: Option<Vec<&str>> =
            names.map(|names| names.iter().map(QueueName::as_str).collect());
        let leave = self
            .link
            .statement(LEAVE)
            .bind(note)
            .bind(names)
            .bind(listener);
        self.link.connections.rows(WHAT, leave).await?;
        // In a snapshot of its own, behind the commit.
        let row = self
            .link
            .connections
            .row(WHAT, self.link.statement(LOOK))
            .await?;
        let (oldest, end): (i64, i64) = (self.link.get(&row, 0)?, self.link.get(&row, 1)?);
        Ok((oldest < end).then_some(end))
    }

    /// Takes away the notes of those who have gone without doing so. It has to be done now and then,
    /// and whenever it fails the next one will do.
    pub(crate) async fn forget_the_gone(&self) {
        const TEXT: &str = "select resque.forget_sleepers()";
        let statement = self.link.statement(TEXT);
        let asked = self.link.connections.rows("forget who has gone", statement);
        if let Err(error) = asked.await {
            tracing::debug!(%error, "notes of clients that have gone stay for now");
        }
    }

    /// How many transactions before this number are still under way.
    async fn running_before(&self, end: i64) -> Result<i64> {
        const TEXT: &str = "select count(*) from pg_snapshot_xip(pg_current_snapshot()) x
            where x::text::bigint < $1";
        let statement = self.link.statement(TEXT).bind(end);
        let row = self
            .link
            .connections
            .row("wait for jobs", statement)
            .await?;
        self.link.get(&row, 0)
    }
}

fn lost() -> Error {
    Error::Unavailable {
        what: "listen for new jobs".to_owned(),
        source: Some("the connection that announces them was lost".into()),
    }
}
