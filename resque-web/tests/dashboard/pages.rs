//! What pages show, and what their twins tell.

use axum::http::StatusCode;
use resque_web::Dashboard;

use crate::support::{Site, get};

/// One of our workers.
const WORKER: &str = "web1~k3x9q:4711-0:*";

#[tokio::test]
async fn the_overview_shows_queues_and_its_twin_tells_them() {
    let site = Site::new();
    site.push("mails", r#"{"class":"Mail","args":[1]}"#).await;
    let page = site.send(get("/overview")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("<bdi>mails</bdi>"), "{}", page.text);
    let twin = site.send(get("/api/v1/overview")).await.json();
    assert_eq!(twin["pending"], 1);
    assert_eq!(twin["queues"][0]["name"], "mails");
}

#[tokio::test]
async fn what_is_not_there_is_told_as_its_readers_like_it() {
    let site = Site::new();
    for path in ["/nowhere", "/worker?id=web9:1:q"] {
        let page = site.send(get(path)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.text.contains("<nav"), "{}", page.text);
        let twin = site.send(get(&format!("/api/v1{path}"))).await;
        assert_eq!(twin.status, StatusCode::NOT_FOUND);
        assert_eq!(twin.json()["error"], "not_found");
    }
    let odd = site.send(get("/api/v1/queue?name=a,b")).await;
    assert_eq!(
        (odd.status, &odd.json()["error"]),
        (StatusCode::BAD_REQUEST, &"bad_request".into())
    );
}

#[tokio::test]
async fn every_page_answers_with_its_twin() {
    let site = Site::new();
    site.push("mails", r#"{"class":"Mail","args":[1]}"#).await;
    site.work(WORKER).await;
    for path in [
        "/overview",
        "/queues",
        "/queue?name=mails",
        "/working",
        "/workers",
        "/workers?host=web1",
        "/worker?id=web1~k3x9q%3A4711-0%3A*",
        "/backend",
    ] {
        let page = site.send(get(path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        let twin = site.send(get(&format!("/api/v1{path}"))).await;
        assert_eq!(twin.status, StatusCode::OK, "{path}: {}", twin.text);
        assert!(twin.json()["now"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn many_queues_are_told_page_by_page_in_both_orders() {
    let site = Site::new();
    for n in 0..25 {
        for _ in 0..n % 3 {
            site.push(&format!("q{n:02}"), "{}").await;
        }
        site.client.create_queue(&format!("q{n:02}")).await.unwrap();
    }
    for (order, first) in [("name", "q00"), ("length", "q02")] {
        let mut names = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/api/v1/queues?limit=10&order={order}{after}");
            let page = site.send(get(&path)).await.json();
            let rows = page["queues"].as_array().unwrap();
            names.extend(
                rows.iter()
                    .map(|row| row["name"].as_str().unwrap().to_owned()),
            );
            assert!(names.len() <= 25, "pages without an end");
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!((names.len(), names[0].as_str()), (25, first));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 25, "{order}");
    }
    let found = site.send(get("/api/v1/queues?search=Q1")).await.json();
    assert_eq!((&found["found"], &found["total"]), (&10.into(), &25.into()));
    let overview = site.send(get("/overview")).await;
    assert!(!overview.text.contains("All 25 queues"));
}

#[tokio::test]
async fn a_queue_is_told_page_by_page() {
    let site = Site::new();
    for n in 0..7 {
        site.push("q", &format!(r#"{{"class":"A","args":[{n}]}}"#))
            .await;
    }
    let first = site.send(get("/api/v1/queue?name=q&limit=3")).await.json();
    assert_eq!((&first["length"], &first["next"]), (&7.into(), &3.into()));
    let last = site
        .send(get("/api/v1/queue?name=q&limit=3&from=6"))
        .await
        .json();
    assert_eq!(last["jobs"][0]["job"]["args"][0], 6);
    assert!(last["next"].is_null());
    assert_eq!(last["before"], 3);
}

#[tokio::test]
async fn numbers_are_exact_and_secrets_hidden() {
    let site = Site::with(|dashboard| dashboard.redact(["iban"]));
    let job = r#"{"class":"Pay","args":[123456789012345678901234567890,{"iban":"DE02","password":"hunter2"}]}"#;
    site.push("q", job).await;
    for path in ["/queue?name=q", "/api/v1/queue?name=q"] {
        let answer = site.send(get(path)).await.text;
        assert!(
            answer.contains("123456789012345678901234567890"),
            "{answer}"
        );
        assert!(
            !answer.contains("hunter2") && !answer.contains("DE02"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn what_a_worker_does_is_shown_with_the_time_it_takes() {
    let site = Site::new();
    site.push("q", r#"{"class":"Long","args":[]}"#).await;
    site.work(WORKER).await;
    site.clock.advance(std::time::Duration::from_secs(75));
    let page = site.send(get("/working")).await.text;
    assert!(page.contains(">1m 15s</time>"), "{page}");
    let workers = site.send(get("/workers")).await.text;
    assert!(workers.contains("silent"), "{workers}");
    let twin = site.send(get("/api/v1/workers")).await.json();
    assert_eq!(twin["workers"][0]["late"], true);
}

#[tokio::test]
async fn a_router_inside_another_one_links_to_itself() {
    let site = Site::new();
    let site = Site {
        router: axum::Router::new().nest("/ops/jobs", site.router),
        ..site
    };
    let home = site.send(get("/ops/jobs")).await;
    assert_eq!(home.header("location"), "/ops/jobs/overview");
    let page = site.send(get("/ops/jobs/overview")).await.text;
    assert!(page.contains("href=\"/ops/jobs/queues\""), "{page}");
    assert!(page.contains("href=\"/ops/jobs/assets/resque."), "{page}");
    assert!(!page.contains("href=\"/queues\""));
    let proxied = Site::with(|dashboard| dashboard.base_path("/jobs/").unwrap());
    let page = proxied.send(get("/overview")).await.text;
    assert!(page.contains("href=\"/jobs/queues\""), "{page}");
}

#[test]
fn a_path_that_cannot_be_one_makes_no_router() {
    let client = Site::new().client;
    for (path, told) in [
        ("/queues", "a page of the dashboard itself"),
        ("/a/../b", "letters, digits"),
        ("https://jobs.example/", "letters, digits"),
        ("/jobs?x=\"><script>", "letters, digits"),
    ] {
        let refused = Dashboard::new(client.clone()).base_path(path);
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(told), "{path}: {refused}");
        assert!(refused.contains("/jobs"), "{path}: {refused}");
    }
}

#[tokio::test]
async fn files_are_kept_by_browsers_for_ever_and_pages_not_at_all() {
    let site = Site::new();
    let page = site.send(get("/overview")).await;
    assert_eq!(page.header("cache-control"), "no-store");
    for name in ["css", "js", "svg"] {
        let path = page.text.split('"').find(|part| part.ends_with(name));
        let file = site.send(get(path.unwrap())).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.header("cache-control").contains("immutable"));
        assert!(!file.text.is_empty());
    }
}

#[tokio::test]
async fn how_fast_things_go_is_known_from_the_second_look_on() {
    let site = Site::new();
    for _ in 0..10 {
        site.push("q", "{}").await;
    }
    let first = site.send(get("/api/v1/overview")).await.json();
    assert!(first["rate"].is_null() && first["queues"][0]["rate"].is_null());
    site.clock.advance(std::time::Duration::from_secs(4));
    site.client
        .stats()
        .unwrap()
        .incr("processed", 6)
        .await
        .unwrap();
    let store = site.client.backend().unwrap().queues();
    store.pop(&resque_core::QueueList::all(), 8).await.unwrap();
    let second = site.send(get("/api/v1/overview")).await.json();
    assert_eq!(
        (&second["rate"], &second["queues"][0]["rate"]),
        (&1.5.into(), &(-2.0).into())
    );
    // An hour later nothing of that matters.
    for hours in [3_600, 10, 10] {
        site.clock.advance(std::time::Duration::from_secs(hours));
        site.send(get("/api/v1/overview")).await;
    }
    let later = site.send(get("/api/v1/overview")).await.json();
    assert_eq!(later["rate"], 0.0);
}

#[tokio::test]
async fn the_backend_tells_what_it_is_and_how_it_is() {
    let site = Site::new();
    let twin = site.send(get("/api/v1/backend")).await.json();
    let known = serde_json::json!([
        twin["name"],
        twin["namespace"],
        twin["durable"],
        twin["shared"],
        twin["atomic_batch"],
        twin["server_time"],
        twin["clock_ahead_ms"],
    ]);
    let time = "2026-11-20T23:00:00.000Z";
    let expected = serde_json::json!(["memory", "resque", false, false, true, time, 0]);
    assert_eq!(known, expected);
    let page = site.send(get("/backend")).await.text;
    let abilities = twin["abilities"].as_array().unwrap();
    assert_eq!(abilities.len(), 10);
    for ability in abilities {
        let name = ability["name"].as_str().unwrap();
        assert_eq!(ability["offered"], true, "{name}");
        assert!(
            page.contains(&format!("<th scope=\"row\">{name}</th>")),
            "{name}"
        );
    }
    assert!(page.contains("jobs are gone with it"), "{page}");
}
