//! Small pushes that come together.

use futures::future::join_all;
use resque_core::{Enqueue, Error, Pushed, Result};
use resque_redis::FailureLayout;

use crate::support::{World, calls_of, name};

fn job(number: usize) -> String {
    format!(r#"{{"class":"Mail","args":[{number}]}}"#)
}

#[tokio::test]
async fn pushes_of_many_callers_share_their_round_trips_and_each_is_answered() {
    let server = resque_testserver::Redis::new().start().unwrap();
    let world = World::on(&server.url(), FailureLayout::Single).await;
    world.push("mail", job(0)).await;
    let calls = calls_of(&world, "evalsha").await;

    let push = async |number: usize| {
        let queue = ["mail", "sms"][number % 2];
        let two = [job(number), job(number + 1000)];
        let batch = two.map(|job| Enqueue::new(name(queue), job));
        world.backend.queues().push(&batch).await.unwrap()
    };
    let answers = join_all((0..64).map(push)).await;

    // The first one goes alone; the others wait for it and go together, a script for each queue.
    assert_eq!(calls_of(&world, "evalsha").await - calls, 3);
    for queue in ["mail", "sms"] {
        let own = |(number, _): &(usize, _)| ["mail", "sms"][number % 2] == queue;
        let own: Vec<_> = answers.iter().enumerate().filter(own).collect();
        let jobs = world.raw.list(&format!("queue:{queue}")).await;
        let before = jobs.len() - 2 * own.len();
        for (place, (number, pushed)) in own.into_iter().enumerate() {
            let at = before + 2 * place;
            assert_eq!(jobs[at..at + 2], [job(number), job(number + 1000)]);
            let length = |at| Pushed::Queued { length: at as u64 };
            assert_eq!(**pushed, [length(at + 1), length(at + 2)]);
        }
    }
}

#[tokio::test]
async fn a_spoilt_queue_fails_its_own_pushes_and_no_others() {
    let world = World::new().await;
    world.raw.spoil("queue:bad").await;
    let push = async |number: usize| -> Result<Vec<Pushed>> {
        let queue = ["good", "bad"][number % 2];
        let job = Enqueue::new(name(queue), job(number));
        world.backend.queues().push(&[job]).await
    };
    let answers = join_all((0..10).map(push)).await;
    for (number, answer) in answers.iter().enumerate() {
        match answer {
            Ok(_) => assert_eq!(number % 2, 0),
            Err(Error::Corrupt { place, .. }) => {
                assert!(number % 2 == 1 && place.contains(":queue:bad"), "{place}");
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(world.raw.list("queue:good").await.len(), 5);
    assert!(
        !world
            .raw
            .members("queues")
            .await
            .contains(&"bad".to_owned())
    );
}
