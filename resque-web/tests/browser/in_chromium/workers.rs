//! What a click on the page of a worker does to the store.

use std::slice::from_ref;

use resque_core::{QueueList, WorkerId};

use crate::harness::{
    HOST_WORKER, LOOKS, Look, STORES, Site, Store, Tab, browse, minutes_ago, wait,
};

/// Lets a worker take a job.
fn works(site: &Site) -> WorkerId {
    let worker = WorkerId::new(HOST_WORKER).unwrap();
    let backend = site.client.backend().unwrap();
    wait(site.client.create_job("low", "Archive", [1])).unwrap();
    wait(async {
        let (one, all, now) = (from_ref(&worker), QueueList::all(), minutes_ago(0));
        backend.workers().register(one, now).await.unwrap();
        backend.workers().heartbeat(one, now).await.unwrap();
        let given = backend.queues().exchange(&[], one, &all, now);
        assert_eq!(given.await.unwrap().reserved.len(), 1);
    });
    worker
}

/// Whether the job that the worker holds is to end.
fn is_cancelled(site: &Site, worker: &WorkerId) -> bool {
    let status = wait(site.client.worker(worker.as_str())).unwrap();
    let held = status.and_then(|status| status.holds).unwrap();
    let cancel = site.client.backend().unwrap().queues().cancel().unwrap();
    wait(cancel.marked(&[held.receipt])).unwrap() == [true]
}

fn a_worker_obeys(tab: &Tab, site: &Site) {
    let worker = works(site);
    tab.open(&site.at("/working"));
    tab.click("tbody th a");
    assert!(tab.text("h1").contains("web1"));
    tab.press("main", "Cancel the job…");
    assert!(
        !is_cancelled(site, &worker),
        "nothing ends without a second click"
    );
    tab.press("details[open]", "Ask it to end");
    assert!(tab.text(".note").contains("asked to end"));
    assert!(is_cancelled(site, &worker));
}

#[test]
fn a_worker_obeys_on_every_store() {
    browse(|tab| {
        Look::Light.put_on(tab);
        for store in STORES {
            a_worker_obeys(tab, &Site::on(store));
        }
    });
}

#[test]
fn a_worker_obeys_in_the_dark_on_a_phone_and_without_scripts() {
    browse(|tab| {
        for look in LOOKS {
            look.put_on(tab);
            a_worker_obeys(tab, &Site::on(Store::Memory));
        }
    });
}

#[test]
fn a_dead_worker_is_removed_and_its_job_is_a_failure() {
    browse(|tab| {
        for store in STORES {
            let site = Site::on(store);
            let worker = works(&site);
            let backend = site.client.backend().unwrap();
            let long_ago = minutes_ago(600);
            wait(backend.workers().heartbeat(from_ref(&worker), long_ago)).unwrap();
            tab.open(&site.at("/workers"));
            tab.click("tbody a");
            tab.press("main", "Remove…");
            tab.press("details[open]", "Remove this worker");
            assert!(tab.text(".note").contains("removed"), "{store:?}");
            assert!(wait(site.client.workers()).unwrap().is_empty());
            let failures = site.client.failures().unwrap();
            assert_eq!(wait(failures.count()).unwrap(), 1);
        }
    });
}
