//! What happens shows by itself.

use resque_core::Schedule;

use crate::harness::{Look, STORES, Site, Store, browse, wait};

const ROWS: &str = "document.querySelectorAll('#overview tbody tr').length";

#[test]
fn a_new_job_shows_by_itself() {
    browse(|tab| {
        Look::Light.put_on(tab);
        for store in STORES {
            let site = Site::on(store);
            tab.open(&site.at("/overview"));
            tab.until(&format!("{ROWS} === 0"));
            // The mark would be gone if the page had been loaded again.
            tab.run("window.mark = true;", &[]);
            wait(site.client.create_job("mailers", "Welcome", [1])).unwrap();
            tab.until(&format!("{ROWS} === 1 && window.mark"));
            assert!(tab.text("#overview tbody").contains("mailers"));
        }
    });
}

#[test]
fn a_schedule_that_somebody_else_switches_shows_by_itself() {
    let nightly = Schedule::raw("nightly", "Archive", &()).unwrap();
    let nightly = nightly.queue("low").unwrap().cron("0 3 * * *").unwrap();
    browse(|tab| {
        for store in STORES {
            let site = Site::on(store);
            let schedules = site.client.schedules().unwrap();
            wait(schedules.set(&nightly)).unwrap();
            tab.open(&site.at("/schedules"));
            tab.run("window.mark = true;", &[]);
            let off = "document.querySelector('#schedules .badge') !== null";
            tab.until(&format!("!({off})"));
            wait(schedules.disable("nightly")).unwrap();
            tab.until(&format!("{off} && window.mark"));
            wait(schedules.enable("nightly")).unwrap();
            tab.until(&format!("!({off}) && window.mark"));
        }
    });
}

#[test]
fn nothing_moves_while_the_page_is_paused_and_all_comes_afterwards() {
    let site = Site::on(Store::Memory);
    browse(|tab| {
        tab.open(&site.at("/overview"));
        tab.click("[data-pause]");
        assert_eq!(tab.text("[data-pause]"), "Paused");
        wait(site.client.create_job("mailers", "Welcome", [1])).unwrap();
        tab.open(&site.at("/queues"));
        assert_eq!(
            tab.text("[data-pause]"),
            "Paused",
            "another page is paused too"
        );
        tab.open(&site.at("/overview"));
        wait(site.client.create_job("billing", "Invoice", [1])).unwrap();
        let streams = "performance.getEntriesByType('resource')\
             .filter((entry) => entry.name.endsWith('/live')).length";
        assert_eq!(tab.run(&format!("return {streams}"), &[]), 0);
        assert_eq!(tab.run(&format!("return {ROWS}"), &[]), 1);
        tab.click("[data-pause]");
        tab.until(&format!("{ROWS} === 2"));
        assert_eq!(tab.text("[data-pause]"), "Live");
    });
}

#[test]
fn nothing_is_taken_from_under_a_hand() {
    let site = Site::on(Store::Memory);
    browse(|tab| {
        wait(site.client.create_job("low", "Archive", [1])).unwrap();
        tab.open(&site.at("/queue?name=low"));
        tab.press("main", "Remove…");
        wait(site.client.create_job("low", "Archive", [2])).unwrap();
        tab.until(
            "performance.getEntriesByType('resource')\
             .some((entry) => entry.initiatorType === 'fetch')",
        );
        assert_eq!(tab.count("details[open]"), 1);
        assert_eq!(tab.count("tbody tr"), 1);
    });
}
