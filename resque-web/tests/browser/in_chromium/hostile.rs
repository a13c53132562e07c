//! What somebody means harm with, wherever text of others is shown.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use resque_core::{Client, FailureRecord, NewJob, Payload, QueueList, Schedule, WorkerId};

use crate::harness::{Look, Site, Store, browse, minutes_ago, wait};

/// Texts that would set `window.pwned` or open a dialog if they were taken for more than text.
const TEXTS: [&str; 10] = [
    "<script>window.pwned=1</script>",
    "\"><img src=x onerror=window.pwned=1>",
    "' onfocus='window.pwned=1' autofocus='",
    "\" onmouseover=\"alert(1)\" style=\"position:fixed;inset:0\"",
    "javascript:window.pwned=1",
    "</title></textarea></style><svg/onload=window.pwned=1>",
    "{{constructor.constructor('window.pwned=1')()}}${pwned}{% raw %}",
    "&lt;script&gt;window.pwned=1&#60;/script&#62;",
    "\u{202e}gnp.exe\u{2066}\u{200f}\u{061c}",
    "nul\0bell\u{7}escape\u{1b}[31m",
];

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A name of a queue or a part of a worker's id may not hold everything.
fn name(text: &str) -> String {
    let banned = |c: char| matches!(c, ',' | ':' | '*') || c.is_control();
    text.replace(banned, "_")
}

/// Puts a text wherever one can be put; gives pages that show it.
async fn put_everywhere(client: &Client, text: &str) -> Vec<String> {
    let backend = client.backend().unwrap();
    let (queue, job) = (
        name(text),
        format!(r#"{{"class":{0},"args":[{0},{{{0}:{0}}}]}}"#, quoted(text)),
    );
    for payload in [job.clone(), text.to_owned(), job.clone()] {
        client.push(&queue, payload).await.unwrap();
    }
    let worker = WorkerId::new(format!("{0}~k3x9q:1-0:{0}", name(text))).unwrap();
    let one = std::slice::from_ref(&worker);
    let registry = backend.workers();
    registry.register(one, minutes_ago(1)).await.unwrap();
    let all = QueueList::all();
    let given = backend.queues().exchange(&[], one, &all, minutes_ago(1));
    assert_eq!(given.await.unwrap().reserved.len(), 1);
    let record = FailureRecord::new(minutes_ago(1), Payload::new(job), text, text)
        .on(worker.as_str(), queue.as_str())
        .backtrace(vec![text.to_owned()]);
    let failures = client.failures().unwrap();
    failures.record(record).await.unwrap();
    let failure = failures.all(0, 1_000).await.unwrap().pop().unwrap();
    let later = NewJob::raw(text.to_owned(), &[text]).to(&queue);
    let later = later.after(Duration::from_secs(600));
    client.submit(later).await.unwrap();
    if let Ok(schedule) = Schedule::raw(&name(text), text, &[text]) {
        let schedule = schedule.queue(&queue).unwrap().cron("0 3 * * *").unwrap();
        let schedule = schedule.description(text);
        client.schedules().unwrap().set(&schedule).await.unwrap();
    }
    vec![
        format!("/queue?name={}", encoded(&queue)),
        format!("/worker?id={}", encoded(worker.as_str())),
        format!("/workers?host={}", encoded(&name(text))),
        format!("/queues?search={}", encoded(text)),
        format!("/failure?id={}", encoded(failure.id.as_str())),
        format!("/failed?exception={0}&text={0}", encoded(text)),
        format!("/search?text={}", encoded(text)),
    ]
}

/// Pages that show all of it.
const COMMON: [&str; 11] = [
    "/overview",
    "/queues",
    "/working",
    "/workers",
    "/failed",
    "/failed/groups",
    "/delayed",
    "/schedules",
    "/search?text=a",
    "/stats",
    "/backend",
];

/// Looks at pages: nothing ran, nothing left its place. Pictures of those that show all of it are
/// called after `kind`.
fn is_harmless(site: &Site, kind: &str, pages: &[String], looks: &[Look]) {
    browse(|tab| {
        let mut flaws = Vec::new();
        for &look in looks {
            look.put_on(tab);
            for path in pages {
                let loaded = tab.open(&site.at(path));
                if loaded.status != 200 {
                    flaws.push(format!("{path}: status {}", loaded.status));
                }
                for request in &loaded.requests {
                    if !request.starts_with(&site.at("/")) {
                        flaws.push(format!("{path} asks {request}"));
                    }
                }
                flaws.extend(tab.flaws(look).iter().map(|flaw| format!("{path}: {flaw}")));
                if COMMON.contains(&path.as_str()) {
                    let page = path.replace(['/', '?', '='], "-");
                    tab.picture(&format!("{kind}{page}-{}", look.name()));
                }
            }
        }
        assert!(flaws.is_empty(), "{}", flaws.join("\n"));
    });
}

#[test]
fn text_of_others_is_shown_and_does_nothing() {
    let site = Site::on(Store::Memory);
    let mut pages = Vec::new();
    for text in TEXTS {
        pages.extend(wait(put_everywhere(&site.client, text)));
    }
    is_harmless(&site, "hostile", &pages, &[Look::Phone]);
    let common = COMMON.map(str::to_owned);
    is_harmless(&site, "hostile", &common, &[Look::Light, Look::Phone]);
    browse(|tab| {
        tab.open(&site.at("/queues"));
        let shown = tab.text("table");
        // Directions and controls are shown as signs, all else as it is.
        for text in &TEXTS[..8] {
            assert!(shown.contains(&name(text)), "{text} in {shown}");
        }
    });
}

#[test]
fn what_is_long_stays_in_its_place() {
    let site = Site::on(Store::Memory);
    let mut pages: Vec<String> = COMMON.map(str::to_owned).into();
    for text in ["x".repeat(100_000), "wide words ".repeat(9_000)] {
        let job = format!(r#"{{"class":{0},"args":[{0}]}}"#, quoted(&text));
        for payload in [job, text] {
            wait(site.client.push("large", payload)).unwrap();
        }
    }
    let long = "q".repeat(200);
    pages.extend(wait(put_everywhere(&site.client, &long)));
    pages.push("/queue?name=large".to_owned());
    is_harmless(&site, "long", &pages, &[Look::Light, Look::Phone]);
}

#[test]
fn text_of_others_does_nothing_on_a_store_with_a_server() {
    for (store, kind) in [
        (Store::Redis, "redis-hostile"),
        (Store::Postgres, "postgres-hostile"),
    ] {
        let site = Site::on(store);
        for text in TEXTS {
            wait(put_everywhere(&site.client, text));
        }
        is_harmless(&site, kind, &COMMON.map(str::to_owned), &[Look::Phone]);
    }
}

#[test]
fn an_address_that_means_harm_is_a_page_that_says_no() {
    let site = Site::on(Store::Memory);
    browse(|tab| {
        tab.expect("404");
        Look::Light.put_on(tab);
        for text in TEXTS {
            for path in ["/", "/worker?id="] {
                let loaded = tab.open(&site.at(&format!("{path}{}", encoded(text))));
                assert_eq!(loaded.status, 404, "{path} {text}");
                let flaws = tab.flaws(Look::Light);
                assert!(flaws.is_empty(), "{path} {text}: {flaws:?}");
            }
        }
        tab.picture("missing-light");
    });
}
