//! Which ticks are due, and when the next one is. Pure: no store, no clock.

use std::time::{Duration, SystemTime};

use crate::{CatchUp, Firing, QueueName, Schedule};

/// How late a tick may be that is not made up for before it counts as missed.
const MISSED_AFTER: Duration = Duration::from_secs(60);

/// One schedule that is followed.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    pub(super) schedule: Schedule,
    pub(super) queue: QueueName,
    /// When it runs, in one line.
    pub(super) timing: String,
    /// Whether its definition is stored.
    pub(super) stored: bool,
    /// Up to which time its ticks are settled.
    settled: SystemTime,
    /// When the next tick fires, jitter included.
    next: Option<SystemTime>,
}

impl Followed {
    pub(super) fn new(
        schedule: Schedule,
        queue: QueueName,
        stored: bool,
        settled: SystemTime,
    ) -> Self {
        let mut followed = Self {
            timing: schedule.timing_line(),
            schedule,
            queue,
            stored,
            settled,
            next: None,
        };
        followed.settle(settled);
        followed
    }

    /// Notes that ticks up to this time are settled.
    pub(super) fn settle(&mut self, until: SystemTime) {
        self.settled = self.settled.max(until);
        let tick = self.schedule.next_after(self.settled);
        self.next = tick.map(|tick| self.schedule.fires_at(tick));
    }

    /// Fires nothing more before this time; what is due stays so.
    pub(super) fn postpone(&mut self, until: SystemTime) {
        self.next = self.next.map(|next| next.max(until));
    }

    /// When the next tick fires.
    pub(super) fn next(&self) -> Option<SystemTime> {
        self.next
    }

    /// The ticks to fire now, oldest first. Those that are left out are behind us afterwards.
    pub(super) fn due(&mut self, now: SystemTime) -> Vec<SystemTime> {
        if self.next.is_none_or(|next| next > now) {
            return Vec::new();
        }
        let most = self.schedule.missed_runs().at_most();
        let mut ticks = Vec::new();
        let mut before = now;
        while ticks.len() < most
            && let Some(tick) = self.last_until(before)
        {
            // Whoever has its share of the jitter before it holds up those behind it: what is
            // settled is settled in order.
            match self.schedule.fires_at(tick) <= now {
                true => ticks.push(tick),
                false => ticks.clear(),
            }
            let Some(earlier) = tick.checked_sub(Duration::from_millis(1)) else {
                break;
            };
            before = earlier;
        }
        ticks.reverse();
        if self.schedule.missed_runs() == CatchUp::Skip
            && let Some(last) = ticks.last().copied()
            && now
                .duration_since(self.schedule.fires_at(last))
                .unwrap_or_default()
                > MISSED_AFTER
        {
            self.settle(last);
            ticks.clear();
        }
        ticks
    }

    /// The last tick up to this time that is not settled.
    fn last_until(&self, time: SystemTime) -> Option<SystemTime> {
        let tick = self.schedule.timing()?.last_until(time)?;
        (tick > self.settled).then_some(tick)
    }

    /// A tick, as the store is told to fire it.
    pub(super) fn firing(&self, tick: SystemTime, pushes: bool) -> Firing {
        Firing {
            name: self.schedule.name().clone(),
            timing: self.timing.clone(),
            tick,
            job: pushes.then(|| self.schedule.enqueue(&self.queue)),
            stored: self.stored,
            master: self.schedule.is_shared_with_ruby(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    fn minutely(catch_up: CatchUp, settled: u64) -> Followed {
        let schedule = Schedule::raw("minutely", "A", &()).unwrap();
        let schedule = schedule.every("1m").unwrap().catch_up(catch_up);
        Followed::new(schedule, QueueName::new("q").unwrap(), false, at(settled))
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut followed = minutely(CatchUp::UpTo(9), 60);
        assert_eq!(followed.next(), Some(at(120)));
        assert_eq!(followed.due(at(119)), []);
        assert_eq!(followed.due(at(120)), [at(120)]);
        followed.settle(at(120));
        assert_eq!(followed.due(at(120)), []);
        assert_eq!(followed.next(), Some(at(180)));
    }

    #[test]
    fn what_was_missed_is_made_up_for_as_the_schedule_says() {
        for (catch_up, now, due) in [
            (CatchUp::Last, 3_610, vec![3_600]),
            (CatchUp::UpTo(3), 3_610, vec![3_480, 3_540, 3_600]),
            (CatchUp::UpTo(100), 190, vec![120, 180]),
            (CatchUp::Skip, 3_610, vec![3_600]),
            (CatchUp::Skip, 3_659, vec![3_600]),
        ] {
            let mut followed = minutely(catch_up, 60);
            let due: Vec<_> = due.into_iter().map(at).collect();
            assert_eq!(followed.due(at(now)), due, "{catch_up} {now}");
        }
    }

    #[test]
    fn what_is_postponed_stays_due() {
        let mut followed = minutely(CatchUp::UpTo(9), 60);
        assert_eq!(followed.due(at(125)), [at(120)]);
        followed.postpone(at(190));
        assert_eq!(followed.next(), Some(at(190)));
        assert_eq!(followed.due(at(189)), []);
        assert_eq!(followed.due(at(190)), [at(120), at(180)]);
    }

    #[test]
    fn a_run_that_is_much_too_late_is_left_out_where_that_is_wanted() {
        let schedule = Schedule::raw("hourly", "A", &()).unwrap();
        let schedule = schedule.every("1h").unwrap().catch_up(CatchUp::Skip);
        let queue = QueueName::new("q").unwrap();
        let mut followed = Followed::new(schedule, queue, false, at(0));
        assert_eq!(followed.due(at(3_661)), []);
        assert_eq!(followed.next(), Some(at(7_200)));
    }

    #[test]
    fn a_tick_waits_for_its_share_of_the_jitter() {
        let schedule = Schedule::raw("jittery", "A", &()).unwrap();
        let schedule = schedule.every("1m").unwrap().catch_up(CatchUp::UpTo(9));
        let schedule = schedule.jitter(Duration::from_secs(50));
        let queue = QueueName::new("q").unwrap();
        let mut followed = Followed::new(schedule.clone(), queue, false, at(0));
        let mut fired = Vec::new();
        for second in 0..=600 {
            for tick in followed.due(at(second)) {
                assert!(schedule.fires_at(tick) <= at(second));
                assert!(schedule.fires_at(tick) > at(second) - Duration::from_secs(1));
                followed.settle(tick);
                fired.push(tick);
            }
        }
        let expected: Vec<_> = (1..10).map(|minute| at(60 * minute)).collect();
        assert_eq!(&fired[..9], &expected);
    }
}
