//! A fleet of real processes on a real server: what dies, what is tried again, what recurs, what may
//! not happen at once, what probes and metrics tell, and how it is stopped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use crate::world::World;

#[test]
fn a_crash_costs_one_process_and_one_job() {
    let world = World::open("crash");
    let work = world.work();
    world.enqueue("Thumbnail", "images", &["cat.png.broken"]);
    world.enqueue("Thumbnail", "images", &["cat.png"]);
    world.wait_for_books(|books| books.contains("small cat.png\n"));
    let failed = world.wait_for_answer(&["failed", "list"], "Resque::DirtyExit");
    assert!(failed.contains("SIGABRT"), "{failed}");
    world.wait_for_metric("resque_children_died_total", &[]);
    world.wait_for_metric("resque_jobs_ended_total", &["Thumbnail", "failed"]);
    world.wait_for_ready();
    world.quit(work);
}

#[test]
fn a_bank_that_is_away_is_asked_again_and_an_order_is_charged_once() {
    let world = World::open("bank");
    let work = world.work();
    world.enqueue("Charge", "payments", &["7"]);
    assert!(!world.try_to_enqueue("Charge", "payments", &["7"]), "twice");
    world.wait_for_metric("resque_jobs_ended_total", &["Charge", "retried"]);
    world.open_bank();
    world.wait_for_books(|books| books.contains("charged 7\n"));
    world.quit(work);
    assert_eq!(world.books(), "charged 7\n");
}

#[test]
fn an_account_is_synchronised_by_one_at_a_time_in_all_processes() {
    let world = World::open("accounts");
    for _ in 0..6 {
        world.enqueue("Sync", "accounts", &["anna", "0.1"]);
    }
    let work = world.work();
    world.wait_for_books(|books| books.matches("end anna").count() == 6);
    world.quit(work);
    assert_eq!(world.books(), "begin anna\nend anna\n".repeat(6));
}

#[test]
fn a_digest_recurs() {
    let world = World::open("digest");
    let work = world.work();
    world.wait_for_metric("resque_schedules_fired_total", &[]);
    world.wait_for_metric("resque_jobs_ended_total", &["Digest", "done"]);
    world.quit(work);
}

#[test]
fn a_stop_gives_back_what_does_not_end() {
    let world = World::open("stop");
    let mut work = world.work();
    world.enqueue("Sync", "accounts", &["berta", "600"]);
    world.wait_for_books(|books| books.contains("begin berta\n"));
    work.signal("TERM").unwrap();
    assert!(work.end(world::PATIENCE).unwrap());
    world.wait_for_answer(&["peek", "accounts"], "berta");
    let workers = world.answer(&["workers"]);
    assert!(workers.contains(r#""workers":[]"#), "{workers}");
}
