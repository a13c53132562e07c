//! The pages by keyboard alone.

use std::collections::BTreeSet;

use fantoccini::key::Key;
use serde_json::Value;

use super::pages::pages;
use crate::harness::{Look, Site, Store, Tab, browse, fill, wait};

fn strings(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().unwrap().iter();
    list.map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Numbers all that can be used, and notes what gets the focus.
const WATCH: &str = "
    window.seen = [];
    const all = [...document.querySelectorAll('a[href], button, summary, select, textarea, input:not([type=hidden]), [tabindex=\"0\"]')]
        .filter((one) => one.checkVisibility());
    all.forEach((one, at) => { one.dataset.number = `${at} ${one.outerHTML.slice(0, 120)}`; });
    document.addEventListener('focusin', (event) => window.seen.push(event.target.dataset.number));
    document.activeElement.blur();
    return all.map((one) => one.dataset.number);";

/// What the tab key does not reach.
fn unreached(tab: &Tab) -> Vec<String> {
    let all = strings(&tab.run(WATCH, &[]));
    for _ in 0..=(all.len() / 50) {
        tab.keys(&Key::Tab.to_string().repeat(50.min(all.len() + 1)));
    }
    let seen = tab.run("return window.seen.filter(Boolean);", &[]);
    all.difference(&strings(&seen)).cloned().collect()
}

#[test]
fn the_tab_key_reaches_all_that_can_be_used() {
    let site = Site::on(Store::Memory);
    wait(fill(&site.client));
    browse(|tab| {
        Look::Light.put_on(tab);
        // Rows that come anew would have no numbers.
        tab.open(&site.at("/overview"));
        tab.click("[data-pause]");
        for (name, address) in pages(&site) {
            tab.open(&address);
            let unreached = unreached(tab);
            assert!(unreached.is_empty(), "{name}: {unreached:#?}");
        }
    });
}

#[test]
fn the_first_key_leads_past_the_navigation() {
    let site = Site::on(Store::Memory);
    browse(|tab| {
        tab.open(&site.at("/overview"));
        tab.keys(&Key::Tab);
        assert_eq!(
            tab.run("return document.activeElement.className", &[]),
            "skip"
        );
        let shown = "return document.activeElement.getBoundingClientRect().left >= 0";
        assert_eq!(tab.run(shown, &[]), true);
        tab.keys(&Key::Enter);
        tab.until("document.activeElement.id === 'main'");
    });
}

#[test]
fn keys_lead_to_pages_rows_search_and_help() {
    let site = Site::on(Store::Memory);
    wait(fill(&site.client));
    browse(|tab| {
        Look::Light.put_on(tab);
        tab.open(&site.at("/queues"));
        tab.keys("/");
        tab.until("document.activeElement.matches('input[type=search]')");
        tab.keys("mail?gp");
        assert_eq!(
            tab.run("return document.activeElement.value", &[]),
            "mail?gp"
        );
        assert_eq!(
            tab.run("return document.querySelector('dialog').open", &[]),
            false
        );
        tab.keys(&Key::Escape);
        tab.until("document.activeElement === document.body");

        let row = "document.activeElement.closest('tbody tr')";
        for (key, expected) in [("j", 0), ("j", 1), ("j", 2), ("k", 1)] {
            tab.keys(key);
            tab.until(&format!(
                "{row} === document.querySelectorAll('tbody tr')[{expected}]"
            ));
        }

        tab.keys("?");
        tab.until("document.querySelector('dialog').open");
        tab.picture("keys-light");
        assert!(
            tab.flaws(Look::Light).is_empty(),
            "{:?}",
            tab.flaws(Look::Light)
        );
        tab.keys(&Key::Escape);
        tab.until("!document.querySelector('dialog').open");

        let state = "document.querySelector('[data-pause]').getAttribute('aria-pressed')";
        tab.keys("p");
        tab.until(&format!("{state} === 'true'"));
        tab.keys("p");
        tab.until(&format!("{state} === 'false'"));

        tab.keys("go");
        tab.until("location.pathname === '/overview'");
        tab.keys("gw");
        tab.until("location.pathname === '/working'");

        tab.open(&site.at("/queue?name=low"));
        tab.press("main", "Remove…");
        tab.until("document.querySelector('details[open]')");
        tab.keys(&Key::Escape);
        tab.until("!document.querySelector('details[open]')");
    });
}

#[test]
fn a_job_is_moved_without_a_mouse() {
    let site = Site::on(Store::Memory);
    for n in [1, 2] {
        wait(site.client.create_job("low", "Archive", [n])).unwrap();
    }
    browse(|tab| {
        tab.open(&site.at("/queue?name=low"));
        tab.keys("j");
        tab.keys("j");
        tab.keys(&Key::Enter);
        tab.until("document.querySelector('.note')");
        let next = wait(site.client.pop("low")).unwrap().unwrap();
        assert!(next.payload().to_text_lossy().contains("[2]"));
    });
}
