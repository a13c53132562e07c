//! A disk that is full.

use std::slice::from_ref;

use resque_core::{Error, Settlement};
use resque_testserver::Postgres;

use crate::little_room::LittleRoom;
use crate::support::{World, job};

/// How many bytes a job has, so that a disk is soon full.
const SIZE: usize = 100_000;

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let server = Postgres::new().on_this_machine().start().unwrap();
    let world = World::on(server.url()).await;
    let mut raw = world.raw().await;
    let room = LittleRoom::on(&mut raw, "resque.jobs", 15).await;
    // What does not get smaller.
    let payload = |number: usize| {
        let letters = (0..SIZE).map(|_| fastrand::alphanumeric());
        format!("{number} {}", letters.collect::<String>())
    };
    let mut pushed = Vec::new();
    let error = loop {
        let payload = payload(pushed.len());
        match world.backend.queues().push(&[job("q", &payload)]).await {
            Ok(_) => pushed.push(payload),
            Err(error) => break error,
        }
        assert!(pushed.len() < 100, "the disk has no end");
    };
    assert!(
        matches!(
            error,
            Error::Rejected {
                transient: true,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("53100"), "{error}");
    assert!(pushed.len() > 3, "{}", pushed.len());

    // All or nothing, and the others of the batch are not in.
    let small = [job("small", "a"), job("q", &payload(0)), job("small", "b")];
    world.backend.queues().push(&small).await.unwrap_err();
    assert!(world.waiting("small").await.is_empty());
    assert_eq!(world.waiting("q").await, pushed);
    // What is there can still be worked on.
    let slot = world.register(0).await;
    let taken = world.exchange(&[], from_ref(&slot), "q").await;
    assert_eq!(taken.reserved[0].payload.as_bytes(), pushed[0].as_bytes());
    let done = [Settlement::done(taken.reserved[0].receipt.clone())];
    world.exchange(&done, &[], "q").await;
    assert_eq!(world.waiting("q").await, pushed[1..]);

    room.ends(&mut raw).await;
    world.push("q", &["more"]).await;
    assert_eq!(world.waiting("q").await.len(), pushed.len());
}
