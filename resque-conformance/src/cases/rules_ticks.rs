//! The ticks of schedules: each fires once, whoever tries.

use resque_core::testing::{Fault, Operation};
use resque_core::{Error, Fired, NewSchedule};

use crate::Planted;
use crate::race::race;
use crate::schedule::{HOURLY, firing, named, new};
use crate::store::{job, list, queue};

cases! {
    rules_ticks: Rules;

    /// A tick that fires puts its job at the end of its queue, which is made to exist.
    #[needs(schedules)]
    async fn a_tick_puts_its_job_into_its_queue(world: &World) -> Verdict {
        let store = world.store();
        store.begin_hourly("nightly", 0).await?;
        ensure_eq!(store.fire("nightly", 10, 1).await?, Fired::Fired, "what is fired");
        ensure_eq!(store.fire("nightly", 20, 2).await?, Fired::Fired, "what is fired");
        ensure_eq!(store.queue_names().await?, ["mail"], "queues");
        ensure_eq!(store.bytes_in("mail").await?, [job(1), job(2)], "the queue");
        Ok(())
    }

    /// A tick fires once.
    #[needs(schedules)]
    async fn a_tick_fires_once(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.begin_hourly("nightly", 0).await?;
        store.fire("nightly", 10, 1).await?;
        let settled = store.at(10);
        for store in [store, twin.clone()] {
            let again = store.fire("nightly", 10, 2).await?;
            ensure_eq!(again, Fired::Already { settled }, "what is fired again");
        }
        ensure_eq!(twin.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// Many who fire the same ticks at the same time fire each of them once.
    #[needs(schedules)]
    async fn a_tick_fires_once_over_many_connections(world: &World) -> Verdict {
        const TICKS: u64 = 25;
        let store = world.store();
        store.begin_hourly("nightly", 0).await?;
        let fired = race(world, 8, |_, store| async move {
            let mut own = Vec::new();
            for tick in 1..=TICKS {
                if store.fire("nightly", tick, tick).await? == Fired::Fired {
                    own.push(tick);
                }
            }
            Ok(own)
        });
        let mut fired: Vec<u64> = fired.await?.into_iter().flatten().collect();
        fired.sort_unstable();
        ensure_eq!(fired, (1..=TICKS).collect::<Vec<_>>(), "the ticks that fired");
        ensure_eq!(store.numbers_in("mail").await?, fired, "the queue");
        Ok(())
    }

    /// A tick before one that has fired does not fire any more.
    #[needs(schedules)]
    async fn an_older_tick_is_settled_with_a_newer_one(world: &World) -> Verdict {
        let store = world.store();
        store.begin_hourly("nightly", 0).await?;
        store.fire("nightly", 20, 2).await?;
        let settled = store.at(20);
        ensure_eq!(store.fire("nightly", 10, 1).await?, Fired::Already { settled }, "what is fired");
        ensure_eq!(store.numbers_in("mail").await?, [2], "the queue");
        Ok(())
    }

    /// The ticks of one schedule settle nothing of another.
    #[needs(schedules)]
    async fn each_schedule_has_ticks_of_its_own(world: &World) -> Verdict {
        let store = world.store();
        for name in ["nightly", "hourly"] {
            store.begin_hourly(name, 0).await?;
        }
        for (name, number) in [("nightly", 1), ("hourly", 2)] {
            ensure_eq!(store.fire(name, 10, number).await?, Fired::Fired, "what {name} fires");
        }
        ensure_eq!(store.numbers_in("mail").await?, [1, 2], "the queue");
        Ok(())
    }

    /// Many ticks of one schedule fire together, in their order.
    #[needs(schedules)]
    async fn ticks_that_fire_together_keep_their_order(world: &World) -> Verdict {
        let store = world.store();
        store.begin_hourly("nightly", 0).await?;
        let ticks = [1, 2, 2, 3].map(|tick| firing("nightly", store.at(tick), tick));
        let fired = store.fire_all(&ticks).await?;
        let (fired, settled) = (fired.into_iter().flatten().collect::<Vec<_>>(), store.at(2));
        let (yes, no) = (Fired::Fired, Fired::Already { settled });
        ensure_eq!(fired, [yes, yes, no, yes], "what is fired");
        ensure_eq!(store.numbers_in("mail").await?, [1, 2, 3], "the queue");
        Ok(())
    }

    /// A schedule that has not begun does not fire.
    #[needs(schedules)]
    async fn nothing_fires_before_it_begins(world: &World) -> Verdict {
        let store = world.store();
        ensure_eq!(store.fire("nightly", 10, 1).await?, Fired::Changed, "what is fired");
        ensure_eq!(store.numbers_in("mail").await?, [0; 0], "the queue");
        Ok(())
    }

    /// What is past when a schedule is stored does not fire.
    #[needs(schedules)]
    async fn a_stored_schedule_begins_at_once(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 10).await?;
        ensure_eq!(store.entry("nightly").await?.settled, Some(store.at(10)), "what is settled");
        let settled = store.at(10);
        ensure_eq!(store.fire("nightly", 10, 1).await?, Fired::Already { settled }, "what is fired");
        ensure_eq!(store.fire("nightly", 11, 2).await?, Fired::Fired, "what is fired");
        Ok(())
    }

    /// A schedule begins once: whoever begins it again learns what is settled.
    #[needs(schedules)]
    async fn a_schedule_begins_once(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        ensure_eq!(store.begin_hourly("nightly", 10).await?, store.at(10), "the beginning");
        ensure_eq!(twin.begin_hourly("nightly", 20).await?, store.at(10), "the second beginning");
        store.fire("nightly", 30, 1).await?;
        ensure_eq!(twin.begin_hourly("nightly", 40).await?, store.at(30), "the third beginning");
        Ok(())
    }

    /// A schedule that runs at other times than before begins anew, and does not fire at the old
    /// times any more.
    #[needs(schedules)]
    async fn a_schedule_with_other_times_begins_anew(world: &World) -> Verdict {
        let store = world.store();
        store.begin_hourly("nightly", 0).await?;
        ensure_eq!(store.begin("nightly", "every 5m", 10).await?, store.at(10), "the beginning");
        ensure_eq!(store.fire("nightly", 20, 1).await?, Fired::Changed, "what is fired");
        store.put_hourly("nightly", 30).await?;
        let settled = store.at(30);
        ensure_eq!(store.fire("nightly", 30, 2).await?, Fired::Already { settled }, "what is fired");
        ensure_eq!(store.fire("nightly", 31, 3).await?, Fired::Fired, "what is fired");
        Ok(())
    }

    /// A schedule that is stored again with the same times goes on as it was.
    #[needs(schedules)]
    async fn a_schedule_with_the_same_times_goes_on(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        let definition = "{}".into();
        let other = NewSchedule { definition, ..new("nightly", HOURLY) };
        store.schedules()?.put(&[other], store.at(20)).await?;
        ensure_eq!(store.fire("nightly", 10, 1).await?, Fired::Fired, "what is fired");
        Ok(())
    }

    /// What is settled stays settled, whatever the clocks of others say.
    #[needs(schedules)]
    async fn what_is_settled_stays_settled(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        store.fire("nightly", 100, 1).await?;
        let settled = Some(store.at(100));
        store.schedules()?.put(&[new("nightly", "every 5m")], store.at(50)).await?;
        ensure_eq!(store.entry("nightly").await?.settled, settled, "settled after a put");
        store.begin_hourly("nightly", 50).await?;
        ensure_eq!(store.entry("nightly").await?.settled, settled, "settled after a beginning");
        store.switch("nightly", false, 50).await?;
        store.switch("nightly", true, 50).await?;
        ensure_eq!(store.entry("nightly").await?.settled, settled, "settled after a switch");
        Ok(())
    }

    /// A schedule that is switched off does not fire, and what it missed does not fire later.
    #[needs(schedules)]
    async fn a_schedule_that_is_off_fires_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        store.switch("nightly", false, 0).await?;
        ensure_eq!(store.fire("nightly", 10, 1).await?, Fired::Disabled, "what is fired");
        ensure_eq!(store.numbers_in("mail").await?, [0; 0], "the queue");
        store.switch("nightly", true, 20).await?;
        let settled = store.at(20);
        ensure_eq!(store.fire("nightly", 15, 1).await?, Fired::Already { settled }, "what is fired");
        ensure_eq!(store.fire("nightly", 30, 2).await?, Fired::Fired, "what is fired");
        Ok(())
    }

    /// Storing a schedule that is off as one that is on begins it anew.
    #[needs(schedules)]
    async fn a_schedule_that_is_stored_as_on_begins_anew(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        store.switch("nightly", false, 0).await?;
        store.put_hourly("nightly", 20).await?;
        let settled = store.at(20);
        ensure_eq!(store.fire("nightly", 15, 1).await?, Fired::Already { settled }, "what is fired");
        Ok(())
    }

    /// A schedule that was removed does not fire, even if somebody has not heard of it yet.
    #[needs(schedules)]
    async fn a_removed_schedule_fires_nothing(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        store.schedules()?.remove(&[named("nightly")]).await?;
        ensure_eq!(store.fire("nightly", 10, 1).await?, Fired::Changed, "what is fired");
        store.begin_hourly("nightly", 0).await?;
        let mut stored = firing("nightly", store.at(10), 1);
        stored.stored = true;
        ensure_eq!(store.fire_as(stored).await?, Fired::Changed, "what is fired as stored");
        ensure_eq!(store.numbers_in("mail").await?, [0; 0], "the queue");
        Ok(())
    }

    /// A tick can be settled without a job.
    #[needs(schedules)]
    async fn a_tick_can_be_settled_without_a_job(world: &World) -> Verdict {
        let store = world.store();
        store.begin_hourly("nightly", 0).await?;
        let mut empty = firing("nightly", store.at(10), 1);
        empty.job = None;
        ensure_eq!(store.fire_as(empty).await?, Fired::Fired, "what is settled");
        ensure_eq!(store.queue_names().await?, [""; 0], "queues");
        let entry = store.entry("nightly").await?;
        ensure_eq!((entry.settled, entry.last_fired), (Some(store.at(10)), None), "the schedule");
        Ok(())
    }

    /// The list says up to when ticks are settled, and when a job was put into its queue.
    #[needs(schedules)]
    async fn the_list_says_what_fired_when(world: &World) -> Verdict {
        let store = world.store();
        store.put_hourly("nightly", 0).await?;
        ensure_eq!(store.entry("nightly").await?.last_fired, None, "fired before");
        let late = [firing("nightly", store.at(10), 1)];
        store.schedules()?.fire_once("suite:1", &late, store.at(12)).await?;
        let entry = store.entry("nightly").await?;
        ensure_eq!(entry.settled, Some(store.at(10)), "what is settled");
        ensure_eq!(entry.last_fired, Some(store.at(12)), "when it fired");
        Ok(())
    }

    /// A tick whose reply was lost has fired once, and says so when it is fired again.
    #[needs(schedules)]
    async fn a_firing_whose_reply_was_lost_has_fired_once(world: &World) -> Verdict {
        let store = world.store();
        let (lossy, faults) = store.lossy();
        store.begin_hourly("nightly", 0).await?;
        faults.next(Operation::Fire, Fault::ReplyLost);
        let lost = [firing("nightly", store.at(10), 1)];
        let lost = lossy.schedules()?.fire_once("suite:1", &lost, store.at(10)).await;
        ensure_matches!(lost, Err(Error::OutcomeUnknown { .. }), "the lost reply");
        let settled = store.at(10);
        ensure_eq!(lossy.fire("nightly", 10, 1).await?, Fired::Already { settled }, "once more");
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }

    /// A tick whose queue cannot be used says so, is not settled, and keeps no other from firing.
    #[needs(schedules, plant)]
    async fn a_spoilt_queue_stops_no_other_schedule(world: &World) -> Verdict {
        let store = world.store();
        let plant = world.plant().ok_or_else(|| crate::Broken::new("no `plant`"))?;
        plant.plant(Planted::SpoiltQueue(queue("mail"))).await?;
        store.begin_hourly("spoilt", 0).await?;
        store.begin_hourly("nightly", 0).await?;
        let mut good = firing("nightly", store.at(10), 2);
        good.job = Some(resque_core::Enqueue::new(queue("news"), job(2)));
        let fired = store.fire_all(&[firing("spoilt", store.at(10), 1), good]).await?;
        ensure_matches!(fired.as_slice(), [Err(Error::Corrupt { .. }), Ok(Fired::Fired)], "what is fired");
        ensure_eq!(store.entry("spoilt").await?.settled, Some(store.at(0)), "what is settled");
        ensure_eq!(store.numbers_in("news").await?, [2], "the other queue");
        Ok(())
    }

    /// A tick that fires wakes who waits for its queue.
    #[needs(schedules, waiting)]
    async fn a_firing_wakes_who_waits(world: &World) -> Verdict {
        let (store, twin) = (world.store(), world.twin().await?);
        store.begin_hourly("nightly", 0).await?;
        let from = list("mail");
        let ticket = store.waiting()?.ticket(&from).await?;
        twin.fire("nightly", 10, 1).await?;
        store.waiting()?.wait(ticket, &from).await?;
        ensure_eq!(store.numbers_in("mail").await?, [1], "the queue");
        Ok(())
    }
}
