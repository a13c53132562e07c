//! Many delayed jobs changed with one call.

use std::time::Duration;

use resque_core::{DelayedEdit, DelayedId, DelayedTo, Enqueue, Error, Page, QueueName};

use crate::support::World;

#[tokio::test]
async fn each_edit_of_a_batch_is_answered_and_jobs_keep_the_order_in_which_they_are_named() {
    let world = World::new().await;
    let queues = world.backend.queues();
    let queue = QueueName::new("q").unwrap();
    let due = world.now + Duration::from_secs(3_600);
    let job = |name: &str| Enqueue::at(queue.clone(), name.as_bytes().to_vec(), due);
    queues.push(&["a", "b", "c", "d"].map(job)).await.unwrap();
    let delayed = queues.delayed().unwrap();
    let jobs = delayed.list(None, 9).await.unwrap().jobs;
    let id = |place: usize| jobs[place].id.clone();
    let edit = |id: DelayedId, to| DelayedEdit { id, to };
    let batch = [
        edit(id(2), DelayedTo::Queue),
        edit(id(0), DelayedTo::Queue),
        edit(id(2), DelayedTo::Queue),
        edit(id(1), DelayedTo::Nowhere),
        edit(id(1), DelayedTo::Nowhere),
        edit(DelayedId::new("nonsense"), DelayedTo::Nowhere),
        edit(id(3), DelayedTo::At(due + Duration::from_secs(1))),
        edit(id(3), DelayedTo::At(due + Duration::from_secs(1))),
        edit(id(0), DelayedTo::At(due)),
    ];
    let answers = delayed.edit(&batch).await.unwrap();
    let done: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    let expected = [true, true, false, true, false, false, true, true, false];
    assert_eq!(done, expected);
    let conflict = |answer: &_| matches!(answer, Ok(()) | Err(Error::Conflict { .. }));
    assert!(answers.iter().all(conflict), "{answers:?}");
    let waiting = queues.peek(&queue, Page::ALL).await.unwrap();
    assert_eq!(waiting, ["c".into(), "a".into()]);
    let left = delayed.list(None, 9).await.unwrap().jobs;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].due, due + Duration::from_secs(1));
    assert_eq!(delayed.edit(&[]).await.unwrap().len(), 0);
}
