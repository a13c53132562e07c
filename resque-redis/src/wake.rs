//! Hearing of new jobs without asking: the server announces every change of a queue's key on a
//! connection of its own.

mod channel;
#[cfg(test)]
mod live_tests;
mod marks;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use resque_core::{Error, QueueList, Result, SharedClock, Ticket};
use tokio::sync::Mutex;

use crate::connect::{Connection, Endpoint, Link, is_useless};
use crate::driver::{Batch, DriverError, Value, run_scripts};
use channel::{Channel, Keys};
pub(crate) use marks::Look;
use marks::{Marks, Woken};

/// After so many exchanges in a row that left jobs behind, announcements are switched off: a busy
/// worker looks anyway.
const BUSY: u32 = 16;

/// How long to wait between looks into the queues where the server cannot announce.
const POLL: Duration = Duration::from_secs(1);

/// Knows which queues may hold jobs, and wakes whoever waits for them.
///
/// Announcements are switched on by drawing a [ticket](Self::ticket), before the last look into
/// empty queues, and off by a row of exchanges that found more than they could take.
pub(crate) struct Wake {
    marks: Arc<Marks>,
    keys: Keys,
    endpoint: Option<Endpoint>,
    clock: SharedClock,
    channel: Arc<Mutex<Channel>>,
    refused: OnceLock<String>,
    busy: AtomicU32,
}

impl Wake {
    /// Prepares to hear of the queues of `namespace`; nothing is sent yet.
    pub(crate) fn new(connection: &Connection, namespace: &str, clock: SharedClock) -> Self {
        let endpoint = connection.endpoint().cloned();
        let refused = OnceLock::new();
        let marks = Arc::<Marks>::default();
        let reason = match &endpoint {
            Some(endpoint) => endpoint.cannot_wait(),
            None => Some("waiting needs a connection of its own, and a single one was given"),
        };
        if let Some(reason) = reason {
            // A new cell is empty.
            let _ = refused.set(reason.to_owned());
        }
        Self {
            keys: Keys::new(namespace),
            channel: Arc::new(Mutex::new(Channel::new(Arc::clone(&marks), namespace))),
            marks,
            endpoint,
            clock,
            refused,
            busy: AtomicU32::new(0),
        }
    }

    /// Tells why the server cannot announce jobs, if so.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.get().map(String::as_str)
    }

    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the command that examines a store asks it")
    )]
    /// Finds out whether the server announces jobs, by switching that on and off again.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if it cannot be found out now.
    pub(crate) async fn probe(&self) -> Result<bool> {
        self.listen().await?;
        self.rest().await;
        Ok(self.refused().is_none())
    }

    /// Draws what an exchange for `list` has to look into; before the exchange is sent.
    pub(crate) fn look(&self, list: &QueueList) -> Look {
        self.marks.look(list)
    }

    /// Notes what came of an exchange: whether it got fewer jobs than it asked for, so that the
    /// queues looked into are empty.
    pub(crate) fn looked(&self, list: &QueueList, look: &Look, exhausted: bool) {
        if exhausted {
            self.busy.store(0, Ordering::Relaxed);
            self.marks.found_empty(list, look);
        } else if self.busy.fetch_add(1, Ordering::Relaxed) == BUSY && self.marks.stop() {
            tokio::spawn(switch_off(
                Arc::clone(&self.marks),
                Arc::clone(&self.channel),
            ));
        }
    }

    /// Switches announcements on and draws a ticket.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the server cannot be reached.
    pub(crate) async fn ticket(&self) -> Result<Ticket> {
        self.busy.store(0, Ordering::Relaxed);
        if !self.marks.is_listening() {
            self.listen().await?;
        }
        Ok(Ticket::new(self.marks.moment()))
    }

    /// Waits until a queue of `list` may have got a job since `ticket` was drawn.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if announcements broke off.
    pub(crate) async fn wait(&self, ticket: Ticket, list: &QueueList) -> Result<()> {
        if self.refused().is_some() {
            self.clock.sleep(POLL).await;
            return Ok(());
        }
        match self.marks.wait(ticket.moment(), list).await {
            Woken::Marked => Ok(()),
            Woken::Lost => Err(Error::Unavailable {
                what: "hear of new jobs".to_owned(),
                source: Some("the connection that announces them was lost".into()),
            }),
        }
    }

    /// Runs `batch` on the connection that announcements come by, while they do.
    ///
    /// An idle worker takes its jobs there: the server announces to it that it took them, and sends
    /// that behind the reply in the same piece. On another connection the announcement comes first
    /// and the reply waits for it.
    pub(crate) async fn run(&self, batch: &Batch) -> Option<Result<Vec<Value>, DriverError>> {
        if !self.marks.is_listening() {
            return None;
        }
        // Locked only while announcements are switched; then any connection does.
        let link = self.channel.try_lock().ok()?.live()?;
        let replies = run_scripts(&*link, batch).await;
        if is_useless(&replies) {
            self.channel.lock().await.retire(&link);
        }
        Some(replies)
    }

    /// Makes announcements come, unless the server refuses for good.
    async fn listen(&self) -> Result<()> {
        let Some(endpoint) = &self.endpoint else {
            return Ok(());
        };
        let mut channel = self.channel.lock().await;
        if self.marks.is_listening() || self.refused().is_some() {
            return Ok(());
        }
        let link = match channel.open(endpoint, &self.clock).await {
            Ok(link) => link,
            Err(error) if is_final(&error) => {
                self.give_up(&error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        match send(&link, &self.keys.switch_on()).await {
            Ok(()) => self.marks.start(),
            Err(error) if is_final(&error) => self.give_up(&error),
            Err(error) => {
                channel.retire(&link);
                return Err(error);
            }
        }
        Ok(())
    }

    fn give_up(&self, error: &Error) {
        let reason = error.to_string();
        tracing::warn!(
            reason,
            "this Redis cannot announce new jobs; workers ask for them at intervals"
        );
        // Somebody may have been faster, with the same reason.
        let _ = self.refused.set(reason);
    }

    /// Switches announcements off unless somebody waits for them.
    async fn rest(&self) {
        if self.marks.stop() {
            switch_off(Arc::clone(&self.marks), Arc::clone(&self.channel)).await;
        }
    }
}

/// Tells the server to announce nothing, unless somebody has switched announcements on again.
async fn switch_off(marks: Arc<Marks>, channel: Arc<Mutex<Channel>>) {
    let mut channel = channel.lock().await;
    let Some(link) = channel.live().filter(|_| !marks.is_listening()) else {
        return;
    };
    let mut batch = Batch::new();
    batch.command("CLIENT").arg("TRACKING").arg("OFF");
    if send(&link, &batch).await.is_err() {
        channel.retire(&link);
    }
}

async fn send(link: &Link, batch: &Batch) -> Result<()> {
    const WHAT: &str = "switch announcements of new jobs";
    let replies = link
        .run(batch)
        .await
        .map_err(|error| error.before_execution().during(WHAT))?;
    match replies.into_iter().find_map(|reply| reply.ok().err()) {
        Some(error) => Err(error.during(WHAT)),
        None => Ok(()),
    }
}

/// Whether the server will never announce. A refused login says nothing about that: without one
/// nothing else works either, and passwords come and go while a worker lives.
fn is_final(error: &Error) -> bool {
    let Error::Rejected {
        reason,
        transient: false,
        ..
    } = error
    else {
        return false;
    };
    !["NOAUTH", "WRONGPASS"]
        .iter()
        .any(|login| reason.starts_with(login))
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wake")
            .field("listening", &self.marks.is_listening())
            .field("refused", &self.refused())
            .finish_non_exhaustive()
    }
}
