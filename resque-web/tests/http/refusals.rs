//! What is refused: each with its status and a clear word in JSON.

use axum::http::StatusCode;
use resque_web::{Access, Role};

use crate::site::{Answer, Site, request};

fn refused(answer: &Answer, status: u16, part: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(error.contains(part), "{error}");
}

#[tokio::test]
async fn a_page_of_another_site_takes_no_job() {
    let site = Site::new();
    site.tell("POST /q/foo", "{}").await;
    for headers in [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("origin", "http://evil.example")],
    ] {
        let answer = site.send(request("GET /q/foo", &headers, "")).await;
        refused(&answer, 403, "another site");
    }
    let rebound = request("GET /q/foo", &[("host", "evil.example")], "");
    refused(&site.send(rebound).await, 421, "host name");
    assert_eq!(site.waiting("foo").await.len(), 1);
    let typed = request("GET /q/foo", &[("sec-fetch-site", "none")], "");
    assert_eq!(site.send(typed).await.status, StatusCode::OK);
}

#[tokio::test]
async fn others_than_this_machine_have_to_say_who_they_are() {
    let site = Site::new();
    let answer = site
        .send_from("192.0.2.1:1", request("GET /q/foo", &[], ""))
        .await;
    refused(&answer, 403, "the machine");
    let site = Site::with(|interface| interface.access(Access::bearer("secret")));
    refused(&site.ask("GET /q/foo").await, 401, "who you are");
    let login = [("authorization", "Bearer secret")];
    let known = site.send(request("GET /q/foo", &login, "")).await;
    refused(&known, 404, "no job");
}

#[tokio::test]
async fn behind_a_trusted_proxy_only_who_guesses_waits() {
    let site = Site::with(|interface| {
        let interface = interface.access(Access::bearer("secret"));
        interface.trusted_proxy("10.0.0.1".parse().unwrap())
    });
    let guess = async |client: &str| {
        let headers = [("authorization", "Bearer guess"), ("forwarded", client)];
        let request = request("GET /q/foo", &headers, "");
        site.send_from("10.0.0.1:1", request).await
    };
    for _ in 0..10 {
        refused(&guess("for=198.51.100.1").await, 401, "who you are");
    }
    refused(&guess("for=198.51.100.1").await, 429, "too many");
    // A few may share the counter by chance, not all.
    let mut others = Vec::new();
    for number in 1..=8 {
        let client = format!("for=198.51.100.1, for=203.0.113.{number}");
        others.push(guess(&client).await.status);
    }
    assert!(others.contains(&StatusCode::UNAUTHORIZED), "{others:?}");
}

#[tokio::test]
async fn whoever_may_only_look_takes_nothing() {
    let access = Access::bearer("all").and_bearer("look", Role::ReadOnly);
    let site = Site::with(|interface| interface.access(access));
    site.push("foo", "{}").await;
    let login = [("authorization", "Bearer look")];
    for line in [
        "GET /q/foo",
        "GET /qb/foo",
        "POST /q/foo",
        "DELETE /q/foo",
        "POST /q/foo/lease",
        "POST /control/foo",
        "POST /lease/ack",
    ] {
        let answer = site.send(request(line, &login, "{}")).await;
        refused(&answer, 403, "look");
    }
    for line in [
        "HEAD /q/foo",
        "GET /j/foo",
        "GET /status/",
        "GET /control/foo",
        "GET /w/",
    ] {
        let answer = site.send(request(line, &login, "")).await;
        assert_eq!(answer.status, StatusCode::OK, "{line}");
    }
    assert_eq!(site.waiting("foo").await.len(), 1);
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let site = Site::with(|interface| interface.most_body(100));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
    refused(
        &site.tell("POST /q/foo", large.clone()).await,
        413,
        "too large",
    );
    refused(&site.tell("POST /w/foo", large).await, 413, "too large");
    assert_eq!(
        site.tell("POST /q/foo", "{}").await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn what_is_no_job_is_refused() {
    let site = Site::new();
    for (body, part) in [
        ("not json", "not JSON"),
        ("[]", "an object"),
        ("{\"a\":1", "not JSON"),
        ("{} {}", "not JSON"),
        (
            &format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200)),
            "nested 201 deep",
        ),
    ] {
        refused(&site.tell("POST /q/foo", body.to_owned()).await, 400, part);
        refused(&site.tell("PUT /q/foo", body.to_owned()).await, 400, part);
    }
    refused(
        &site.tell("POST /q/foo", &b"{\"a\":\"\xff\"}"[..]).await,
        400,
        "UTF-8",
    );
    refused(
        &site.tell("POST /q/foo", " \n").await,
        400,
        "job is missing",
    );
    assert!(site.waiting("foo").await.is_empty());
    assert_eq!(
        site.ask("GET /j/foo").await.json()["job_failed"],
        0,
        "of the PUTs"
    );
}

#[tokio::test]
async fn names_times_and_numbers_that_cannot_be_are_refused() {
    let site = Site::new();
    for (line, part) in [
        ("POST /q/a,b", "comma"),
        ("POST /q/a%00b", "control character"),
        ("POST /q/%FF", "UTF-8"),
        ("POST /q/foo?delayed=abc", "delayed must be"),
        ("POST /q/foo?delayed=-5", "delayed must be"),
        ("POST /q/foo?delayed=99999999999999", "delayed must be"),
        ("POST /q/foo?uniq=", "uniq must be"),
        ("POST /q/foo?uniq=a&uniq=b", "duplicate"),
        ("PUT /q/foo?worker_id=a%0Ab", "no worker id"),
        ("POST /qb/foo?delayed=x", "delayed must be"),
        ("POST /q/foo/lease?max=0", "max must be"),
        ("POST /q/foo/lease?wait=301", "wait must be"),
        ("POST /q/foo/lease?ttl=x", "ttl must be"),
        ("POST /q/!foo/lease", "at least one queue"),
        ("POST /q/%FF/lease", "UTF-8"),
        ("GET /qb/foo?batch_size=1001", "batch_size must be"),
        ("GET /w/?worker_id=a%0Ab", "no worker id"),
        ("GET /w/?queue_name=a,b", "comma"),
    ] {
        let answer = site.tell(line, "{\"jobs\":[]}").await;
        refused(&answer, 400, part);
    }
    let long = format!("POST /q/{}", "q".repeat(256));
    refused(&site.tell(&long, "{}").await, 400, "255");
    let header = [("content-type", "text/plain")];
    let plain = site.send(request("POST /q/foo", &header, "{}")).await;
    refused(&plain, 400, "content-type must be set to application/json");
}

#[tokio::test]
async fn paths_and_methods_that_are_none_are_told_apart() {
    let site = Site::new();
    for line in [
        "GET /nope",
        "GET /q",
        "GET /lease/",
        "POST /lease/nope",
        "GET /stats/",
    ] {
        refused(&site.ask(line).await, 404, "nothing here");
    }
    for (line, allow) in [
        ("PATCH /q/foo", "GET, HEAD, POST, PUT, DELETE"),
        ("OPTIONS /q/foo", "GET, HEAD, POST, PUT, DELETE"),
        ("PATCH /qb/foo", "GET, POST"),
        ("POST /j/foo", "GET, HEAD"),
        ("DELETE /status/foo", "GET, HEAD"),
        ("PUT /control/foo", "GET, HEAD, POST"),
        ("PUT /w/foo", "GET, HEAD, POST, DELETE"),
        ("GET /lease/ack", "POST"),
        ("POST /", "GET, HEAD"),
    ] {
        let answer = site.ask(line).await;
        refused(&answer, 405, "method not allowed");
        assert_eq!(answer.header("allow"), allow, "{line}");
    }
}
