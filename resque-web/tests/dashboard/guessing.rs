//! Wrong logins, and whom they are counted for.

use std::time::Duration;

use axum::http::StatusCode;
use resque_web::Access;

use crate::guard::{ELSEWHERE, basic};
use crate::support::{Site, get};

#[tokio::test]
async fn guessing_passwords_is_slow_and_only_for_who_guesses() {
    let site = Site::with(|dashboard| dashboard.access(Access::basic("ada", "secret")));
    let wrong = || basic("ada", "guess", get("/overview"));
    let right = || basic("ada", "secret", get("/overview"));
    for _ in 0..10 {
        assert_eq!(
            site.send_from(ELSEWHERE, wrong()).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    let limited = site.send_from(ELSEWHERE, right()).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = limited.header("retry-after").parse().unwrap();
    site.clock.advance(Duration::from_secs(wait));
    assert_eq!(
        site.send_from(ELSEWHERE, right()).await.status,
        StatusCode::OK
    );
    // Whoever says nothing is asked, and does not count.
    for _ in 0..20 {
        let asked = site.send_from("192.0.2.8:1", get("/overview")).await;
        assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        site.send_from("192.0.2.8:1", right()).await.status,
        StatusCode::OK
    );
}

/// The answers to wrong logins that the proxy at `peer` passes on for `client`.
async fn guesses(site: &Site, peer: &str, client: &str, times: usize) -> Vec<StatusCode> {
    let mut answers = Vec::new();
    for _ in 0..times {
        let mut wrong = basic("ada", "guess", get("/overview"));
        let told = client.parse().unwrap();
        wrong.headers_mut().insert("x-forwarded-for", told);
        answers.push(site.send_from(peer, wrong).await.status);
    }
    answers
}

const PROXY: &str = "10.0.0.1:4000";

#[tokio::test]
async fn behind_a_trusted_proxy_only_who_guesses_waits() {
    let site = Site::with(|dashboard| {
        let dashboard = dashboard.access(Access::basic("ada", "secret"));
        dashboard.trusted_proxy("10.0.0.0/8".parse().unwrap())
    });
    let first = guesses(&site, PROXY, "198.51.100.1", 11).await;
    assert_eq!(first[..10], [StatusCode::UNAUTHORIZED; 10]);
    assert_eq!(first[10], StatusCode::TOO_MANY_REQUESTS);
    // Whatever they make up before their address.
    for made_up in ["203.0.113.5", "10.0.0.9", "nonsense"] {
        let client = format!("{made_up}, 198.51.100.1, 10.7.7.7");
        let more = guesses(&site, PROXY, &client, 1).await;
        assert_eq!(more, [StatusCode::TOO_MANY_REQUESTS], "{client}");
    }
    // A few may share the counter by chance, not all.
    let mut others = Vec::new();
    for number in 1..=8 {
        others.extend(guesses(&site, PROXY, &format!("203.0.113.{number}"), 1).await);
    }
    assert!(others.contains(&StatusCode::UNAUTHORIZED), "{others:?}");
}

#[tokio::test]
async fn nobody_else_says_where_they_come_from() {
    for trusted in [None, Some("10.0.0.0/8")] {
        let site = Site::with(|dashboard| {
            let dashboard = dashboard.access(Access::basic("ada", "secret"));
            match trusted {
                Some(proxy) => dashboard.trusted_proxy(proxy.parse().unwrap()),
                None => dashboard,
            }
        });
        for number in 0..10 {
            guesses(&site, ELSEWHERE, &format!("198.51.100.{number}"), 1).await;
        }
        let more = guesses(&site, ELSEWHERE, "203.0.113.5", 1).await;
        assert_eq!(more, [StatusCode::TOO_MANY_REQUESTS], "{trusted:?}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_lets_nobody_in_as_this_machine() {
    let site = Site::with(|dashboard| dashboard.trusted_proxy("127.0.0.1".parse().unwrap()));
    let mut passed_on = get("/overview");
    let told = "127.0.0.1".parse().unwrap();
    passed_on.headers_mut().insert("x-forwarded-for", told);
    assert_eq!(site.send(passed_on).await.status, StatusCode::FORBIDDEN);
}
