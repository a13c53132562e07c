//! What a click on the pages of delayed jobs and of schedules does to the store.

use std::time::{Duration, UNIX_EPOCH};

use resque_core::{DelayedJob, NewJob, Schedule};

use crate::harness::{LOOKS, Look, STORES, Site, Store, Tab, browse, wait};

/// The delayed jobs, the next one first.
fn delayed(site: &Site) -> Vec<DelayedJob> {
    wait(site.client.delayed().unwrap().page(None, 100))
        .unwrap()
        .jobs
}

fn size(site: &Site) -> u64 {
    wait(site.client.size("low")).unwrap()
}

fn delayed_jobs_obey(tab: &Tab, site: &Site) {
    for n in 1..=6_u64 {
        let job = NewJob::raw("Reminder", &[n]).to("low");
        let job = job.after(Duration::from_secs(3_600 * n));
        wait(site.client.submit(job)).unwrap();
    }
    tab.open(&site.at("/delayed"));
    assert_eq!(tab.count("tbody tr"), 6);
    tab.press("tbody tr:first-child", "Now");
    assert_eq!((delayed(site).len(), size(site)), (5, 1));
    tab.press("tbody tr:first-child", "Cancel");
    assert_eq!((delayed(site).len(), size(site)), (4, 1));

    tab.click("tbody tr:nth-child(1) input[name=id]");
    tab.write("input[name=to]", "2040-01-02 03:04");
    tab.press("#chosen", "Move chosen to");
    let last = delayed(site).pop().unwrap();
    assert_eq!(last.due, UNIX_EPOCH + Duration::from_secs(2_209_086_240));

    tab.click("tbody tr:nth-child(1) input[name=id]");
    tab.press("#chosen", "Enqueue chosen now");
    assert_eq!((delayed(site).len(), size(site)), (3, 2));
    tab.click("tbody tr:nth-child(1) input[name=id]");
    tab.press("#chosen", "Cancel chosen");
    assert_eq!((delayed(site).len(), size(site)), (2, 2));

    tab.press("main", "Cancel all…");
    assert_eq!(
        delayed(site).len(),
        2,
        "nothing goes without a second click"
    );
    tab.press("details[open]", "Cancel all delayed jobs");
    assert!(delayed(site).is_empty());
    assert_eq!(size(site), 2);
}

fn schedules_obey(tab: &Tab, site: &Site) {
    let schedules = site.client.schedules().unwrap();
    let nightly = Schedule::raw("nightly", "Archive", &(44, "all")).unwrap();
    let nightly = nightly.queue("low").unwrap().cron("0 3 * * *").unwrap();
    wait(schedules.set(&nightly)).unwrap();
    let is_enabled = || wait(schedules.get("nightly")).unwrap().unwrap().enabled;
    tab.open(&site.at("/schedules"));
    tab.press("tbody", "Switch off");
    assert!(!is_enabled() && tab.text("tbody th").contains("off"));
    tab.press("tbody", "Switch on");
    assert!(is_enabled());

    tab.press("tbody", "Enqueue…");
    tab.press("details[open]", "Enqueue now");
    let job = wait(site.client.pop("low")).unwrap().unwrap();
    assert!(job.payload().to_text_lossy().contains("[44,\"all\"]"));
    tab.press("tbody", "Enqueue…");
    tab.write("details[open] input[name=args]", "[45]");
    tab.press("details[open]", "Enqueue now");
    let job = wait(site.client.pop("low")).unwrap().unwrap();
    assert!(job.payload().to_text_lossy().contains("[45]"));

    tab.press("tbody", "Remove…");
    tab.press("details[open]", "Remove this schedule");
    assert!(wait(schedules.list()).unwrap().is_empty());
}

#[test]
fn what_is_for_later_obeys_on_every_store() {
    browse(|tab| {
        Look::Light.put_on(tab);
        for store in STORES {
            let site = Site::on(store);
            delayed_jobs_obey(tab, &site);
            schedules_obey(tab, &Site::on(store));
        }
    });
}

#[test]
fn what_is_for_later_obeys_in_the_dark_on_a_phone_and_without_scripts() {
    browse(|tab| {
        for look in LOOKS {
            look.put_on(tab);
            delayed_jobs_obey(tab, &Site::on(Store::Memory));
            schedules_obey(tab, &Site::on(Store::Memory));
        }
    });
}
