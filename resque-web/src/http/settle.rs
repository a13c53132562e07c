//! `/lease/ack`, `/lease/fail`, `/lease/extend` and `/lease/release`: what becomes of leased jobs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use resque_core::{
    FailureRecord, LeaseChanges, Loan, LoanExtension, LoanSettlement, Outcome, Settled, Tally,
};
use serde::{Deserialize, Serialize};

use super::body::{Body, object};
use super::params::Params;
use super::problem::{Answer, Problem};
use super::receipt::Receipt;
use super::state::Http;
use super::{answer, uniq};

/// How many leases are settled with one request.
const MOST: usize = 1_000;
/// How long the texts of errors are at most, which each record has for itself.
const MOST_TEXT: usize = 8 * 1024 * 1024;

/// Which leases, and what is said about them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    receipt: Option<String>,
    receipts: Option<Vec<String>>,
    /// The kind of error.
    exception: Option<String>,
    /// Its message.
    error: Option<String>,
    backtrace: Vec<String>,
    /// In how many seconds the job is to be tried again, if it is.
    retry_in: Option<u64>,
}

#[derive(Serialize)]
struct Many<'a> {
    done: usize,
    /// Those whose lease was over, or settled before.
    lost: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
}

#[derive(Serialize)]
struct Extended {
    expires_at: u64,
}

/// The leases that a body names, and whether it names a list of them.
struct Named {
    texts: Vec<String>,
    receipts: Vec<Receipt>,
    is_list: bool,
}

/// The job is done.
pub(super) async fn ack(State(http): State<Http>, body: Body) -> Answer {
    let named = read(&body)?.named()?;
    let done = |receipt: &Receipt| {
        let changes = LeaseChanges {
            free: receipt.lock.iter().cloned().collect(),
            keep: Vec::new(),
        };
        LoanSettlement::done(receipt.loan.clone()).with_leases(changes)
    };
    let done: Vec<_> = named.receipts.iter().map(done).collect();
    settle(&http, &named, &done).await
}

/// The job goes back to the front of its queue.
pub(super) async fn release(State(http): State<Http>, body: Body) -> Answer {
    let named = read(&body)?.named()?;
    let released = named.receipts.iter().map(|receipt| receipt.loan.clone());
    let released: Vec<_> = released.map(LoanSettlement::release).collect();
    settle(&http, &named, &released).await
}

/// The job has failed: it is recorded, or waits for another attempt.
pub(super) async fn fail(State(http): State<Http>, body: Body) -> Answer {
    let said = read(&body)?;
    let now = http.client().store_time().await?;
    let again = said.again(now)?;
    let (exception, error) = (said.exception.clone(), said.error.clone());
    let exception = exception.unwrap_or_else(|| "HttpError".to_owned());
    let error = error.unwrap_or_else(|| "the worker said no more".to_owned());
    let backtrace = said.backtrace.clone();
    let named = said.named()?;
    let text = exception.len() + error.len() + backtrace.iter().map(String::len).sum::<usize>();
    if text.saturating_mul(named.receipts.len()) > MOST_TEXT {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the error is too long for so many leases; name fewer of them, or shorten it",
        ));
    }
    let failed = |loan: &Loan| {
        let worker = loan.holder.as_ref().map_or("", |holder| holder.as_str());
        FailureRecord::new(now, loan.payload.clone(), &*exception, &*error)
            .on(worker, loan.queue.as_str())
            .backtrace(backtrace.clone())
    };
    let receipts: Vec<_> = named.receipts.iter().map(|one| one.loan.clone()).collect();
    let loans = match again {
        Some(_) => vec![None; receipts.len()],
        None => http.loans()?.find(&receipts, now).await?,
    };
    let mut settlements = Vec::with_capacity(named.receipts.len());
    for (receipt, loan) in named.receipts.iter().zip(loans) {
        let (outcome, tally) = match (again, loan) {
            (Some(at), _) => (Outcome::Defer(at), Tally::ProcessedAndFailed),
            (None, Some(loan)) => {
                let record = Box::new(failed(&loan));
                (Outcome::Failed(record), Tally::ProcessedAndFailed)
            }
            // It is over, and the store will say so. Should it not be, the job goes back.
            (None, None) => (Outcome::Release, Tally::Nothing),
        };
        let changes = lock_of_failed(receipt, again);
        let loan = receipt.loan.clone();
        let settlement = LoanSettlement::new(loan, outcome, tally);
        settlements.push(settlement.with_leases(changes));
    }
    if let Some(at) = again {
        http.upkeep().note(at);
    }
    settle(&http, &named, &settlements).await
}

/// The lease lasts longer, never shorter.
pub(super) async fn extend(State(http): State<Http>, uri: Uri, body: Body) -> Answer {
    let named = read(&body)?.named()?;
    let ttl = Params::of(&uri)?.ttl()?.unwrap_or(http.settings().lease);
    let now = http.client().store_time().await?;
    let until = now.checked_add(ttl).unwrap_or(now);
    let extension = |receipt: &Receipt| LoanExtension {
        receipt: receipt.loan.clone(),
        until,
    };
    let extensions: Vec<_> = named.receipts.iter().map(extension).collect();
    let held = http.loans()?.extend(&extensions, now).await?;
    let ends = until.duration_since(UNIX_EPOCH).unwrap_or_default();
    named.answer(&held, Some(ends.as_secs()))
}

pub(super) async fn other() -> Problem {
    Problem::method("POST")
}

fn read(body: &Body) -> Result<Said, Problem> {
    object(&body.0)
}

impl Said {
    fn named(self) -> Result<Named, Problem> {
        let is_list = self.receipts.is_some();
        let texts: Vec<String> = match (self.receipt, self.receipts) {
            (Some(one), None) => vec![one],
            (None, Some(many)) => many,
            _ => return Err(Problem::bad("say either receipt or receipts")),
        };
        if texts.len() > MOST {
            return Err(Problem::bad(format!("receipts may be {MOST} at the most")));
        }
        let receipts = texts.iter().map(|text| Receipt::read(text)).collect();
        Ok(Named {
            texts,
            receipts,
            is_list,
        })
    }

    /// When the job is to be tried again.
    fn again(&self, now: SystemTime) -> Result<Option<SystemTime>, Problem> {
        const LONGEST: u64 = 10 * 365 * 86_400;
        let Some(seconds) = self.retry_in else {
            return Ok(None);
        };
        let at = now.checked_add(Duration::from_secs(seconds));
        let at = at.filter(|_| seconds <= LONGEST);
        at.map(Some)
            .ok_or_else(|| Problem::bad(format!("retry_in may be {LONGEST} seconds at the most")))
    }
}

/// A key stays with a job that is tried again, and is given up with one that is not.
fn lock_of_failed(receipt: &Receipt, again: Option<SystemTime>) -> LeaseChanges {
    let mut changes = LeaseChanges::default();
    match (&receipt.lock, again) {
        (Some(lock), Some(at)) => changes.keep.push(lock.until(uniq::kept_until(at))),
        (Some(lock), None) => changes.free.push(lock.clone()),
        (None, _) => {}
    }
    changes
}

async fn settle(http: &Http, named: &Named, done: &[LoanSettlement]) -> Answer {
    let now = http.client().store_time().await?;
    let settled = http.loans()?.settle(done, now).await?;
    let mut held = Vec::with_capacity(settled.len());
    for settled in settled {
        match settled {
            Settled::Applied => held.push(true),
            Settled::Lost => held.push(false),
            Settled::Trouble(error) if !named.is_list => return Err(error.into()),
            Settled::Trouble(error) => {
                tracing::warn!(%error, "a lease cannot be settled");
                held.push(false);
            }
        }
    }
    named.answer(&held, None)
}

impl Named {
    fn answer(&self, held: &[bool], expires_at: Option<u64>) -> Result<Response, Problem> {
        if self.is_list {
            let lost = self.texts.iter().zip(held).filter(|(_, held)| !**held);
            return Ok(answer::ok(&Many {
                done: held.iter().filter(|held| **held).count(),
                lost: lost.map(|(text, _)| text.as_str()).collect(),
                expires_at,
            }));
        }
        if held.first() != Some(&true) {
            return Err(Problem::new(
                StatusCode::GONE,
                "the lease is over: it ran out, or was settled before",
            ));
        }
        Ok(match expires_at {
            Some(expires_at) => answer::ok(&Extended { expires_at }),
            None => answer::empty(StatusCode::NO_CONTENT),
        })
    }
}
