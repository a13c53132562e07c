//! Several tasks at the same time, each over a connection of its own.

use std::sync::Arc;

use tokio::sync::Barrier;

use crate::store::Store;
use crate::{Verdict, World};

/// Opens as many connections as there are runners, lets all runners go at once, and answers what
/// each came home with.
pub(crate) async fn race<F, W, T>(world: &World, runners: usize, run: F) -> Verdict<Vec<T>>
where
    F: Fn(usize, Store) -> W + Send + Sync,
    W: Future<Output = Verdict<T>> + Send + 'static,
    T: Send + 'static,
{
    let start = Arc::new(Barrier::new(runners));
    let mut tasks = Vec::with_capacity(runners);
    for runner in 0..runners {
        let (run, start) = (run(runner, world.twin().await?), start.clone());
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            run.await
        }));
    }
    let mut home = Vec::with_capacity(runners);
    for task in tasks {
        home.push(task.await??);
    }
    Ok(home)
}
