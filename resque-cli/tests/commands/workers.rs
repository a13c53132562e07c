//! workers.

use std::time::{Duration, SystemTime};

use resque::{QueueList, WorkerId};

use crate::support::{Place, assert_has};

on_each_store! { workers_are_listed_shown_pruned_and_removed }

fn workers_are_listed_shown_pruned_and_removed(place: &Place) {
    assert_has(&place.told(&["workers"]), &["0 workers, 0 working"]);
    let id = |slot| WorkerId::compose("host", "abcde", 7, slot, "files").unwrap();
    let (dead, alive, idle) = (id(0), id(1), id(2));
    place.with(async |client, backend| {
        for number in 0..2 {
            client.create_job("files", "Archive", (number,)).await?;
        }
        let now = client.store_time().await?;
        let long_ago = now - Duration::from_secs(90);
        let files = QueueList::all();
        let reserve = async |id: &WorkerId, at: SystemTime| {
            backend
                .workers()
                .register(std::slice::from_ref(id), at)
                .await?;
            let want = std::slice::from_ref(id);
            backend.queues().exchange(&[], want, &files, at).await
        };
        reserve(&dead, long_ago).await?;
        reserve(&alive, now).await?;
        reserve(&idle, now).await
    });
    let listing = place.json(&["workers"]);
    let workers = listing["workers"].as_array().unwrap();
    assert_eq!(
        (workers[0]["state"].as_str(), workers[1]["state"].as_str()),
        (Some("silent"), Some("working"))
    );
    assert_eq!(workers[1]["job"]["class"], "Archive");
    assert_eq!(workers[1]["job"]["queue"], "files");
    assert_has(
        &place.told(&["workers"]),
        &["Archive [1]", "3 workers, 2 working"],
    );
    assert_has(
        &place.told(&["workers", "show", dead.as_str()]),
        &["silent", "Archive [0]", "files"],
    );
    assert_has(
        &place.run(&["workers", "show", "h:1:q"]).bad(1),
        &["no worker h:1:q"],
    );

    place.run(&["workers", "prune", "--after", "1m"]).bad(2);
    let later = place.json(&["workers", "prune"]);
    assert_eq!(later["workers"].as_array().unwrap().len(), 0);
    let pruned = place.json(&["workers", "prune", "--after", "1m", "--yes"]);
    assert_eq!(pruned["workers"], serde_json::json!([dead.as_str()]));
    assert_eq!(pruned["recovered"], 1);
    // One that is not there keeps none of the others.
    let some = [
        "workers",
        "remove",
        "h:1:q",
        alive.as_str(),
        idle.as_str(),
        "-y",
    ];
    let removed = place.run(&some);
    assert_eq!(removed.out, "2 workers removed\n");
    assert_has(&removed.bad(1), &["there is no worker h:1:q"]);
    assert_eq!(
        place.json(&["workers"])["workers"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let failed = place.json(&["failed"]);
    assert_eq!(failed["count"], 2);
    assert_eq!(
        failed["failures"][1]["exception"],
        "Resque::PruneDeadWorkerDirtyExit"
    );
    assert_has(
        &place
            .run(&["workers", "remove", alive.as_str(), "-y"])
            .bad(1),
        &["no worker"],
    );
}
