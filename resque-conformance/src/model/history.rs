//! What can happen to a store, and random lists of it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

/// The workers of a history.
pub(super) const WORKERS: usize = 3;

/// The queues of a history.
pub(super) const QUEUES: [&str; 3] = ["a", "a:b", "b"];

/// The queue lists of a history.
pub(super) const LISTS: [&str; 5] = ["a", "b,a", "*", "a:b,*", "*,!b"];

/// Which operations may happen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope {
    /// Jobs that wait for their time.
    pub(crate) delayed: bool,
    /// Stopping and pausing.
    pub(crate) control: bool,
    /// Lost replies, crashes and janitors.
    pub(crate) deaths: bool,
    /// Jobs that are lent.
    pub(crate) loans: bool,
}

/// How a reservation ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Done,
    Failed,
    Release,
    Discard,
    RetryAfter(u64),
    DeferFor(u64),
}

/// What becomes of an edited job.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Remove,
    Front,
    To(usize),
}

/// One thing that happens. Numbers name queues, lists and workers; a number that is too large for
/// the present list of records or jobs means nothing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// Pushes so many jobs.
    Push(usize, u64),
    /// Pushes a job that is due so many seconds later.
    PushDue(usize, u64),
    /// A worker settles what it believes to hold, if it says how, and asks for a job, if it names a
    /// list; the reply may be lost.
    Exchange {
        worker: usize,
        end: Option<End>,
        list: Option<usize>,
        lost: bool,
    },
    /// All workers ask at once.
    AllAsk(usize),
    /// A plain pop of so many jobs.
    Pop(usize, usize),
    /// The record at this place is put back and stays or goes.
    Retry { place: usize, keep: bool },
    /// The record at this place is removed.
    Forget(usize),
    /// The job at this place of a queue is moved.
    Edit {
        queue: usize,
        place: usize,
        to: Move,
    },
    /// A queue is deleted.
    Delete(usize),
    /// Time passes.
    Pass(u64),
    /// A worker beats.
    Beat(usize),
    /// A worker forgets what it believed to hold.
    Crash(usize),
    /// A janitor looks who is silent for half a minute.
    Diagnose,
    /// It recovers whom it has found, however long ago, and releases their jobs or records them.
    Recover { release: bool },
    /// At most so many due jobs are moved.
    Promote(usize),
    /// A queue is stopped or started.
    Stop(usize, bool),
    /// Everything is paused or not.
    Pause(bool),
    /// Somebody borrows so many jobs for so many seconds; the reply may be lost.
    Lend {
        list: usize,
        count: usize,
        seconds: u64,
        lost: bool,
    },
    /// The loan whose receipt stands at this place ends; the reply may be lost.
    EndLoan { place: usize, end: End, lost: bool },
    /// The loan whose receipt stands at this place is to last so many seconds from now.
    ExtendLoan(usize, u64),
    /// At most so many loans that are over are put back.
    PutBack(usize),
}

/// Random histories.
pub(super) fn strategy(scope: Scope) -> impl Strategy<Value = Vec<Op>> {
    vec(op(scope), 1..50)
}

fn op(scope: Scope) -> impl Strategy<Value = Op> {
    let queue = 0..QUEUES.len();
    let (worker, list) = (0..WORKERS, 0..LISTS.len());
    let (loans, place) = (u32::from(scope.loans), 0..8_usize);
    let (deaths, delayed, control) = (
        u32::from(scope.deaths),
        u32::from(scope.delayed),
        u32::from(scope.control),
    );
    let lost = if scope.deaths {
        prop::bool::weighted(0.2).boxed()
    } else {
        Just(false).boxed()
    };
    let lend = (list.clone(), 1..4_usize, 1..40_u64, lost.clone());
    let lend = lend.prop_map(|(list, count, seconds, lost)| Op::Lend {
        list,
        count,
        seconds,
        lost,
    });
    let end_loan = (place.clone(), end(scope), lost.clone());
    let end_loan = end_loan.prop_map(|(place, end, lost)| Op::EndLoan { place, end, lost });
    let exchange = (
        worker.clone(),
        option(end(scope)),
        option(list.clone()),
        lost,
    )
        .prop_map(|(worker, end, list, lost)| Op::Exchange {
            worker,
            end,
            list,
            lost,
        });
    let to = prop_oneof![
        Just(Move::Remove),
        Just(Move::Front),
        queue.clone().prop_map(Move::To),
    ];
    let edit = (queue.clone(), 0..4_usize, to).prop_map(|(queue, place, to)| Op::Edit {
        queue,
        place,
        to,
    });
    any_of([
        (
            6,
            (queue.clone(), 1..4_u64)
                .prop_map(|(queue, count)| Op::Push(queue, count))
                .boxed(),
        ),
        (10, exchange.boxed()),
        (2, list.clone().prop_map(Op::AllAsk).boxed()),
        (
            1,
            (list, 0..3_usize)
                .prop_map(|(list, count)| Op::Pop(list, count))
                .boxed(),
        ),
        (
            2,
            (0..4_usize, any::<bool>())
                .prop_map(|(place, keep)| Op::Retry { place, keep })
                .boxed(),
        ),
        (1, (0..4_usize).prop_map(Op::Forget).boxed()),
        (2, edit.boxed()),
        (1, queue.clone().prop_map(Op::Delete).boxed()),
        (2, (1..40_u64).prop_map(Op::Pass).boxed()),
        (2, worker.clone().prop_map(Op::Beat).boxed()),
        (2 * deaths, worker.prop_map(Op::Crash).boxed()),
        (3 * deaths, Just(Op::Diagnose).boxed()),
        (
            3 * deaths,
            any::<bool>()
                .prop_map(|release| Op::Recover { release })
                .boxed(),
        ),
        (
            3 * delayed,
            (queue.clone(), 0..30_u64)
                .prop_map(|(queue, after)| Op::PushDue(queue, after))
                .boxed(),
        ),
        (3 * delayed, (1..4_usize).prop_map(Op::Promote).boxed()),
        (
            2 * control,
            (queue, any::<bool>())
                .prop_map(|(queue, on)| Op::Stop(queue, on))
                .boxed(),
        ),
        (control, any::<bool>().prop_map(Op::Pause).boxed()),
        (6 * loans, lend.boxed()),
        (6 * loans, end_loan.boxed()),
        (
            2 * loans,
            (place, 1..40_u64)
                .prop_map(|(place, seconds)| Op::ExtendLoan(place, seconds))
                .boxed(),
        ),
        (2 * loans, (1..4_usize).prop_map(Op::PutBack).boxed()),
    ])
}

fn end(scope: Scope) -> impl Strategy<Value = End> {
    let delayed = u32::from(scope.delayed);
    any_of([
        (4, Just(End::Done).boxed()),
        (2, Just(End::Failed).boxed()),
        (2, Just(End::Release).boxed()),
        (1, Just(End::Discard).boxed()),
        (delayed, (0..30_u64).prop_map(End::RetryAfter).boxed()),
        (delayed, (0..30_u64).prop_map(End::DeferFor).boxed()),
    ])
}

/// One of several, by weight; what weighs nothing does not happen.
fn any_of<T>(options: impl IntoIterator<Item = (u32, BoxedStrategy<T>)>) -> impl Strategy<Value = T>
where
    T: std::fmt::Debug,
{
    let options = options.into_iter().filter(|(weight, _)| *weight > 0);
    Union::new_weighted(options.collect())
}

/// Mostly something.
fn option<S>(inner: S) -> impl Strategy<Value = Option<S::Value>>
where
    S: Strategy,
    S::Value: Clone,
{
    proptest::option::weighted(0.8, inner)
}
