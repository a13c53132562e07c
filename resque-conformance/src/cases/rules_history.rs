//! Samples of what a store looked like, minute by minute.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use resque_core::testing::{Fault, Operation};
use resque_core::{Error, HISTORY_KEPT, minute_of};

use crate::Verdict;
use crate::race::race;
use crate::store::Store;
use crate::verdict::Broken;

const MINUTE: Duration = Duration::from_secs(60);

impl Store {
    /// The beginning of the minute in which the world began, and of those behind it.
    fn minute(&self, number: u32) -> SystemTime {
        minute_of(self.at(0)) + number * MINUTE
    }

    /// Records a sample that names its minute.
    async fn sample(&self, minute: u32) -> Verdict<bool> {
        let text = Bytes::from(format!("minute {minute}"));
        Ok(self.history()?.record(self.minute(minute), &text).await?)
    }

    /// The samples between two minutes as text, without their times.
    async fn sampled(&self, since: SystemTime, until: SystemTime) -> Verdict<Vec<String>> {
        let samples = self.history()?.range(since, until, 100).await?;
        let text = |(_, bytes): (SystemTime, Bytes)| String::from_utf8_lossy(&bytes).into_owned();
        Ok(samples.into_iter().map(text).collect())
    }

    /// All samples around the beginning of the world as text.
    async fn all_sampled(&self) -> Verdict<Vec<String>> {
        let around = 2 * HISTORY_KEPT;
        self.sampled(self.at(0) - around, self.at(0) + around).await
    }
}

cases! {
    rules_history: Rules;

    /// A new store remembers nothing.
    #[needs(history)]
    async fn a_new_store_has_no_history(world: &World) -> Verdict {
        ensure_eq!(world.store().all_sampled().await?, [""; 0], "the samples");
        Ok(())
    }

    /// Of each minute the first sample is kept, under the beginning of its minute, and every other
    /// one is told that it was not.
    #[needs(history)]
    async fn a_minute_is_sampled_once(world: &World) -> Verdict {
        let store = world.store();
        let history = store.history()?;
        let minute = store.minute(1);
        let first = history.record(minute + MINUTE / 2, &"first".into()).await?;
        ensure!(first, "the first sample was not kept");
        for late in [Duration::ZERO, MINUTE / 4, MINUTE - Duration::from_nanos(1)] {
            let kept = history.record(minute + late, &"second".into()).await?;
            ensure!(!kept, "another sample was kept {late:?} into the minute");
        }
        ensure!(store.sample(2).await?, "the sample of the next minute was not kept");
        let samples = history.range(minute, minute + 2 * MINUTE, 9).await?;
        let expected = [(minute, "first".into()), (minute + MINUTE, "minute 2".into())];
        ensure_eq!(samples, expected, "the samples");
        Ok(())
    }

    /// However many connections try at once, one of them samples.
    #[needs(history)]
    async fn of_racing_samples_one_is_kept(world: &World) -> Verdict {
        let store = world.store();
        for round in 0..10 {
            let kept = race(world, 8, |_, store| async move { store.sample(round).await });
            let kept = kept.await?.into_iter().filter(|kept| *kept).count();
            ensure_eq!(kept, 1, "kept samples of one minute");
        }
        ensure_eq!(store.all_sampled().await?.len(), 10, "samples of ten minutes");
        Ok(())
    }

    /// A sample whose reply was lost is there, and stays the only one of its minute.
    #[needs(history)]
    async fn a_sample_whose_reply_was_lost_is_kept_once(world: &World) -> Verdict {
        let store = world.store();
        let (lossy, faults) = store.lossy();
        faults.next(Operation::RecordSample, Fault::ReplyLost);
        let lost = lossy.history()?.record(store.minute(1), &"first".into()).await;
        ensure!(
            matches!(lost, Err(Error::OutcomeUnknown { .. })),
            "the reply was to be lost, found {lost:?}"
        );
        ensure!(!store.sample(1).await?, "a second sample was kept");
        ensure_eq!(store.all_sampled().await?, ["first"], "the samples");
        Ok(())
    }

    /// Samples come in the order of their minutes, whichever came first.
    #[needs(history)]
    async fn samples_come_in_order_of_time(world: &World) -> Verdict {
        let store = world.store();
        for minute in [3, 1, 10, 2] {
            store.sample(minute).await?;
        }
        let expected = ["minute 1", "minute 2", "minute 3", "minute 10"];
        ensure_eq!(store.all_sampled().await?, expected, "the samples");
        Ok(())
    }

    /// A range has what begins at its start and nothing that begins at its end.
    #[needs(history)]
    async fn a_range_ends_before_its_end(world: &World) -> Verdict {
        let store = world.store();
        for minute in 1..=5 {
            store.sample(minute).await?;
        }
        let (two, four) = (store.minute(2), store.minute(4));
        let moment = Duration::from_micros(1);
        let expected = ["minute 2", "minute 3"];
        ensure_eq!(store.sampled(two, four).await?, expected, "from 2 to 4");
        let expected = ["minute 3", "minute 4"];
        let shifted = store.sampled(two + moment, four + moment).await?;
        ensure_eq!(shifted, expected, "from right after 2 to right after 4");
        ensure_eq!(store.sampled(two, two).await?, [""; 0], "of no time");
        ensure_eq!(store.sampled(four, two).await?, [""; 0], "from 4 to 2");
        let begin = SystemTime::UNIX_EPOCH;
        ensure_eq!(store.sampled(begin, two).await?, ["minute 1"], "from the beginning");
        Ok(())
    }

    /// A range gives no more than was asked for, and goes on behind the last one.
    #[needs(history)]
    async fn a_range_is_read_in_pages(world: &World) -> Verdict {
        let store = world.store();
        let history = store.history()?;
        for minute in (0..20).rev() {
            store.sample(minute).await?;
        }
        let end = store.minute(20);
        let (mut since, mut minutes) = (store.minute(0), Vec::new());
        for size in [7, 7, 6, 0] {
            let page = history.range(since, end, 7).await?;
            ensure_eq!(page.len(), size, "samples on a page of 7");
            minutes.extend(page.into_iter().map(|(minute, _)| minute));
            since = minutes[minutes.len() - 1] + Duration::from_micros(1);
        }
        let expected: Vec<_> = (0..20).map(|minute| store.minute(minute)).collect();
        ensure_eq!(minutes, expected, "the minutes");
        let none = history.range(store.minute(0), end, 0).await?;
        ensure!(none.is_empty(), "an empty page has {} samples", none.len());
        Ok(())
    }

    /// A sample stays for seven days, and goes with the first one that is recorded later.
    #[needs(history)]
    async fn samples_go_after_seven_days(world: &World) -> Verdict {
        let store = world.store();
        let days = u32::try_from(HISTORY_KEPT.as_secs() / 60).unwrap_or_default();
        for minute in [0, 1, days] {
            ensure!(store.sample(minute).await?, "the sample {minute} was not kept");
        }
        let last = format!("minute {days}");
        ensure_eq!(store.all_sampled().await?, ["minute 0", "minute 1", &last], "after 7 days");
        store.sample(days + 1).await?;
        let newest = format!("minute {}", days + 1);
        ensure_eq!(store.all_sampled().await?, ["minute 1", &last, &newest], "a minute later");
        store.sample(3 * days).await?;
        ensure_eq!(store.all_sampled().await?, [""; 0], "of these days, much later");
        Ok(())
    }

    /// A sample comes back byte for byte, whatever it says.
    #[needs(history)]
    async fn a_sample_comes_back_byte_for_byte(world: &World) -> Verdict {
        let store = world.store();
        let history = store.history()?;
        let samples: [Bytes; 6] = [
            Bytes::new(),
            Bytes::from_static(b"\0 \n\xff\xfe\0"),
            Bytes::from_static(br#"{"processed": 9223372036854775807, "failed":-1e400, "a":[] }"#),
            Bytes::from_static("größer: 日本 🦀".as_bytes()),
            Bytes::from_static(b"29000000:looks like a key "),
            Bytes::from(vec![b'x'; 100_000]),
        ];
        for (minute, sample) in (0..).zip(&samples) {
            ensure!(history.record(store.minute(minute), sample).await?, "{sample:?} was refused");
        }
        let found = history.range(store.minute(0), store.minute(6), 9).await?;
        for ((_, found), sample) in found.iter().zip(&samples) {
            ensure!(found == sample, "{sample:?} came back as {found:?}");
        }
        ensure_eq!(found.len(), samples.len(), "samples");
        Ok(())
    }

    /// Two minutes may look alike.
    #[needs(history)]
    async fn minutes_that_look_alike_are_two(world: &World) -> Verdict {
        let store = world.store();
        for minute in [1, 2] {
            let kept = store.history()?.record(store.minute(minute), &"same".into()).await?;
            ensure!(kept, "the sample was not kept");
        }
        ensure_eq!(store.all_sampled().await?, ["same", "same"], "the samples");
        Ok(())
    }

    /// A store that was cleared has no history, and begins a new one.
    #[needs(history)]
    async fn a_clear_forgets_the_history(world: &World) -> Verdict {
        let store = world.store();
        store.sample(1).await?;
        store.queues().clear().await?;
        ensure_eq!(store.all_sampled().await?, [""; 0], "the samples");
        ensure!(store.sample(1).await?, "the minute cannot be sampled again");
        Ok(())
    }

    /// The history of another namespace is not ours.
    #[needs(history, neighbour)]
    async fn the_neighbours_history_is_not_ours(world: &World) -> Verdict {
        let (store, neighbour) = (world.store(), world.next_door()?);
        neighbour.sample(1).await?;
        ensure_eq!(store.all_sampled().await?, [""; 0], "our samples");
        ensure!(store.sample(1).await?, "our sample was not kept");
        store.queues().clear().await?;
        ensure_eq!(neighbour.all_sampled().await?, ["minute 1"], "the neighbour's samples");
        Ok(())
    }

    /// The backlog is what waits in all queues, and nothing else.
    #[needs(history, delayed)]
    async fn the_backlog_is_what_waits_in_all_queues(world: &World) -> Verdict {
        let store = world.store();
        let jobs = async || {
            let jobs = store.history()?.backlog().await?.jobs;
            jobs.ok_or_else(|| Broken::new("nobody knows how many jobs wait"))
        };
        ensure_eq!(jobs().await?, 0, "the backlog of a new store");
        store.hand_out_one("mail", 0).await?;
        store.push_due("mail", 1, 60).await?;
        store.fail("mail", 2).await?;
        ensure_eq!(jobs().await?, 0, "the backlog with jobs elsewhere");
        store.push("mail", 3..10).await?;
        store.push("news", 10..13).await?;
        ensure_eq!(jobs().await?, 10, "the backlog of two queues");
        store.queues().delete_queue(&crate::store::queue("mail")).await?;
        ensure_eq!(jobs().await?, 3, "the backlog of what is left");
        Ok(())
    }

    /// If the backlog says since when the oldest job waits, that is since it was pushed; without
    /// jobs nothing is old.
    #[needs(history)]
    async fn the_oldest_of_the_backlog_has_been_pushed(world: &World) -> Verdict {
        let store = world.store();
        let history = store.history()?;
        ensure_eq!(history.backlog().await?.oldest, None, "the oldest of no jobs");
        let slack = Duration::from_secs(1);
        let before = store.workers().server_time().await? - slack;
        store.push("mail", [1, 2]).await?;
        let after = store.workers().server_time().await? + slack;
        if let Some(oldest) = history.backlog().await?.oldest {
            ensure!(oldest >= before && oldest <= after, "the oldest waits since {oldest:?}");
        }
        store.queues().delete_queue(&crate::store::queue("mail")).await?;
        ensure_eq!(history.backlog().await?.oldest, None, "the oldest of no jobs any more");
        Ok(())
    }
}
