//! The life of a worker as a pure table: phase × event → phase and actions.
//!
//! Nothing here waits, sends or looks at a clock; [`super::supervisor`] feeds the events in and
//! performs the actions. Each row is tested by itself.

/// What a worker is doing as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It connects and registers.
    Starting,
    /// It starts and was told to pause meanwhile.
    StartingPaused,
    /// It takes jobs and performs them.
    Working,
    /// It takes no jobs until it is resumed; running ones go on.
    Paused,
    /// It takes no jobs any more and waits for the running ones, however long they take.
    Finishing,
    /// It was told to stop now and lets the running jobs be for the pre-shutdown time.
    Stopping,
    /// The running jobs were told to end and have the grace time to do so.
    Cancelling,
    /// The running jobs are abandoned and given back.
    Abandoning,
    /// Nothing runs any more; what is known is settled and the worker leaves the registry.
    Stopped,
}

impl Phase {
    /// Whether new jobs are taken.
    #[must_use]
    pub fn takes_jobs(self) -> bool {
        self == Self::Working
    }

    /// Whether the worker is on its way out.
    #[must_use]
    pub fn is_leaving(self) -> bool {
        matches!(
            self,
            Self::Finishing | Self::Stopping | Self::Cancelling | Self::Abandoning | Self::Stopped
        )
    }
}

/// What can happen to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LifeEvent {
    /// It is registered.
    Ready,
    /// QUIT: finish the running jobs, then leave.
    Quit,
    /// TERM or INT: stop now; a second one stops at once.
    StopNow,
    /// USR2: take no more jobs.
    Pause,
    /// CONT: take jobs again.
    Resume,
    /// USR1: end the running jobs and go on.
    Kill,
    /// There is nothing to do, and the worker is meant to leave then.
    Idle,
    /// The time that running jobs are let be is over.
    PatienceOver,
    /// The time that cancelled jobs have to end is over.
    GraceOver,
    /// No job runs any more.
    Drained,
}

/// What is to be done because of an event, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Let the pools take jobs.
    StartFetching,
    /// Let the pools take no more jobs.
    StopFetching,
    /// Call the hooks `before_pause`.
    BeforePause,
    /// Call the hooks `after_pause`.
    AfterPause,
    /// Call the hooks `shutdown`.
    Shutdown,
    /// Send [`LifeEvent::PatienceOver`] after the pre-shutdown time.
    ArmPatience,
    /// Cancel the token of every running job.
    CancelJobs,
    /// End the jobs that run at this moment.
    KillJobs,
    /// Send [`LifeEvent::GraceOver`] after the grace time.
    ArmGrace,
    /// Drop the running jobs that can be dropped, then send [`LifeEvent::Drained`].
    AbandonJobs,
    /// Settle what is left and leave the registry.
    Leave,
    /// Leave within moments, whatever the store says.
    Hurry,
}

/// The whole table.
pub(crate) fn step(phase: Phase, event: LifeEvent) -> (Phase, &'static [Action]) {
    use Action::{
        AbandonJobs, AfterPause, ArmGrace, ArmPatience, BeforePause, CancelJobs, Hurry, KillJobs,
        Leave, Shutdown, StartFetching, StopFetching,
    };
    use LifeEvent::{
        Drained, GraceOver, Idle, Kill, PatienceOver, Pause, Quit, Ready, Resume, StopNow,
    };
    use Phase::{
        Abandoning, Cancelling, Finishing, Paused, Starting, StartingPaused, Stopped, Stopping,
        Working,
    };
    match (phase, event) {
        (Starting, Ready) => (Working, &[StartFetching]),
        (Starting, Pause) => (StartingPaused, &[BeforePause]),
        (StartingPaused, Ready) => (Paused, &[]),
        (StartingPaused, Resume) => (Starting, &[AfterPause]),
        (Starting | StartingPaused, Quit | StopNow) => (Stopped, &[Shutdown, Leave, Hurry]),

        (Working, Pause) => (Paused, &[BeforePause, StopFetching]),
        (Paused, Resume) => (Working, &[StartFetching, AfterPause]),

        (Working | Paused, Quit) => (Finishing, &[Shutdown, StopFetching]),
        (Working | Paused, Idle) => (Finishing, &[StopFetching]),
        (Working | Paused, StopNow) => (Stopping, &[Shutdown, StopFetching, ArmPatience]),

        (Working, Kill) => (Working, &[KillJobs]),
        (Paused, Kill) => (Paused, &[KillJobs]),
        (Finishing, Kill) => (Finishing, &[KillJobs]),
        (Stopping, Kill) => (Stopping, &[KillJobs]),

        (Finishing, StopNow) => (Stopping, &[ArmPatience]),
        (Stopping, PatienceOver) => (Cancelling, &[CancelJobs, ArmGrace]),
        (Stopping, StopNow) => (Abandoning, &[CancelJobs, AbandonJobs]),
        (Cancelling, GraceOver | StopNow) => (Abandoning, &[AbandonJobs]),

        (Finishing | Stopping | Cancelling, Drained) => (Stopped, &[Leave]),
        (Abandoning, Drained) => (Stopped, &[Leave, Hurry]),
        (Stopped, PatienceOver) => (Stopped, &[ArmGrace]),
        (Stopped, GraceOver | StopNow) => (Stopped, &[Hurry]),

        (unmoved, _) => (unmoved, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action::*, LifeEvent::*, Phase::*, *};

    const PHASES: [Phase; 9] = [
        Starting,
        StartingPaused,
        Working,
        Paused,
        Finishing,
        Stopping,
        Cancelling,
        Abandoning,
        Stopped,
    ];
    const EVENTS: [LifeEvent; 10] = [
        Ready,
        Quit,
        StopNow,
        Pause,
        Resume,
        Kill,
        Idle,
        PatienceOver,
        GraceOver,
        Drained,
    ];

    /// One test a row, and the list of rows for the test that nothing else moves.
    macro_rules! rows {
        ($($name:ident: $phase:ident, $event:ident => $next:ident, [$($action:ident),*];)*) => {
            $(
                #[test]
                fn $name() {
                    assert_eq!(step($phase, $event), ($next, &[$($action),*][..]));
                }
            )*

            const ROWS: &[(Phase, LifeEvent)] = &[$(($phase, $event)),*];
        };
    }

    rows! {
        a_registered_worker_takes_jobs: Starting, Ready => Working, [StartFetching];
        a_pause_before_the_start_is_kept: Starting, Pause => StartingPaused, [BeforePause];
        a_worker_may_start_paused: StartingPaused, Ready => Paused, [];
        a_pause_may_end_before_the_start: StartingPaused, Resume => Starting, [AfterPause];
        quit_ends_a_start: Starting, Quit => Stopped, [Shutdown, Leave, Hurry];
        stop_ends_a_start: Starting, StopNow => Stopped, [Shutdown, Leave, Hurry];
        quit_ends_a_paused_start: StartingPaused, Quit => Stopped, [Shutdown, Leave, Hurry];
        stop_ends_a_paused_start: StartingPaused, StopNow => Stopped, [Shutdown, Leave, Hurry];
        pause_stops_fetching: Working, Pause => Paused, [BeforePause, StopFetching];
        resume_starts_fetching: Paused, Resume => Working, [StartFetching, AfterPause];
        quit_finishes: Working, Quit => Finishing, [Shutdown, StopFetching];
        quit_finishes_a_paused_worker: Paused, Quit => Finishing, [Shutdown, StopFetching];
        an_idle_worker_leaves: Working, Idle => Finishing, [StopFetching];
        a_paused_worker_counts_as_idle: Paused, Idle => Finishing, [StopFetching];
        stop_lets_jobs_be_for_a_while: Working, StopNow => Stopping, [Shutdown, StopFetching, ArmPatience];
        stop_while_paused: Paused, StopNow => Stopping, [Shutdown, StopFetching, ArmPatience];
        usr1_ends_the_running_jobs: Working, Kill => Working, [KillJobs];
        usr1_ends_jobs_that_run_in_a_pause: Paused, Kill => Paused, [KillJobs];
        usr1_ends_what_quit_waits_for: Finishing, Kill => Finishing, [KillJobs];
        usr1_ends_jobs_that_are_let_be: Stopping, Kill => Stopping, [KillJobs];
        stop_overrides_quit: Finishing, StopNow => Stopping, [ArmPatience];
        impatience_cancels: Stopping, PatienceOver => Cancelling, [CancelJobs, ArmGrace];
        a_second_stop_abandons: Stopping, StopNow => Abandoning, [CancelJobs, AbandonJobs];
        a_second_stop_ends_the_grace: Cancelling, StopNow => Abandoning, [AbandonJobs];
        the_grace_ends: Cancelling, GraceOver => Abandoning, [AbandonJobs];
        finished_and_gone: Finishing, Drained => Stopped, [Leave];
        jobs_may_end_before_they_are_cancelled: Stopping, Drained => Stopped, [Leave];
        jobs_may_end_by_cancelling: Cancelling, Drained => Stopped, [Leave];
        abandoned_and_gone: Abandoning, Drained => Stopped, [Leave, Hurry];
        the_time_to_stop_goes_on_while_leaving: Stopped, PatienceOver => Stopped, [ArmGrace];
        the_time_to_leave_ends_with_the_grace: Stopped, GraceOver => Stopped, [Hurry];
        a_late_stop_hurries: Stopped, StopNow => Stopped, [Hurry];
    }

    #[test]
    fn nothing_else_moves_anything() {
        for phase in PHASES {
            for event in EVENTS {
                if !ROWS.contains(&(phase, event)) {
                    assert_eq!(step(phase, event), (phase, &[][..]), "{phase:?} {event:?}");
                }
            }
        }
    }

    #[test]
    fn every_phase_can_be_left_by_stopping_twice_and_waiting() {
        for start in PHASES {
            let phase = [StopNow, StopNow, Drained]
                .into_iter()
                .fold(start, |phase, event| step(phase, event).0);
            assert_eq!(phase, Stopped, "from {start:?}");
        }
    }

    #[test]
    fn only_a_working_worker_takes_jobs() {
        for phase in PHASES {
            assert_eq!(phase.takes_jobs(), phase == Working);
        }
    }
}
