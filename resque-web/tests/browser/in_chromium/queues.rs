//! What a click on the pages of queues does to the store.

use resque_core::Page;

use crate::harness::{LOOKS, Look, STORES, Site, Store, Tab, browse, wait};

fn job(n: u32) -> String {
    format!(r#"{{"class":"Archive","args":[{n}]}}"#)
}

/// What waits in the queue, the next job first.
fn waiting(site: &Site) -> Vec<String> {
    let jobs = wait(site.client.peek("low", Page::ALL)).unwrap();
    let text = |job: &resque_core::QueuedJob| job.payload().to_text_lossy().into_owned();
    jobs.iter().map(text).collect()
}

fn is_stopped(site: &Site) -> bool {
    wait(site.client.is_stopped("low")).unwrap()
}

/// All that can be done to a queue and to the jobs in it.
fn a_queue_obeys(tab: &Tab, site: &Site) {
    for n in 0..4 {
        wait(site.client.push("low", job(n))).unwrap();
    }
    tab.open(&site.at("/queue?name=low"));
    tab.press("main", "Stop");
    assert!(tab.text("h1").contains("stopped") && is_stopped(site));
    tab.press("main", "Start");
    assert!(!tab.text("h1").contains("stopped") && !is_stopped(site));

    tab.press("tbody tr:nth-child(3)", "To front");
    assert_eq!(waiting(site), [job(2), job(0), job(1), job(3)]);
    assert!(tab.text("tbody tr:first-child").contains('2'));
    tab.press("tbody tr:nth-child(2)", "Remove");
    assert_eq!(waiting(site), [job(2), job(1), job(3)]);
    assert_eq!(tab.count("tbody tr"), 3);

    tab.press("main", "Remove…");
    assert_eq!(
        waiting(site).len(),
        3,
        "nothing goes without a second click"
    );
    tab.press("details[open]", "Remove this queue");
    assert!(wait(site.client.queues()).unwrap().is_empty());
    assert_eq!(tab.address(), site.at("/queues"));
    assert!(tab.text(".note").contains("low is removed"));
}

#[test]
fn a_queue_obeys_on_every_store() {
    browse(|tab| {
        Look::Light.put_on(tab);
        for store in STORES {
            a_queue_obeys(tab, &Site::on(store));
        }
    });
}

#[test]
fn a_queue_obeys_in_the_dark_on_a_phone_and_without_scripts() {
    browse(|tab| {
        for look in LOOKS {
            look.put_on(tab);
            a_queue_obeys(tab, &Site::on(Store::Memory));
        }
    });
}

#[test]
fn all_workers_are_paused_and_go_on() {
    browse(|tab| {
        for store in STORES {
            let site = Site::on(store);
            let is_paused = || wait(site.client.is_paused()).unwrap();
            tab.open(&site.at("/overview"));
            tab.press("main", "Pause all workers");
            assert!(is_paused() && tab.text(".warning").contains("paused"));
            tab.press("main", "Resume all workers");
            assert!(!is_paused() && tab.count(".warning") == 0);
        }
    });
}

#[test]
fn a_job_that_has_gone_in_the_meantime_is_told_and_no_other_goes() {
    browse(|tab| {
        tab.expect("409");
        let site = Site::on(Store::Memory);
        wait(site.client.push("low", job(0))).unwrap();
        // Nothing would be pressed if the page noticed first.
        Look::Plain.put_on(tab);
        tab.open(&site.at("/queue?name=low"));
        wait(site.client.pop("low")).unwrap();
        wait(site.client.push("low", job(1))).unwrap();
        tab.press("tbody tr", "Remove");
        assert_eq!(waiting(&site), [job(1)]);
        assert!(!tab.text("main").is_empty() && tab.count("h1") == 1);
    });
}
