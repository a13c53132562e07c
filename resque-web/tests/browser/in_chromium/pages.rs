//! Every page in every circumstance: nothing is wrong with it, and a picture is taken.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use resque_core::FailureQuery;

use crate::harness::{HOST_WORKER, LOOKS, Look, Site, Store, Tab, browse, fill, wait};

fn part(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Every page of a store, with the name of its screenshot.
pub(super) fn pages(site: &Site) -> Vec<(String, String)> {
    let failures = site.client.failures().unwrap();
    let failure = wait(failures.page(&FailureQuery::default())).unwrap();
    let failure = failure.entries.first().map(|entry| part(entry.id.as_str()));
    let mut pages = vec![
        ("overview", "/overview".to_owned()),
        ("queues", "/queues".to_owned()),
        ("queues-found", "/queues?search=mail".to_owned()),
        ("queue", "/queue?name=mailers".to_owned()),
        ("queue-stopped", "/queue?name=exports".to_owned()),
        ("working", "/working".to_owned()),
        ("workers", "/workers".to_owned()),
        ("workers-of-a-host", "/workers?host=web1".to_owned()),
        ("failed", "/failed".to_owned()),
        (
            "failed-found",
            "/failed?exception=panic&order=oldest".to_owned(),
        ),
        ("failed-groups", "/failed/groups".to_owned()),
        ("delayed", "/delayed".to_owned()),
        ("schedules", "/schedules".to_owned()),
        ("search", "/search".to_owned()),
        ("search-found", "/search?text=1203".to_owned()),
        ("stats", "/stats".to_owned()),
        ("stats-of-a-day", "/stats?span=1d".to_owned()),
        ("backend", "/backend".to_owned()),
    ];
    if let Some(failure) = failure {
        pages.push(("failure", format!("/failure?id={failure}")));
        pages.push(("worker", format!("/worker?id={}", part(HOST_WORKER))));
    }
    let named = |(name, path): (&str, String)| (name.to_owned(), site.at(&path));
    pages.into_iter().map(named).collect()
}

/// Looks at a page; what is wrong with it is added to `flaws`.
fn look_at(tab: &Tab, name: &str, address: &str, look: Look, flaws: &mut Vec<String>) {
    let loaded = tab.open(address);
    let mut add = |flaw: String| flaws.push(format!("{name}, {}: {flaw}", look.name()));
    if loaded.status != 200 {
        add(format!("status {}", loaded.status));
    }
    let origin = address.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    for request in loaded
        .requests
        .iter()
        .filter(|url| !url.starts_with(&origin))
    {
        add(format!("asks {request}"));
    }
    tab.flaws(look).into_iter().for_each(add);
    tab.picture(&format!("{name}-{}", look.name()));
}

/// Fails when something was found, and tells all of it.
fn found_nothing(flaws: &[String]) {
    let (count, list) = (flaws.len(), flaws.join("\n"));
    assert!(flaws.is_empty(), "{count} flaws:\n{list}");
}

/// Looks at all pages of a store in all circumstances.
fn nothing_is_wrong(prefix: &str, pages: &[(String, String)]) {
    browse(|tab| {
        let mut flaws = Vec::new();
        for look in LOOKS {
            look.put_on(tab);
            for (name, address) in pages {
                look_at(tab, &format!("{prefix}{name}"), address, look, &mut flaws);
            }
        }
        found_nothing(&flaws);
    });
}

#[test]
fn nothing_is_wrong_with_a_page_of_a_filled_store() {
    let site = Site::on(Store::Memory);
    wait(fill(&site.client));
    nothing_is_wrong("", &pages(&site));
}

#[test]
fn nothing_is_wrong_with_a_page_of_an_empty_store() {
    let site = Site::on(Store::Memory);
    nothing_is_wrong("empty-", &pages(&site));
}

/// The stores with a server: each page in one circumstance, another one on each store, because what
/// differs there is what is shown and not how.
#[test]
fn nothing_is_wrong_with_a_page_of_a_store_with_a_server() {
    browse(|tab| {
        let mut flaws = Vec::new();
        for (shift, store) in [(0, Store::Redis), (1, Store::Postgres)] {
            let (empty, filled) = (Site::on(store), Site::on(store));
            wait(fill(&filled.client));
            let kind = format!("{store:?}").to_lowercase();
            for (site, kind) in [(empty, format!("{kind}-empty")), (filled, kind)] {
                let pages = pages(&site);
                for (at, look) in LOOKS.into_iter().enumerate() {
                    look.put_on(tab);
                    let own = (0..)
                        .zip(&pages)
                        .filter(|(n, _)| (n + shift) % LOOKS.len() == at);
                    for (_, (name, address)) in own {
                        look_at(tab, &format!("{kind}-{name}"), address, look, &mut flaws);
                    }
                }
            }
        }
        found_nothing(&flaws);
    });
}
