//! What is looked at in every store.

use std::time::{Duration, SystemTime};

use resque::{FailureQuery, Page, QueueList, QueueListing, QueueName, WorkerListing};

use super::Findings;
use super::State::{Problem, Warning};
use crate::commands::queues::is_paused;
use crate::context::Store;
use crate::failure::Failure;
use crate::output::count;
use crate::times::span;

/// How far the clocks may be apart before it is worth a word.
const SKEW: Duration = Duration::from_secs(2);
/// How many jobs are looked at in each queue, and how many queues are looked into.
const JOBS: u32 = 100;
const QUEUES: usize = 200;
/// How long a due job may wait to be put into its queue.
const OVERDUE: Duration = Duration::from_secs(60);
/// After what silence workers are dead: ours, and foreign ones, which beat once a minute.
const SILENT: Duration = Duration::from_secs(60);
const FOREIGN_SILENT: Duration = Duration::from_secs(300);

/// The way to the store, and its clock.
pub(super) async fn connection(findings: &mut Findings, store: &Store) -> Result<(), Failure> {
    let (place, namespace) = (store.place.shown(), store.place.namespace());
    let clock = store.client.clock();
    let workers = store.backend()?.workers();
    // The first call may still have to connect.
    workers.server_time().await?;
    let (asked, here) = (clock.monotonic(), clock.now());
    let there = workers.server_time().await?;
    let took = clock.monotonic().saturating_sub(asked);
    let micros = took.as_micros();
    findings.ok(
        "connection",
        format!("{place}, namespace {namespace}, a round trip in {micros} µs"),
    );
    let skew = apart(here, there).saturating_sub(took);
    let found = format!(
        "{} ms between the store's clock and this one",
        skew.as_millis()
    );
    findings.check(
        "clock",
        skew <= SKEW,
        Warning,
        found,
        "jobs go by the store's clock; let both be set by NTP",
    );
    Ok(())
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    let later = one
        .duration_since(other)
        .or_else(|_| other.duration_since(one));
    later.unwrap_or_default()
}

/// Whether workers hear of new jobs, or have to look for them again and again.
///
/// A wait for a queue that nobody uses ends by itself only where the store announces nothing.
pub(super) async fn announcements(findings: &mut Findings, store: &Store) -> Result<(), Failure> {
    /// Longer than any store that polls sleeps between two looks.
    const LONG_ENOUGH: Duration = Duration::from_millis(1_300);
    /// How often a wait may end for no reason.
    const TRIES: usize = 3;
    let queues = store.backend()?.queues();
    let advice = "idle workers look for jobs again and again, which costs time and round trips: a \
                  proxy, a pooler or missing rights keep announcements away";
    let Some(waiting) = queues.waiting() else {
        findings.add("wake-up", Warning, "by polling".to_owned(), advice);
        return Ok(());
    };
    let nobody = QueueList::one(QueueName::new("resque-doctor-nobody")?);
    let mut hears = false;
    for _ in 0..TRIES {
        let ticket = waiting.ticket(&nobody).await?;
        hears = tokio::select! {
            // Also when announcements have only just begun, or broke off once.
            _ = waiting.wait(ticket, &nobody) => false,
            () = store.client.clock().sleep(LONG_ENOUGH) => true,
        };
        if hears {
            break;
        }
    }
    let found = if hears {
        "by announcements"
    } else {
        "by polling"
    };
    findings.check("wake-up", hears, Warning, found, advice);
    Ok(())
}

/// Queues, workers, failures.
pub(super) async fn fleet(findings: &mut Findings, store: &Store) -> Result<(), Failure> {
    let queues = store.client.queue_listing().await?;
    listed(findings, store, &queues).await?;
    payloads(findings, store, &queues).await?;
    let workers = store.backend()?.workers().workers().await?;
    let now = store.client.store_time().await?;
    living(findings, &workers, now);
    records(findings, store).await?;
    overdue(findings, store, now, !workers.workers.is_empty()).await
}

async fn listed(
    findings: &mut Findings,
    store: &Store,
    queues: &QueueListing,
) -> Result<(), Failure> {
    let number = queues.queues.len() as u64;
    let waiting: u64 = queues.queues.iter().map(|queue| queue.length).sum();
    let unreadable = queues.unreadable.len() as u64;
    findings.check(
        "queues",
        unreadable == 0,
        Warning,
        format!(
            "{} with {}, {unreadable} that nobody can read",
            count(number, "queue"),
            count(waiting, "job")
        ),
        "names with commas or control characters: nobody serves them",
    );
    let stopped = queues.queues.iter().filter(|queue| queue.stopped).count();
    let paused = is_paused(store).await?;
    let found = match (paused, stopped) {
        (true, _) => "all workers are paused".to_owned(),
        (false, stopped) => format!("{} stopped", count(stopped as u64, "queue")),
    };
    findings.check(
        "pauses",
        !paused && stopped == 0,
        Warning,
        found,
        "`resque resume` ends that, if it is not on purpose",
    );
    Ok(())
}

/// Looks into the queues for payloads that no worker can perform.
async fn payloads(
    findings: &mut Findings,
    store: &Store,
    queues: &QueueListing,
) -> Result<(), Failure> {
    let (mut seen, mut poison, mut first) = (0, 0, None);
    for queue in queues
        .queues
        .iter()
        .filter(|queue| queue.length > 0)
        .take(QUEUES)
    {
        let name = queue.name.as_str();
        for job in store.client.peek(name, Page::new(0, JOBS)).await? {
            seen += 1;
            if job.flaw().is_some() {
                poison += 1;
                first.get_or_insert(name);
            }
        }
    }
    let place = first.map_or_else(String::new, |queue| format!(", the first in {queue}"));
    findings.check(
        "payloads",
        poison == 0,
        Warning,
        format!(
            "{poison} of the next {} are none{place}",
            count(seen, "job")
        ),
        "our workers put them on the failed list; a Ruby worker may stop at one",
    );
    Ok(())
}

fn living(findings: &mut Findings, listing: &WorkerListing, now: SystemTime) {
    let workers = &listing.workers;
    let silence = |beat: SystemTime| now.duration_since(beat).unwrap_or_default();
    let silent = workers.iter().filter(|worker| {
        let limit = if worker.id.is_ours() {
            SILENT
        } else {
            FOREIGN_SILENT
        };
        worker.heartbeat.is_some_and(|beat| silence(beat) > limit)
    });
    let silent = silent.count() as u64;
    let suspects = workers.iter().filter(|worker| worker.is_suspect()).count() as u64;
    let unreadable = listing.unreadable.len() as u64;
    let working = workers
        .iter()
        .filter(|worker| worker.holds.is_some())
        .count();
    let total = count(workers.len() as u64, "worker");
    findings.check(
        "workers",
        silent + unreadable == 0,
        Warning,
        format!("{total}, {working} working, {silent} silent, {unreadable} that nobody can read"),
        "`resque workers prune` records what silent ones held as failed",
    );
    findings.check(
        "suspects",
        suspects == 0,
        Warning,
        format!(
            "{} of other programs never sent a heartbeat",
            count(suspects, "worker")
        ),
        "if they are dead, `resque workers remove ID` records what they held as failed",
    );
}

async fn records(findings: &mut Findings, store: &Store) -> Result<(), Failure> {
    let failures = store.client.failures()?;
    let number = failures.count().await?;
    let page = failures.page(&FailureQuery::default().limit(1_000)).await?;
    let unreadable = page
        .entries
        .iter()
        .filter(|entry| entry.content.record().is_none());
    let unreadable = unreadable.count();
    findings.check(
        "failures",
        unreadable == 0,
        Warning,
        format!(
            "{}, {unreadable} of the newest unreadable",
            count(number, "failed job")
        ),
        "another program left them: `resque failed` shows them",
    );
    Ok(())
}

async fn overdue(
    findings: &mut Findings,
    store: &Store,
    now: SystemTime,
    somebody_works: bool,
) -> Result<(), Failure> {
    let Ok(delayed) = store.client.delayed() else {
        return Ok(());
    };
    let number = delayed.count().await?;
    let late = match delayed.next().await? {
        Some(job) => now.duration_since(job.due).unwrap_or_default(),
        None => Duration::ZERO,
    };
    let found = if late > OVERDUE {
        format!(
            "{}, the first overdue for {}",
            count(number, "delayed job"),
            span(late)
        )
    } else {
        count(number, "delayed job")
    };
    let advice = "no worker of ours and no scheduler puts due jobs into their queues";
    let worse = if somebody_works { Problem } else { Warning };
    findings.check("delayed", late <= OVERDUE, worse, found, advice);
    Ok(())
}
