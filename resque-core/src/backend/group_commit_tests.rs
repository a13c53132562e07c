use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, poll};
use tokio::sync::{Mutex, Semaphore};

use super::*;

/// Writes down its groups, each once the test lets it.
#[derive(Clone)]
struct Log {
    groups: Arc<Mutex<Vec<Vec<usize>>>>,
    gate: Arc<Semaphore>,
}

impl Commit for Log {
    type Call = usize;
    type Answer = usize;

    fn weight(call: &usize) -> usize {
        *call
    }

    async fn commit(&self, calls: Vec<usize>) -> Vec<usize> {
        self.gate.acquire().await.unwrap().forget();
        self.groups.lock().await.push(calls.clone());
        calls.into_iter().map(|call| call + 100).collect()
    }
}

fn log(limit: usize) -> (Log, GroupCommit<Log>) {
    let log = Log {
        groups: Arc::default(),
        gate: Arc::new(Semaphore::new(0)),
    };
    (log.clone(), GroupCommit::new(log, limit))
}

/// Calls of which none is through.
async fn begun<'a>(
    commit: &'a GroupCommit<Log>,
    calls: &[usize],
) -> Vec<BoxFuture<'a, Option<usize>>> {
    let mut begun = Vec::new();
    for call in calls {
        let mut call = commit.call(*call).boxed();
        assert!(poll!(&mut call).is_pending());
        begun.push(call);
    }
    begun
}

#[tokio::test]
async fn calls_that_come_meanwhile_go_together_and_each_gets_its_answer() {
    let (log, commit) = log(10);
    let calls = begun(&commit, &[1, 2, 3, 4]).await;
    log.gate.add_permits(2);
    let answers = join_all(calls).await;
    assert_eq!(answers, [Some(101), Some(102), Some(103), Some(104)]);
    assert_eq!(*log.groups.lock().await, [vec![1], vec![2, 3, 4]]);
    log.gate.add_permits(1);
    assert_eq!(commit.call(5).await, Some(105));
}

#[tokio::test]
async fn a_group_is_limited_but_a_large_call_goes_alone() {
    let (log, commit) = log(10);
    let calls = begun(&commit, &[1, 6, 4, 11, 2]).await;
    log.gate.add_permits(9);
    join_all(calls).await;
    let groups = [vec![1], vec![6, 4], vec![11], vec![2]];
    assert_eq!(*log.groups.lock().await, groups);
}

#[tokio::test]
async fn who_gives_up_takes_nobody_with_it() {
    let (log, commit) = log(10);
    let mut calls = begun(&commit, &[1, 2, 3]).await;
    let third = calls.pop().unwrap();
    drop(calls.pop());
    drop(calls);
    log.gate.add_permits(1);
    assert_eq!(third.await, Some(103));
    assert_eq!(*log.groups.lock().await, [vec![3]]);
}

/// As in a `select!` or a stream of calls whose body calls as well.
#[tokio::test]
async fn who_does_not_go_on_with_its_call_holds_up_nobody() {
    let (log, commit) = log(10);
    let first = begun(&commit, &[1]).await.remove(0);
    let second = begun(&commit, &[2]).await.remove(0);
    log.gate.add_permits(2);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(second.now_or_never(), Some(Some(102)));
    assert_eq!(first.await, Some(101));
}

#[test]
fn the_end_of_the_runtime_is_told() {
    let (log, commit) = log(10);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut calls = runtime.block_on(begun(&commit, &[1, 2]));
    let second = calls.pop().unwrap();
    drop(runtime);
    drop(calls);
    assert_eq!(second.now_or_never(), Some(None));
    drop(log);
}
