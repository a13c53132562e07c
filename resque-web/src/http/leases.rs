//! `POST /q/<queues>/lease`: jobs that go back by themselves unless they are settled.

use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, Uri};
use futures::future::{Either, OptionFuture, select};
use resque_core::wire::json::is_object;
use resque_core::{Error, Lent, Loan, LoanRequest, QueueList, QueueName, Result as Done};
use serde::Serialize;
use serde_json::value::RawValue;

use super::params::Params;
use super::problem::{Answer, Problem};
use super::receipt::Receipt;
use super::state::Http;
use super::upkeep::LOOK_AGAIN;
use super::{answer, path, quarantine, uniq, worker_id};

#[derive(Serialize)]
struct Given<'a> {
    jobs: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    receipt: String,
    queue: &'a str,
    /// 1, and 1 more for each lease of this job that ran out.
    attempt: u32,
    /// In whole seconds since 1970, rounded down.
    expires_at: u64,
    /// Exactly as it came; null for what somebody else has put in that is no JSON object.
    job: Option<Box<RawValue>>,
    /// The bytes of such a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

/// Leases jobs, and waits for one as long as the request says. Nothing is looked for at intervals:
/// the store announces jobs, and what is due or runs out has a time.
pub(super) async fn take(http: &Http, queues: &str, uri: &Uri, headers: &HeaderMap) -> Answer {
    let from = list(&path::decoded(queues)?)?;
    let params = Params::of(uri)?;
    let worker = worker_id::named(headers, &params)?;
    let at_most = params.max()?;
    let ttl = params.ttl()?.unwrap_or(http.settings().lease);
    let patience = Patience::new(http, params.wait()?);
    let loans = http.loans()?;
    let lent = loop {
        let sooner = http.upkeep().sooner();
        let ticket = match http.queues()?.waiting() {
            Some(waiting) if !patience.is_over() => Some(waiting.ticket(&from).await?),
            _ => None,
        };
        let now = http.client().store_time().await?;
        let until = now.checked_add(ttl).unwrap_or(now);
        let request = LoanRequest::new(&from, at_most, until).by(worker.as_ref());
        let mut lent = loans.lend(&request, now).await?;
        let others_may_wait = quarantine::take_out(http, &mut lent, now).await?;
        if !lent.loans.is_empty() {
            break lent;
        }
        if others_may_wait {
            continue;
        }
        if http.promote().await? {
            continue;
        }
        if patience.is_over() {
            break lent;
        }
        let quiet = quiet(http, &lent, now).min(patience.left());
        let announced = OptionFuture::from(ticket.and_then(|ticket| {
            let waiting = http.queues().ok()?.waiting()?;
            Some(waiting.wait(ticket, &from))
        }));
        wait(http, announced, sooner, quiet).await?;
    };
    tell(&lent);
    if let ([], Some(_)) = (&lent.loans[..], lent.troubles.first()) {
        // Nothing came because nothing could be read.
        let trouble = lent.troubles.into_iter().next();
        return Err(trouble.map_or_else(|| Problem::bad("no queue"), Problem::from));
    }
    let locked: Vec<_> = lent.loans.iter().map(shown).collect();
    Ok(answer::ok(&Given { jobs: locked }))
}

/// One queue by its name, or several with commas, and patterns, as workers have them.
fn list(queues: &str) -> Result<QueueList, Problem> {
    match QueueName::new(queues) {
        Ok(queue) if !queues.contains(['*', '?', '[', '!']) => Ok(QueueList::one(queue)),
        _ => Ok(queues.parse()?),
    }
}

/// How long nothing will happen that nobody announces.
fn quiet(http: &Http, lent: &Lent, now: SystemTime) -> Duration {
    /// Others may put in jobs that are due sooner than all we know of.
    const LONGEST: Duration = Duration::from_secs(5);
    let announces = http.queues().is_ok_and(|queues| queues.waiting().is_some());
    let longest = if announces { LONGEST } else { LOOK_AGAIN };
    // One that has run out and was not put back is one of very many, or cannot be.
    let over = lent
        .next_over
        .map(|over| over.duration_since(now).unwrap_or(LOOK_AGAIN));
    let over = over.map(|over| over.max(Duration::from_millis(1)));
    http.upkeep()
        .quiet(now, over.unwrap_or(longest).min(longest))
}

/// Waits until something may have come, or until the server stops.
async fn wait(
    http: &Http,
    announced: OptionFuture<impl Future<Output = Done<()>>>,
    sooner: impl Future<Output = ()>,
    quiet: Duration,
) -> Result<(), Problem> {
    let announced = async {
        match announced.await {
            Some(woken) => woken,
            // The store announces nothing.
            None => std::future::pending().await,
        }
    };
    let other = async {
        let stopping = pin!(http.stopping().cancelled());
        let sooner = pin!(sooner);
        let noted = select(sooner, stopping);
        select(noted, http.client().clock().sleep(quiet)).await;
    };
    match select(pin!(announced), pin!(other)).await {
        // The announcements broke off; what came meanwhile is found by looking again.
        Either::Left((Err(Error::Unavailable { .. }), other)) => {
            other.await;
            Ok(())
        }
        Either::Left((woken, _)) => Ok(woken?),
        Either::Right(_) => Ok(()),
    }
}

fn shown(loan: &Loan) -> Shown<'_> {
    let (bytes, lock) = uniq::unlocked(&loan.queue, loan.payload.clone());
    let job = raw(&bytes);
    let hex = job.is_none().then(|| hex(&bytes));
    let ends = loan.until.duration_since(UNIX_EPOCH).unwrap_or_default();
    Shown {
        receipt: Receipt::new(loan.receipt.clone(), lock).text(),
        queue: loan.queue.as_str(),
        attempt: loan.attempt,
        expires_at: ends.as_secs(),
        job,
        hex,
    }
}

/// The text of a JSON object as it stands.
fn raw(bytes: &[u8]) -> Option<Box<RawValue>> {
    if !is_object(bytes) {
        return None;
    }
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    RawValue::from_string(text).ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tell(lent: &Lent) {
    for error in &lent.troubles {
        tracing::warn!(%error, "a queue cannot be leased from");
    }
}

/// How long somebody still waits.
struct Patience<'a> {
    http: &'a Http,
    until: Duration,
}

impl<'a> Patience<'a> {
    fn new(http: &'a Http, wait: Duration) -> Self {
        let until = http.client().clock().monotonic().saturating_add(wait);
        Self { http, until }
    }

    fn left(&self) -> Duration {
        let now = self.http.client().clock().monotonic();
        self.until.saturating_sub(now)
    }

    fn is_over(&self) -> bool {
        self.left().is_zero() || self.http.stopping().is_cancelled()
    }
}
