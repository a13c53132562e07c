//! A disk that is full.

use std::slice::from_ref;

use resque_core::{Error, Settlement};
use resque_testserver::{Postgres, TinyDisk};

use crate::support::{World, job};

/// How many bytes a job has, so that a disk is soon full.
const SIZE: usize = 100_000;

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let server = Postgres::new().on_this_machine().start().unwrap();
    let world = World::on(server.url()).await;
    let mut raw = world.raw().await;
    // Two megabytes for the jobs; where nobody may mount a disk, the server says that it is full.
    let disk = TinyDisk::new(2);
    match &disk {
        Ok(disk) => {
            let place = disk.path().display();
            raw.run(&format!("create tablespace tiny location '{place}'"))
                .await;
            raw.run("alter table resque.jobs set tablespace tiny").await;
        }
        Err(error) => {
            eprintln!("simulated, because {error}");
            let full = "create function resque.full() returns trigger language plpgsql as $$
                begin
                    if (select count(*) from resque.jobs) >= 15 then
                        raise exception 'no space left' using errcode = 'disk_full';
                    end if;
                    return new;
                end $$;
                create trigger full_disk before insert on resque.jobs
                    for each row execute function resque.full()";
            raw.run(full).await;
        }
    }
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

    // Somebody makes room.
    match &disk {
        Ok(_) => {
            raw.run("alter table resque.jobs set tablespace pg_default")
                .await
        }
        Err(_) => raw.run("drop trigger full_disk on resque.jobs").await,
    }
    world.push("q", &["more"]).await;
    assert_eq!(world.waiting("q").await.len(), pushed.len());
}
