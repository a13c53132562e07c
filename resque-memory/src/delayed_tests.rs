use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resque_core::{
    Cursor, DelayedEdit, DelayedId, DelayedJobs, DelayedPage, DelayedTo, Error, Promotion,
    QueueBackend,
};

use crate::testing::{World, queue};

fn delayed(world: &World) -> &dyn DelayedJobs {
    world.memory.delayed().unwrap()
}

async fn promote(world: &World, at_most: usize) -> Promotion {
    let promotion = delayed(world)
        .promote("host:1", world.now(), at_most)
        .await
        .unwrap();
    assert!(!promotion.standby && promotion.troubles.is_empty());
    promotion
}

async fn page(world: &World, cursor: Option<&Cursor>, at_most: usize) -> DelayedPage {
    delayed(world).list(cursor, at_most).await.unwrap()
}

fn texts(page: &DelayedPage) -> Vec<String> {
    let text = |job: &resque_core::DelayedJob| job.payload.to_text_lossy().into_owned();
    page.jobs.iter().map(text).collect()
}

async fn edit(world: &World, id: &DelayedId, to: DelayedTo) -> resque_core::Result<()> {
    let edit = DelayedEdit { id: id.clone(), to };
    delayed(world).edit(&[edit]).await.unwrap().remove(0)
}

#[tokio::test]
async fn jobs_come_when_they_are_due_in_order_of_time_and_coming() {
    let world = World::new();
    for (payload, due) in [("c", 2), ("a", 1), ("d", 2), ("b", 1), ("e", 3)] {
        world.delay("q", payload, world.later(due)).await;
    }
    let nothing = promote(&world, 99).await;
    assert_eq!((nothing.moved, nothing.next_due), (0, Some(world.later(1))));
    assert!(world.waiting("q").await.is_empty());
    world.pass(2);
    let four = promote(&world, 99).await;
    assert_eq!((four.moved, four.next_due), (4, Some(world.later(1))));
    assert_eq!(world.waiting("q").await, ["a", "b", "c", "d"]);
    world.pass(1);
    let last = promote(&world, 99).await;
    assert_eq!((last.moved, last.next_due), (1, None));
}

#[tokio::test]
async fn not_a_nanosecond_early() {
    let world = World::new();
    let due = world.now() + Duration::from_nanos(1);
    world.delay("q", "a", due).await;
    assert_eq!(promote(&world, 99).await.moved, 0);
    world.clock.advance(Duration::from_nanos(1));
    assert_eq!(promote(&world, 99).await.moved, 1);
    let listing = world.memory.queues().await.unwrap();
    assert_eq!(listing.get("q").unwrap().oldest, Some(due));
}

#[tokio::test]
async fn a_promotion_moves_at_most_so_many() {
    let world = World::new();
    for payload in ["a", "b", "c"] {
        world.delay("q", payload, world.now()).await;
    }
    for (at_most, moved) in [(0, 0), (2, 2), (2, 1)] {
        let due = promote(&world, at_most).await;
        assert_eq!(due.moved, moved);
        assert_eq!(due.next_due.is_some(), moved != 1);
    }
    assert_eq!(world.waiting("q").await, ["a", "b", "c"]);
}

#[tokio::test]
async fn pages_run_through_all_and_survive_what_goes_between() {
    let world = World::new();
    for (payload, due) in [("e", 5), ("a", 1), ("b", 1), ("c", 1), ("d", 4)] {
        world.delay("q", payload, world.later(due)).await;
    }
    assert_eq!(delayed(&world).count().await.unwrap(), 5);
    let first = page(&world, None, 2).await;
    assert_eq!(texts(&first), ["a", "b"]);
    assert_eq!(
        (first.jobs[0].due, &first.jobs[0].queue),
        (world.later(1), &Some(queue("q")))
    );
    // The very job that the cursor names may be gone.
    edit(&world, &first.jobs[1].id, DelayedTo::Nowhere)
        .await
        .unwrap();
    let second = page(&world, first.next.as_ref(), 2).await;
    assert_eq!(texts(&second), ["c", "d"]);
    let third = page(&world, second.next.as_ref(), 2).await;
    assert_eq!((texts(&third), third.next), (vec!["e".to_owned()], None));
    assert_eq!(page(&world, None, 0).await, DelayedPage::default());
}

#[tokio::test]
async fn cursors_know_times_before_1970_and_far_away() {
    let world = World::new();
    let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
    let times: [SystemTime; 4] = [
        UNIX_EPOCH - Duration::new(2, 5),
        UNIX_EPOCH - Duration::from_nanos(1),
        UNIX_EPOCH,
        far,
    ];
    for due in times {
        world.delay("q", "x", due).await;
    }
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let page = page(&world, cursor.as_ref(), 1).await;
        seen.push(page.jobs[0].due);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, times);
}

#[tokio::test]
async fn a_cursor_of_someone_else_is_refused() {
    let world = World::new();
    let too_far = format!("{}:1", u128::MAX);
    for text in ["", "1", "x:1", "1:x", "--1:1", &too_far] {
        let answer = delayed(&world).list(Some(&Cursor::new(text)), 1).await;
        assert!(matches!(answer, Err(Error::Conflict { .. })), "{text}");
    }
}

#[tokio::test]
async fn a_waiting_job_can_be_cancelled_hastened_and_moved() {
    let world = World::new();
    for payload in ["gone", "soon", "moved"] {
        world.delay("q", payload, world.later(9)).await;
    }
    let ids: Vec<_> = page(&world, None, 9)
        .await
        .jobs
        .into_iter()
        .map(|job| job.id)
        .collect();
    edit(&world, &ids[0], DelayedTo::Nowhere).await.unwrap();
    edit(&world, &ids[1], DelayedTo::Queue).await.unwrap();
    edit(&world, &ids[2], DelayedTo::At(world.later(5)))
        .await
        .unwrap();
    assert_eq!(world.waiting("q").await, ["soon"]);
    let left = page(&world, None, 9).await;
    assert_eq!(
        (&left.jobs[0].id, left.jobs[0].due),
        (&ids[2], world.later(5))
    );
    assert_eq!(delayed(&world).count().await.unwrap(), 1);
}

#[tokio::test]
async fn whoever_comes_too_late_is_told() {
    let world = World::new();
    world.delay("q", "a", world.now()).await;
    let id = page(&world, None, 1).await.jobs.remove(0).id;
    promote(&world, 1).await;
    for id in [id, DelayedId::new("no id")] {
        for to in [
            DelayedTo::Nowhere,
            DelayedTo::Queue,
            DelayedTo::At(world.now()),
        ] {
            let answer = edit(&world, &id, to).await;
            assert!(
                matches!(answer, Err(Error::Conflict { .. })),
                "{id:?} {to:?}"
            );
        }
    }
    assert_eq!(world.waiting("q").await, ["a"]);
}

#[tokio::test]
async fn any_process_promotes_and_may_resign() {
    let world = World::new();
    world.delay("q", "a", world.now()).await;
    world.delay("q", "b", world.now()).await;
    for holder in ["host:1", "host:2"] {
        let moved = delayed(&world)
            .promote(holder, world.now(), 1)
            .await
            .unwrap()
            .moved;
        assert_eq!(moved, 1);
    }
    delayed(&world).resign("host:1").await.unwrap();
}
