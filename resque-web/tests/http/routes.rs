//! Every route: its statuses, its bodies, its bad cases.

use serde_json::json;

use crate::site::{Site, request};

#[tokio::test]
async fn a_job_goes_in_and_comes_out_byte_for_byte() {
    let site = Site::new();
    let job = "{ \"big\" : 123456789012345678901234567890, \"é\":1.00 }";
    let answer = site.tell("POST /q/foo", job).await;
    assert_eq!(answer.said(), (201, ""));
    assert_eq!(site.waiting("foo").await, [job]);
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, job));
    assert_eq!(
        site.ask("GET /q/foo").await.said(),
        (404, r#"{"error":"no job"}"#)
    );
}

#[tokio::test]
async fn jobs_of_other_clients_come_out_whatever_they_are() {
    let site = Site::new();
    site.push("foo", &b"\xff\0 no json"[..]).await;
    let answer = site.ask("GET /q/foo").await;
    assert_eq!(&answer.body[..], b"\xff\0 no json");
}

#[tokio::test]
async fn a_job_with_a_class_is_one_for_workers() {
    let site = Site::new();
    site.register_worker("mails").await;
    let job = r#"{"class":"Mail","args":[1]}"#;
    let answer = site.tell("POST /q/mails", job).await;
    assert_eq!(
        (answer.said(), answer.header("x-resque-warning")),
        ((201, ""), "")
    );
    let popped = site.client.pop("mails").await.unwrap().unwrap();
    assert_eq!(popped.class(), Some("Mail"));
}

#[tokio::test]
async fn a_job_without_a_class_is_taken_with_a_warning_where_workers_serve() {
    let site = Site::new();
    site.register_worker("mails,file_*").await;
    for (path, warned) in [
        ("/q/mails", true),
        ("/q/file_serve", true),
        ("/q/other", false),
    ] {
        let answer = site.tell(&format!("POST {path}"), "{}").await;
        assert_eq!(answer.status, 201);
        assert_eq!(
            !answer.header("x-resque-warning").is_empty(),
            warned,
            "{path}"
        );
    }
    let batch = site.tell("POST /qb/mails", r#"{"jobs":[{}]}"#).await;
    assert!(batch.header("x-resque-warning").contains("no class"));
}

#[tokio::test]
async fn head_says_what_get_would_and_takes_nothing() {
    let site = Site::new();
    assert_eq!(site.ask("HEAD /q/foo").await.status, 404);
    site.tell("POST /q/foo", "{\"n\":1}").await;
    for _ in 0..2 {
        let answer = site.ask("HEAD /q/foo").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-length")),
            (200, "7")
        );
    }
    assert_eq!(site.ask("HEAD /qb/foo").await.status, 405);
    site.client.stop_queue("foo").await.unwrap();
    assert_eq!(site.ask("HEAD /q/foo").await.status, 404);
    assert_eq!(site.waiting("foo").await.len(), 1);
}

#[tokio::test]
async fn a_stopped_queue_takes_jobs_and_gives_none() {
    let site = Site::new();
    // Before its first job too: presque forgets that.
    let stop = site.tell("POST /control/foo", r#"{"status":"stop"}"#).await;
    assert_eq!(stop.json(), json!({"queue": "foo", "response": "updated"}));
    assert_eq!(site.tell("POST /q/foo", "{}").await.status, 201);
    let closed = r#"{"error":"queue is closed"}"#;
    for path in ["GET /q/foo", "GET /qb/foo"] {
        assert_eq!(site.ask(path).await.said(), (404, closed), "{path}");
    }
    let leased = site.ask("POST /q/foo/lease").await;
    assert_eq!(leased.json(), json!({"jobs": []}));
    let shown = site.ask("GET /control/foo").await;
    assert_eq!(shown.json(), json!({"queue": "foo", "status": "0"}));
    assert_eq!(site.ask("GET /status/foo").await.json()["status"], "0");
    let bare = request("POST /control/foo", &[], r#"{"status":"start"}"#);
    assert_eq!(site.send(bare).await.status, 200);
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, "{}"));
}

#[tokio::test]
async fn a_delayed_job_comes_at_its_time_and_not_before() {
    let site = Site::new();
    for (n, after) in [(2, 20), (1, 10), (3, 20)] {
        let line = format!("POST /q/foo?delayed={}", site.now() + after);
        assert_eq!(site.tell(&line, format!("{{\"n\":{n}}}")).await.status, 201);
    }
    assert_eq!(site.ask("GET /q/foo").await.status, 404);
    site.pass(9);
    assert_eq!(site.ask("GET /q/foo").await.status, 404);
    assert_eq!(site.ask("GET /j/foo").await.json()["job_count"], 0);
    site.pass(1);
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, r#"{"n":1}"#));
    site.pass(10);
    // Of the same time, in the order of their coming: presque turns it round.
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, r#"{"n":2}"#));
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, r#"{"n":3}"#));
}

#[tokio::test]
async fn a_delay_that_has_passed_is_none() {
    let site = Site::new();
    let now = site.now();
    for time in [0, 5, now] {
        site.tell(&format!("POST /q/foo?delayed={time}"), "{}")
            .await;
        assert_eq!(site.ask("GET /q/foo").await.status, 200, "{time}");
    }
    let batch = format!("POST /qb/foo?delayed={}", now + 5);
    site.tell(&batch, r#"{"jobs":[{"n":1},{"n":2}]}"#).await;
    assert_eq!(site.ask("GET /qb/foo").await.status, 404);
    site.pass(5);
    let jobs = site.ask("GET /qb/foo").await;
    assert_eq!(jobs.json(), json!([r#"{"n":1}"#, r#"{"n":2}"#]));
}

#[tokio::test]
async fn there_is_one_job_for_each_key() {
    let site = Site::new();
    let job = "{ \"n\":1 }\n";
    assert_eq!(site.tell("POST /q/foo?uniq=a", job).await.said(), (201, ""));
    let again = site.tell("POST /q/foo?uniq=a", "{\"n\":2}").await;
    assert_eq!(again.said(), (400, r#"{"error":"job already exists"}"#));
    // Another key and another queue have nothing to do with it.
    assert_eq!(site.tell("POST /q/foo?uniq=b", "{}").await.status, 201);
    assert_eq!(site.tell("POST /q/bar?uniq=a", "{}").await.status, 201);
    assert_eq!(site.ask("HEAD /q/foo").await.header("content-length"), "10");
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, job));
    assert_eq!(site.tell("POST /q/foo?uniq=a", job).await.status, 201);
}

#[tokio::test]
async fn a_key_is_kept_while_its_job_waits_for_its_time() {
    let site = Site::new();
    let line = format!("POST /q/foo?uniq=a&delayed={}", site.now() + 100);
    assert_eq!(site.tell(&line, "{}").await.status, 201);
    assert_eq!(site.tell("POST /q/foo?uniq=a", "{}").await.status, 400);
    site.pass(100);
    assert_eq!(site.ask("GET /q/foo").await.said(), (200, "{}"));
    assert_eq!(site.tell("POST /q/foo?uniq=a", "{}").await.status, 201);
}

#[tokio::test]
async fn deleting_a_queue_leaves_nothing_of_it() {
    let site = Site::new();
    site.tell("POST /q/foo?uniq=a", "{\"n\":1}").await;
    let later = site.now() + 100;
    site.tell(&format!("POST /q/foo?uniq=b&delayed={later}"), "{}")
        .await;
    site.tell(&format!("POST /q/bar?delayed={later}"), "{}")
        .await;
    site.tell("POST /q/foo", "{}").await;
    site.ask("GET /q/foo").await;
    assert_eq!(site.ask("DELETE /q/foo").await.said(), (204, ""));
    assert_eq!(site.ask("DELETE /q/never").await.status, 204);
    let status = site.ask("GET /status/").await;
    assert_eq!(status.json(), json!({"queues": [], "size": 0}));
    let counts = json!({"queue_name": "foo", "job_count": 0, "job_failed": 0, "job_processed": 0});
    assert_eq!(site.ask("GET /j/foo").await.json(), counts);
    assert_eq!(
        site.ask("GET /control/foo").await.json()["status"],
        json!(null)
    );
    for key in ["a", "b"] {
        assert_eq!(
            site.tell(&format!("POST /q/foo?uniq={key}"), "{}")
                .await
                .status,
            201
        );
    }
    site.ask("DELETE /q/foo").await;
    site.pass(100);
    assert_eq!(site.ask("GET /q/foo").await.status, 404, "its delayed job");
    assert_eq!(
        site.ask("GET /q/bar").await.status,
        200,
        "that of another queue"
    );
}

#[tokio::test]
async fn numbers_count_what_was_fetched_and_what_failed() {
    let site = Site::new();
    for _ in 0..12 {
        site.tell("POST /q/foo", "{}").await;
    }
    site.ask("GET /q/foo").await;
    site.ask("GET /qb/foo").await;
    site.tell("PUT /q/foo", "{}").await;
    let counts = json!({
        "queue_name": "foo", "job_count": "2", "job_failed": "1", "job_processed": "11"
    });
    assert_eq!(site.ask("GET /j/foo").await.json(), counts);
}

#[tokio::test]
async fn a_worker_is_counted_by_whichever_way_it_names_itself() {
    let site = Site::new();
    // presque's own documents misspell the content type here.
    let misspelt = [("content-type", "appplication/json")];
    let register = request("POST /w/foo", &misspelt, r#"{"worker_id":"w 1"}"#);
    assert_eq!(site.send(register).await.said(), (201, ""));
    let by_header = [
        ("content-type", "application/json"),
        ("x-presque-workerid", "w 1"),
    ];
    for _ in 0..3 {
        site.tell("POST /q/foo", "{}").await;
    }
    site.ask("GET /q/foo?worker_id=w%201").await;
    site.send(request("GET /qb/foo", &by_header, "")).await;
    site.send(request("PUT /q/foo", &by_header, "{}")).await;
    let worker = site.ask("GET /w/?worker_id=w%201").await;
    let expected = json!({
        "worker_id": "w 1", "started_at": site.now(), "processed": "3", "failed": "1"
    });
    assert_eq!(worker.json(), expected);
    assert_eq!(site.ask("GET /w/w%201").await.json(), expected);
    assert_eq!(site.ask("GET /w/").await.json(), json!(["w 1"]));
    let of_queue = json!({
        "queue_name": "foo", "workers_list": ["w 1"], "processed": "3", "failed": "1"
    });
    assert_eq!(site.ask("GET /w/foo").await.json(), of_queue);
    assert_eq!(site.ask("GET /w/?queue_name=foo").await.json(), of_queue);
    // Registering again begins anew.
    site.tell("POST /w/foo?worker_id=w%201", "").await;
    assert_eq!(site.ask("GET /w/w%201").await.json()["processed"], "0");
    assert_eq!(
        site.ask("DELETE /w/foo?worker_id=w%201").await.said(),
        (204, "")
    );
    assert_eq!(site.ask("GET /w/").await.json(), json!([]));
    assert_eq!(site.ask("GET /w/?worker_id=w%201").await.status, 404);
}

#[tokio::test]
async fn workers_over_http_are_never_among_the_workers() {
    let site = Site::new();
    site.tell("POST /w/foo?worker_id=w1", "").await;
    site.tell("POST /q/foo", "{}").await;
    site.ask("POST /q/foo/lease?worker_id=w1").await;
    let workers = site.client.backend().unwrap().workers();
    let listing = workers.workers().await.unwrap();
    assert!(listing.workers.is_empty() && listing.unreadable.is_empty());
}

#[tokio::test]
async fn a_batch_ignores_a_key_and_says_so() {
    let site = Site::new();
    let answer = site
        .tell("POST /qb/foo?uniq=z", r#"{"jobs":[{"n":1},{"n":1}]}"#)
        .await;
    assert_eq!(answer.status, 201);
    assert!(answer.header("x-resque-warning").contains("uniq"));
    assert_eq!(site.waiting("foo").await.len(), 2);
}

#[tokio::test]
async fn a_batch_with_one_bad_job_puts_in_none() {
    let site = Site::new();
    let answer = site.tell("POST /qb/foo", r#"{"jobs":[{"n":1},[]]}"#).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("jobs[1] must be a JSON object"),
        "{}",
        answer.text()
    );
    assert!(site.waiting("foo").await.is_empty());
}

#[tokio::test]
async fn the_interface_works_within_another_router() {
    let mut site = Site::new();
    site.router = axum::Router::new().nest("/jobs", site.router);
    assert_eq!(site.tell("POST /jobs/q/a/b", "{}").await.status, 201);
    assert_eq!(site.waiting("a/b").await, ["{}"]);
    assert_eq!(
        site.ask("GET /jobs/q/").await.text(),
        r#"{"error":"queue name is missing"}"#
    );
    assert_eq!(site.ask("GET /jobs/q/a/b").await.said(), (200, "{}"));
}

/// Sends a body with an `Idempotency-Key`, and gives the status and whether it was known.
async fn keyed(site: &Site, line: &str, key: &str, body: &str) -> (u16, bool) {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let answer = site.send(request(line, &headers, body.to_owned())).await;
    let replayed = answer.header("idempotency-replayed") == "true";
    (answer.status.as_u16(), replayed)
}

#[tokio::test]
async fn a_request_that_is_sent_again_puts_in_no_second_job() {
    let site = Site::new();
    let line = "POST /q/foo";
    assert_eq!(keyed(&site, line, "k", "{\"n\":1}").await, (201, false));
    assert_eq!(keyed(&site, line, "k", "{\"n\":1}").await, (201, true));
    site.ask("GET /q/foo").await;
    assert_eq!(
        keyed(&site, line, "k", "{\"n\":1}").await,
        (201, true),
        "once it was fetched"
    );
    assert_eq!(
        keyed(&site, line, "k", "{\"n\":2}").await,
        (422, false),
        "another job"
    );
    let later = format!("POST /q/foo?delayed={}", site.now() + 9);
    assert_eq!(keyed(&site, &later, "k", "{\"n\":1}").await, (422, false));
    assert_eq!(
        keyed(&site, "POST /q/bar", "k", "{\"n\":2}").await,
        (201, false)
    );
    assert_eq!(keyed(&site, line, "", "{}").await, (400, false));
    site.pass(86_401);
    assert_eq!(
        keyed(&site, line, "k", "{\"n\":2}").await,
        (201, false),
        "a day later"
    );
    assert_eq!(site.waiting("foo").await, ["{\"n\":2}"]);
}

#[tokio::test]
async fn a_batch_that_is_sent_again_puts_in_none() {
    let site = Site::new();
    let (line, body) = ("POST /qb/foo", r#"{"jobs":[{"n":1},{"n":1}]}"#);
    assert_eq!(keyed(&site, line, "k", body).await, (201, false));
    assert_eq!(keyed(&site, line, "k", body).await, (201, true));
    let longer = r#"{"jobs":[{"n":1},{"n":1},{"n":3}]}"#;
    assert_eq!(keyed(&site, line, "k", longer).await, (422, false));
    assert_eq!(site.waiting("foo").await.len(), 2);
}

#[tokio::test]
async fn a_unique_job_that_is_sent_again_is_known_by_its_request() {
    let site = Site::new();
    let line = "POST /q/foo?uniq=a";
    assert_eq!(keyed(&site, line, "k", "{}").await, (201, false));
    assert_eq!(keyed(&site, line, "k", "{}").await, (201, true));
    assert_eq!(keyed(&site, line, "other", "{}").await, (400, false));
    assert_eq!(keyed(&site, line, "k", "{\"n\":1}").await, (422, false));
    assert_eq!(site.waiting("foo").await.len(), 1);
}

#[tokio::test]
async fn a_key_is_not_used_up_by_a_request_that_was_refused() {
    let site = Site::new();
    let line = "POST /q/foo?uniq=a";
    site.tell(line, "{}").await;
    assert_eq!(keyed(&site, line, "k", "{\"n\":1}").await, (400, false));
    site.ask("GET /q/foo").await;
    assert_eq!(keyed(&site, line, "k", "{\"n\":1}").await, (201, false));
    site.ask("GET /q/foo").await;
    assert_eq!(keyed(&site, line, "k", "{\"n\":1}").await, (201, true));
    assert!(site.waiting("foo").await.is_empty());
}
