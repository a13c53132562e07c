//! Leases: jobs that go back by themselves unless they are settled.

use std::time::Duration;

use serde_json::{Value, json};

use crate::site::Site;

async fn leased(site: &Site, query: &str) -> Vec<Value> {
    let answer = site.ask(&format!("POST /q/foo/lease{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["jobs"].as_array().unwrap().clone()
}

fn receipt(job: &Value) -> String {
    job["receipt"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_leased_job_is_done_when_it_is_acknowledged() {
    let site = Site::new();
    let job = "{ \"big\" : 12345678901234567890123 }";
    site.tell("POST /q/foo", job).await;
    let answer = site.ask("POST /q/foo/lease?ttl=30").await;
    let text = answer.text();
    assert!(text.contains(&format!("\"job\":{job}}}")), "{text}");
    let lease = &answer.json()["jobs"][0];
    assert_eq!(lease["queue"], "foo");
    assert_eq!(lease["attempt"], 1);
    assert_eq!(lease["expires_at"], site.now() + 30);
    assert!(leased(&site, "").await.is_empty(), "it is leased already");
    let ack = json!({"receipt": receipt(lease)}).to_string();
    assert_eq!(
        site.tell("POST /lease/ack", ack.clone()).await.said(),
        (204, "")
    );
    let again = site.tell("POST /lease/ack", ack).await;
    assert_eq!(again.status, 410);
    assert!(again.text().contains("the lease is over"));
    site.pass(1_000);
    assert!(leased(&site, "").await.is_empty());
    assert_eq!(site.ask("GET /j/foo").await.json()["job_processed"], "1");
    assert_eq!(
        site.client.stats().unwrap().get("processed").await.unwrap(),
        1
    );
}

#[tokio::test]
async fn a_lease_that_runs_out_goes_back() {
    let site = Site::new();
    site.tell("POST /q/foo", "{\"n\":1}").await;
    site.tell("POST /q/foo", "{\"n\":2}").await;
    let first = leased(&site, "?ttl=30").await.remove(0);
    site.pass(29);
    assert_eq!(leased(&site, "").await[0]["job"], json!({"n": 2}));
    site.pass(1);
    let again = leased(&site, "").await.remove(0);
    assert_eq!(
        (&again["job"], &again["attempt"]),
        (&json!({"n": 1}), &json!(2))
    );
    let late = json!({"receipt": receipt(&first)}).to_string();
    for path in ["ack", "release", "extend", "fail"] {
        let answer = site
            .tell(&format!("POST /lease/{path}"), late.clone())
            .await;
        assert_eq!(answer.status, 410, "{path}");
    }
    assert!(site.client.failures().unwrap().count().await.unwrap() == 0);
}

#[tokio::test]
async fn a_lease_can_be_extended() {
    let site = Site::new();
    site.tell("POST /q/foo", "{}").await;
    let lease = leased(&site, "?ttl=30").await.remove(0);
    site.pass(20);
    let body = json!({"receipt": receipt(&lease)}).to_string();
    let answer = site.tell("POST /lease/extend?ttl=30", body.clone()).await;
    assert_eq!(answer.json(), json!({"expires_at": site.now() + 30}));
    site.pass(29);
    assert!(leased(&site, "").await.is_empty());
    assert_eq!(site.tell("POST /lease/ack", body).await.status, 204);
}

#[tokio::test]
async fn a_released_job_is_the_next_one_and_counts_nothing() {
    let site = Site::new();
    for n in 1..=3 {
        site.tell("POST /q/foo", format!("{{\"n\":{n}}}")).await;
    }
    let leases = leased(&site, "?max=2").await;
    let receipts: Vec<String> = leases.iter().map(receipt).collect();
    let body = json!({ "receipts": receipts }).to_string();
    let answer = site.tell("POST /lease/release", body).await;
    assert_eq!(answer.json(), json!({"done": 2, "lost": []}));
    let jobs: Vec<Value> = leased(&site, "?max=10").await;
    let jobs: Vec<&Value> = jobs.iter().map(|job| &job["job"]["n"]).collect();
    assert_eq!(jobs, [1, 2, 3]);
    assert_eq!(site.ask("GET /j/foo").await.json()["job_processed"], 0);
}

#[tokio::test]
async fn a_failed_job_is_recorded_with_its_exact_bytes() {
    let site = Site::new();
    let job = r#"{"class":"Mail", "args":[1.00]}"#;
    site.tell("POST /w/foo?worker_id=w1", "").await;
    site.tell("POST /q/foo", job).await;
    let lease = leased(&site, "?worker_id=w1").await.remove(0);
    let body = json!({
        "receipt": receipt(&lease), "exception": "IOError", "error": "disk full",
        "backtrace": ["a.sh:1"]
    });
    let answer = site.tell("POST /lease/fail", body.to_string()).await;
    assert_eq!(answer.said(), (204, ""));
    let failures = site.client.failures().unwrap();
    let entries = failures.all(0, 10).await.unwrap();
    let record = entries[0].content.record().unwrap();
    assert_eq!(record.payload.as_bytes(), job.as_bytes());
    assert_eq!(
        (&*record.exception, &*record.error),
        ("IOError", "disk full")
    );
    assert_eq!((&*record.worker, &*record.queue), ("w1", "foo"));
    assert_eq!(record.backtrace, ["a.sh:1"]);
    let counts = site.ask("GET /j/foo").await.json();
    assert_eq!(
        (&counts["job_processed"], &counts["job_failed"]),
        (&json!("1"), &json!("1"))
    );
    assert_eq!(site.ask("GET /w/w1").await.json()["failed"], "1");
}

#[tokio::test]
async fn a_failed_job_may_be_tried_again_later() {
    let site = Site::new();
    site.tell("POST /q/foo?uniq=a", "{}").await;
    let lease = leased(&site, "").await.remove(0);
    let body = json!({"receipt": receipt(&lease), "error": "busy", "retry_in": 60});
    assert_eq!(
        site.tell("POST /lease/fail", body.to_string()).await.status,
        204
    );
    assert_eq!(
        site.tell("POST /q/foo?uniq=a", "{}").await.status,
        400,
        "its key is kept"
    );
    site.pass(59);
    assert!(leased(&site, "").await.is_empty());
    site.pass(1);
    assert_eq!(leased(&site, "").await[0]["job"], json!({}));
}

#[tokio::test]
async fn the_key_of_a_leased_job_is_given_up_when_it_is_settled() {
    let site = Site::new();
    for (path, free) in [("release", false), ("ack", true), ("fail", true)] {
        site.ask("DELETE /q/foo").await;
        assert_eq!(
            site.tell("POST /q/foo?uniq=a", "{\"n\":1}").await.status,
            201,
            "{path}"
        );
        let lease = leased(&site, "").await.remove(0);
        assert_eq!(lease["job"], json!({"n": 1}));
        assert_eq!(
            site.tell("POST /q/foo?uniq=a", "{}").await.status,
            400,
            "{path}"
        );
        let body = json!({"receipt": receipt(&lease)}).to_string();
        assert_eq!(
            site.tell(&format!("POST /lease/{path}"), body).await.status,
            204
        );
        let status = site.tell("POST /q/foo?uniq=a", "{}").await.status;
        assert_eq!(status == 201, free, "{path}");
    }
}

#[tokio::test]
async fn several_queues_are_leased_from_in_order() {
    let site = Site::new();
    for queue in ["low", "high", "other"] {
        site.tell(&format!("POST /q/{queue}"), "{}").await;
    }
    let answer = site.ask("POST /q/high,low/lease?max=5").await.json();
    let queues: Vec<&Value> = answer["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["queue"])
        .collect();
    assert_eq!(queues, ["high", "low"]);
    let answer = site.ask("POST /q/*/lease?max=5").await.json();
    assert_eq!(answer["jobs"][0]["queue"], "other");
}

#[tokio::test]
async fn what_is_no_json_is_leased_as_hex() {
    let site = Site::new();
    site.push("foo", &b"\xff no"[..]).await;
    let lease = leased(&site, "").await.remove(0);
    assert_eq!(
        (&lease["job"], &lease["hex"]),
        (&Value::Null, &json!("ff206e6f"))
    );
}

/// Asks for a lease and waits, in a task of its own, until it sleeps.
async fn waiting(site: &Site, line: &str) -> tokio::task::JoinHandle<Value> {
    let (router, line) = (site.router.clone(), line.to_owned());
    let other = Site {
        clock: site.clock.clone(),
        client: site.client.clone(),
        router,
    };
    let task = tokio::spawn(async move { other.ask(&line).await.json() });
    site.clock.parked(1).await;
    task
}

#[tokio::test]
async fn a_long_poll_is_answered_as_soon_as_a_job_comes() {
    let site = Site::new();
    let task = waiting(&site, "POST /q/foo/lease?wait=30").await;
    site.tell("POST /q/foo", "{\"n\":1}").await;
    assert_eq!(task.await.unwrap()["jobs"][0]["job"], json!({"n": 1}));
}

#[tokio::test]
async fn a_long_poll_ends_when_its_time_is_over() {
    let site = Site::new();
    let task = waiting(&site, "POST /q/foo/lease?wait=3").await;
    site.clock.advance(Duration::from_millis(2_999));
    site.clock.parked(1).await;
    assert!(!task.is_finished());
    site.clock.advance(Duration::from_millis(1));
    assert_eq!(task.await.unwrap(), json!({"jobs": []}));
}

#[tokio::test]
async fn a_long_poll_sees_a_delayed_job_at_its_time() {
    let site = Site::new();
    let task = waiting(&site, "POST /q/foo/lease?wait=30").await;
    let line = format!("POST /q/foo?delayed={}", site.now() + 2);
    site.tell(&line, "{}").await;
    // Woken by the note of it, it sleeps again until then.
    tokio::task::yield_now().await;
    site.clock.parked(1).await;
    site.pass(2);
    assert_eq!(task.await.unwrap()["jobs"][0]["job"], json!({}));
}

#[tokio::test]
async fn a_long_poll_gets_what_another_holder_has_lost() {
    let site = Site::new();
    site.tell("POST /q/foo", "{}").await;
    leased(&site, "?ttl=2").await;
    let task = waiting(&site, "POST /q/foo/lease?wait=30").await;
    site.pass(2);
    assert_eq!(task.await.unwrap()["jobs"][0]["attempt"], 2);
}

#[tokio::test]
async fn a_long_poll_that_is_given_up_takes_nothing() {
    let site = Site::new();
    let task = waiting(&site, "POST /q/foo/lease?wait=30").await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    site.tell("POST /q/foo", "{}").await;
    assert_eq!(site.waiting("foo").await, ["{}"]);
}

#[tokio::test]
async fn receipts_are_said_one_or_many() {
    let site = Site::new();
    for body in [
        "{}",
        r#"{"receipt":"1","receipts":[]}"#,
        "[]",
        "",
        r#"{"receipt":7}"#,
    ] {
        assert_eq!(
            site.tell("POST /lease/ack", body).await.status,
            400,
            "{body}"
        );
    }
    let many = json!({"receipts": vec!["1"; 1_001]}).to_string();
    assert_eq!(site.tell("POST /lease/ack", many).await.status, 400);
    let unknown = site
        .tell("POST /lease/ack", r#"{"receipts":["nope"]}"#)
        .await;
    assert_eq!(unknown.json(), json!({"done": 0, "lost": ["nope"]}));
}

/// Leases the one job of "foo" for a second and lets it run out, and answers which attempts that were.
async fn lose(site: &Site, times: usize) -> Vec<u64> {
    let mut attempts = Vec::new();
    for _ in 0..times {
        let leases = leased(site, "?ttl=1").await;
        attempts.extend(leases.iter().map(|one| one["attempt"].as_u64().unwrap()));
        site.pass(1);
    }
    attempts
}

#[tokio::test]
async fn a_job_whose_leases_ran_out_too_often_is_recorded_as_failed() {
    let site = Site::new();
    let job = "{ \"deadly\" : 1.00 }";
    site.tell("POST /q/foo?uniq=a", job).await;
    assert_eq!(lose(&site, 3).await, [1, 2, 3]);
    site.tell("POST /q/foo", "{\"n\":2}").await;
    let next = leased(&site, "?max=5").await;
    assert_eq!(next.len(), 1, "nobody is given it any more: {next:?}");
    assert_eq!(next[0]["job"], json!({"n": 2}));
    let failures = site.client.failures().unwrap();
    let entries = failures.all(0, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    let record = entries[0].content.record().unwrap();
    assert_eq!(
        (&*record.exception, &*record.queue),
        ("Resque::DirtyExit", "foo")
    );
    assert!(record.error.starts_with("3 leases"), "{}", record.error);
    let stats = site.client.stats().unwrap();
    assert_eq!(
        stats.get("failed").await.unwrap(),
        0,
        "no attempt has ended"
    );
    let again = site.tell("POST /q/foo?uniq=a", "{}").await;
    assert_eq!(again.status, 201, "its key is free");
    // Back in its queue it begins anew, with the bytes that it had.
    failures.retry(&entries[0].id).await.unwrap();
    let back = leased(&site, "?max=5").await;
    let back = back.iter().find(|one| one["job"]["deadly"] == 1.0).unwrap();
    assert_eq!(back["attempt"], 1);
}

#[tokio::test]
async fn behind_a_deadly_job_others_are_leased_at_once() {
    let site = Site::with(|interface| interface.most_losses(1));
    for n in 1..=2 {
        site.tell("POST /q/foo", format!("{{\"n\":{n}}}")).await;
    }
    assert_eq!(lose(&site, 1).await, [1]);
    assert_eq!(leased(&site, "").await[0]["job"], json!({"n": 2}));
    assert!(leased(&site, "").await.is_empty());
    assert_eq!(site.client.failures().unwrap().count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_made_up_receipt_is_over_and_frees_nothing() {
    let site = Site::new();
    site.tell("POST /q/foo?uniq=a", "{}").await;
    let lease = leased(&site, "").await.remove(0);
    let real = receipt(&lease);
    let (loan, lock) = real.split_once('!').unwrap();
    for text in [
        "",
        "\0",
        "\u{1f980}",
        "!",
        "9223372036854775808",
        "-1",
        "+1",
        " 1",
        "1e3",
        "NaN",
        "1.2.3",
        "'; drop table jobs; --",
        "\n",
        &"9".repeat(10_000),
        &format!("{loan} "),
        &format!("0!{lock}"),
        &format!("{loan}0!{lock}"),
    ] {
        let body = json!({ "receipt": text }).to_string();
        for path in ["ack", "fail", "extend", "release"] {
            let answer = site
                .tell(&format!("POST /lease/{path}"), body.clone())
                .await;
            assert_eq!(answer.status, 410, "{path} {text:?}: {}", answer.text());
        }
    }
    assert_eq!(site.tell("POST /q/foo?uniq=a", "{}").await.status, 400);
    let body = json!({ "receipt": real }).to_string();
    assert_eq!(site.tell("POST /lease/ack", body).await.status, 204);
}
