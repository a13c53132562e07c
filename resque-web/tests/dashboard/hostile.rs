//! What somebody means harm with, in every place where text of others is shown.

use resque_core::{FailureRecord, Payload, QueueName, WorkerId};

use crate::support::{Site, get};

/// Texts that would do something if they were taken for more than text.
const TEXTS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'; alert(1)//",
    "{{7*7}}{% raw %}",
    "&lt;script&gt;&#60;script&#62;",
    "</title></textarea></style><svg/onload=alert(1)>",
];

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// No tag comes from a text, and what can be seen hides nothing.
fn is_harmless(path: &str, page: &str) {
    for tag in ["<script>", "<img", "<svg/", "</title></"] {
        assert!(!page.contains(tag), "{path}: {tag} in {page}");
    }
    // Hidden fields carry names exactly; nobody reads them.
    let mut parts = page.split("value=\"");
    let mut seen = parts.next().unwrap().to_owned();
    for part in parts {
        seen.push_str(part.split_once('"').unwrap().1);
    }
    for invisible in ['\u{202e}', '\0', '\u{1b}'] {
        assert!(!seen.contains(invisible), "{path}: {invisible:?} in {seen}");
    }
}

#[tokio::test]
async fn text_of_others_stays_text_on_every_page() {
    for text in TEXTS {
        let site = Site::new();
        let queue = format!("{} \u{202e}", text.replace(',', ""));
        let job = format!(
            r#"{{"class":{},"args":[{},{{"token{}":1}}]}}"#,
            quoted(text),
            quoted(&format!("{text}\0\u{1b}\u{202e}")),
            quoted(text).trim_matches('"'),
        );
        site.push(&queue, &job).await;
        site.push(&queue, text).await;
        site.push(&queue, &job).await;
        let worker = format!("{}~abcde:1-0:{}", text.replace(':', ""), text);
        site.work(&worker).await;
        let record = FailureRecord::new(std::time::UNIX_EPOCH, Payload::new(job), text, text)
            .on(worker.as_str(), queue.as_str());
        let backend = site.client.backend().unwrap();
        backend.failures().record(&[record]).await.unwrap();
        let id = WorkerId::new(&worker).unwrap();
        for path in [
            "/overview".to_owned(),
            "/queues".to_owned(),
            format!("/queues?search={}&after={}", encoded(text), encoded("!")),
            format!("/queue?name={}", encoded(&queue)),
            "/working".to_owned(),
            "/workers".to_owned(),
            format!("/workers?host={}", encoded(id.host())),
            format!("/worker?id={}", encoded(&worker)),
            format!("/worker?id={}", encoded(text)),
            format!("/{}", encoded(text)),
        ] {
            let page = site.send(get(&path)).await.text;
            is_harmless(&path, &page);
        }
    }
}

#[tokio::test]
async fn what_is_sent_back_in_an_error_stays_text() {
    let site = Site::new();
    for text in TEXTS {
        let answer = site
            .submit("/queue/stop", &[("queue", &format!("{text},"))])
            .await;
        is_harmless(text, &answer.text);
        let answer = site
            .submit(
                "/queue/job/remove",
                &[("queue", "q"), ("mark", "m"), ("at", text)],
            )
            .await;
        is_harmless(text, &answer.text);
    }
}

#[tokio::test]
async fn what_is_large_makes_no_large_page() {
    let site = Site::new();
    let large = "é".repeat(1 << 19);
    site.push("q", &format!(r#"{{"class":"{large}","args":["{large}"]}}"#))
        .await;
    site.push("q", &format!("no json {large}")).await;
    site.push(
        "q",
        &format!(
            r#"{{"class":"A","args":[{}1{}]}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        ),
    )
    .await;
    for path in ["/queue?name=q", "/api/v1/queue?name=q"] {
        let page = site.send(get(path)).await;
        assert!(page.status.is_success(), "{path}");
        assert!(page.text.len() < 64 * 1024, "{path}: {}", page.text.len());
    }
    site.work("web1~k3x9q:1-0:q").await;
    for path in ["/overview", "/working", "/worker?id=web1~k3x9q%3A1-0%3Aq"] {
        let page = site.send(get(path)).await;
        assert!(
            page.status.is_success() && page.text.len() < 64 * 1024,
            "{path}"
        );
    }
}

#[tokio::test]
async fn queue_names_of_every_kind_have_a_page() {
    let site = Site::new();
    for name in [
        ".",
        "..",
        "a/b",
        "a?b#c",
        "a%2Fb",
        "ключ",
        " ",
        "a+b&c=d",
        "\u{1f980}",
    ] {
        site.push(name, r#"{"class":"A","args":[]}"#).await;
        assert!(QueueName::new(name).is_ok());
        let page = site.send(get("/queues")).await.text;
        let link = format!("/queue?name={}", encoded(name));
        assert!(page.contains(&format!("href=\"{link}\"")), "{name}");
        let twin = site.send(get(&format!("/api/v1{link}"))).await.json();
        assert_eq!((&twin["name"], &twin["length"]), (&name.into(), &1.into()));
    }
}
