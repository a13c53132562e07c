//! How a job is settled that the worker gives back because it stops.

use super::core::Core;
use super::running::Running;
use super::settings::OnTerm;
use crate::wire::extra::Extras;
use crate::{Decision, FailureRecord, JobFailure, Payload, Settlement};

/// A job that was begun and given back so often goes to the failed list instead: it may never end
/// in the time that a worker leaves it.
pub(crate) const MOST_RELEASES: u32 = 3;

/// How a job is settled that is given back, and its failure if it is recorded as failed instead.
pub(crate) struct GivenBack {
    pub(crate) settlement: Settlement,
    pub(crate) failure: Option<JobFailure>,
}

impl From<Settlement> for GivenBack {
    fn from(settlement: Settlement) -> Self {
        Self {
            settlement,
            failure: None,
        }
    }
}

/// A job that was begun notes that it was given back; one that never was comes back as it is.
pub(crate) fn settlement(core: &Core, running: &Running) -> GivenBack {
    let receipt = running.receipt().clone();
    if !running.has_begun() {
        return Settlement::release(receipt).into();
    }
    let payload = &running.reservation.payload;
    if core.settings.on_term == OnTerm::Fail {
        // It still runs, and ends with the process.
        let failure = JobFailure::dirty_exit().with_decision(Decision::Fail);
        let record = record(core, running, &failure, Extras::end(payload));
        return GivenBack {
            settlement: Settlement::dirty_exit(receipt, record),
            failure: Some(failure),
        };
    }
    let (count, told) = count(payload);
    match told {
        Some(told) if count >= MOST_RELEASES => {
            let text = format!("SIGTERM: stopping workers have ended the job {count} times");
            let failure = JobFailure::new(JobFailure::terminated().exception, text)
                .with_decision(Decision::Fail);
            let record = record(core, running, &failure, told);
            GivenBack {
                settlement: Settlement::failed(receipt, record),
                failure: Some(failure),
            }
        }
        Some(told) => Settlement::release_as(receipt, told).into(),
        // What is no job cannot tell of anything.
        None => Settlement::release(receipt).into(),
    }
}

/// How often the job has been given back by now, and the payload that tells it.
fn count(payload: &Payload) -> (u32, Option<Payload>) {
    let mut extras = Extras::read(payload.as_bytes());
    if extras.ended {
        extras.begin_again();
    }
    extras.enqueued_at = None;
    extras.releases = extras.releases.saturating_add(1);
    // The failed list ends this life of the job; whoever puts it back begins another.
    extras.ended = extras.releases >= MOST_RELEASES;
    let told = extras.write(payload.as_bytes()).ok().map(Payload::from);
    (extras.releases, told)
}

fn record(core: &Core, running: &Running, failure: &JobFailure, payload: Payload) -> FailureRecord {
    let reservation = &running.reservation;
    let now = core.store_clock.now();
    FailureRecord::new(now, payload, &*failure.exception, &*failure.error)
        .on(reservation.worker.as_str(), reservation.queue.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_release_is_counted_in_the_payload() {
        let plain = Payload::from(r#"{"class":"A","args":[]}"#);
        let (first, told) = count(&plain);
        let told = told.unwrap();
        assert_eq!(
            told.as_bytes(),
            br#"{"class":"A","args":[],"rs":{"releases":1}}"#
        );
        let (second, told) = count(&told);
        let (third, told) = count(&told.unwrap());
        assert_eq!((first, second, third), (1, 2, MOST_RELEASES));
        // Put back from the failed list, it begins again.
        let (again, _) = count(&told.unwrap());
        assert_eq!(again, 1);
    }

    #[test]
    fn what_is_no_job_tells_nothing() {
        assert_eq!(count(&Payload::from("nonsense")).1, None);
    }
}
