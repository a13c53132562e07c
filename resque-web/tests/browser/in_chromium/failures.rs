//! What a click on the pages of failed jobs does to the store.

use resque_core::{FailureEntry, FailureRecord, Page, Payload};

use crate::harness::{LOOKS, Look, STORES, Site, Store, Tab, browse, minutes_ago, wait};

/// Records failures of a kind; their jobs came from the queue `low`.
fn fail(site: &Site, exception: &str, numbers: std::ops::Range<u64>) {
    for n in numbers {
        let job = Payload::new(format!(r#"{{"class":"Archive","args":[{n}]}}"#));
        let record = FailureRecord::new(minutes_ago(100 - n % 100), job, exception, "no luck");
        let record = record.on("web1:4711:low", "low");
        wait(site.client.failures().unwrap().record(record)).unwrap();
    }
}

/// The failures, the oldest first.
fn all(site: &Site) -> Vec<FailureEntry> {
    wait(site.client.failures().unwrap().all(0, 100_000)).unwrap()
}

/// How many are marked as retried.
fn retried(site: &Site) -> usize {
    let is_retried = |entry: &&FailureEntry| {
        let record = entry.content.record();
        record.is_some_and(|record| record.retried_at.is_some())
    };
    all(site).iter().filter(is_retried).count()
}

fn waiting(site: &Site, queue: &str) -> Vec<String> {
    let jobs = wait(site.client.peek(queue, Page::ALL)).unwrap();
    let text = |job: &resque_core::QueuedJob| job.payload().to_text_lossy().into_owned();
    jobs.iter().map(text).collect()
}

fn failures_obey(tab: &Tab, site: &Site) {
    fail(site, "Timeout", 0..5);
    tab.open(&site.at("/failed"));
    assert_eq!(tab.count("tbody tr"), 5);

    // One by its own button: the newest is the first.
    tab.press("tbody tr:first-child", "Retry");
    assert_eq!(waiting(site, "low"), [r#"{"class":"Archive","args":[4]}"#]);
    assert_eq!((all(site).len(), retried(site)), (5, 1));
    tab.press("tbody tr:first-child", "Remove");
    assert_eq!(all(site).len(), 4);

    // Two that are chosen.
    for row in [1, 2] {
        tab.click(&format!("tbody tr:nth-child({row}) input[name=id]"));
    }
    tab.press("#chosen", "Retry chosen");
    assert_eq!((waiting(site, "low").len(), retried(site)), (3, 2));
    for row in [1, 2] {
        tab.click(&format!("tbody tr:nth-child({row}) input[name=id]"));
    }
    tab.press("#chosen", "Remove chosen");
    assert_eq!((all(site).len(), retried(site)), (2, 0));

    // One on its own page, into another queue.
    tab.click("tbody tr:first-child a[href*=failure]");
    assert!(tab.text("h1").contains("Archive"));
    tab.press("main", "Retry elsewhere…");
    tab.write("details[open] input[name=queue]", "high");
    tab.press("details[open]", "Retry there");
    assert_eq!(waiting(site, "high"), [r#"{"class":"Archive","args":[1]}"#]);
    tab.open(&site.at("/failed"));
    tab.click("tbody tr:first-child a[href*=failure]");
    tab.press("main", "Remove");
    assert_eq!(all(site).len(), 1);

    tab.open(&site.at("/failed"));
    tab.press("main", "Clear…");
    assert_eq!(all(site).len(), 1, "nothing goes without a second click");
    tab.press("details[open]", "Remove all records");
    assert!(all(site).is_empty());
}

#[test]
fn failures_obey_on_every_store() {
    browse(|tab| {
        Look::Light.put_on(tab);
        for store in STORES {
            failures_obey(tab, &Site::on(store));
        }
    });
}

#[test]
fn failures_obey_in_the_dark_on_a_phone_and_without_scripts() {
    browse(|tab| {
        for look in LOOKS {
            look.put_on(tab);
            failures_obey(tab, &Site::on(Store::Memory));
        }
    });
}

#[test]
fn all_that_match_are_retried_or_removed() {
    browse(|tab| {
        for store in STORES {
            let site = Site::on(store);
            fail(&site, "Timeout", 0..60);
            fail(&site, "Refused", 0..40);
            tab.open(&site.at("/failed"));
            tab.write("input[name=exception]", "Refused");
            tab.press(".toolbar", "Show");
            tab.press("main", "Retry all that match…");
            tab.press("details[open]", "Retry them");
            assert!(tab.text(".note").contains("40 jobs"), "{store:?}");
            assert_eq!((waiting(&site, "low").len(), retried(&site)), (40, 40));

            tab.open(&site.at("/failed?exception=Timeout"));
            tab.press("main", "Remove all that match…");
            tab.press("details[open]", "Remove them");
            assert!(tab.text(".note").contains("60 records"), "{store:?}");
            assert_eq!((all(&site).len(), retried(&site)), (40, 40));

            tab.open(&site.at("/failed"));
            tab.press("main", "Clear…");
            tab.press("details[open]", "Remove the retried ones");
            assert!(all(&site).is_empty(), "{store:?}");
        }
    });
}

#[test]
fn a_long_change_shows_how_far_it_is_and_goes_on() {
    let job = Payload::new(r#"{"class":"Archive","args":[]}"#);
    browse(|tab| {
        for look in [Look::Light, Look::Plain] {
            look.put_on(tab);
            let site = Site::on(Store::Memory);
            let record = FailureRecord::new(minutes_ago(1), job.clone(), "Timeout", "no luck");
            let records = vec![record.on("web1:4711:low", "low"); 30_000];
            let backend = site.client.backend().unwrap();
            wait(backend.failures().record(&records)).unwrap();
            tab.open(&site.at("/failed?exception=Timeout"));
            tab.press("main", "Remove all that match…");
            tab.press("details[open]", "Remove them");
            if look == Look::Plain {
                assert_eq!(tab.count("progress"), 1);
                assert!(!all(&site).is_empty(), "the other part waits for a click");
                assert!(tab.flaws(look).is_empty(), "{:?}", tab.flaws(look));
                tab.picture("bulk-plain");
                let mut clicks = 0;
                while tab.count("form[data-auto]") > 0 && clicks < 50 {
                    tab.press("form[data-auto]", "Go on");
                    clicks += 1;
                }
            }
            tab.until("document.querySelector('.note')");
            assert!(all(&site).is_empty());
        }
    });
}

#[test]
fn one_box_chooses_all_on_the_page() {
    let site = Site::on(Store::Memory);
    fail(&site, "Timeout", 0..6);
    browse(|tab| {
        tab.open(&site.at("/failed"));
        tab.click("input[data-all]");
        assert_eq!(tab.count("tbody input[name=id]:checked"), 6);
        tab.press("#chosen", "Remove chosen");
        assert!(all(&site).is_empty());
    });
}
