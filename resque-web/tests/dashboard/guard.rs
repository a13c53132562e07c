//! Who is let in, and what is refused.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use resque_web::{Access, Dashboard, Role, Visitor};
use serde_json::json;

use crate::support::{Browser, Site, form, get, post, request};

pub(crate) fn basic(user: &str, password: &str, mut request: Request<Body>) -> Request<Body> {
    let said = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    request
        .headers_mut()
        .insert("authorization", said.parse().unwrap());
    request
}

fn bearer(token: &str, mut request: Request<Body>) -> Request<Body> {
    let said = format!("Bearer {token}");
    request
        .headers_mut()
        .insert("authorization", said.parse().unwrap());
    request
}

pub(crate) const ELSEWHERE: &str = "192.0.2.7:4000";

#[tokio::test]
async fn every_answer_tells_browsers_what_to_keep_to() {
    let site = Site::new();
    let mut foreign = get("/overview");
    foreign
        .headers_mut()
        .insert("host", "evil.example".parse().unwrap());
    for (request, status) in [
        (get("/overview"), StatusCode::OK),
        (get("/api/v1/overview"), StatusCode::OK),
        (get("/nowhere"), StatusCode::NOT_FOUND),
        (get("/healthz"), StatusCode::OK),
        (foreign, StatusCode::MISDIRECTED_REQUEST),
    ] {
        let answer = site.send(request).await;
        assert_eq!(answer.status, status);
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
    }
}

#[tokio::test]
async fn pages_hold_no_code_and_no_style() {
    let site = Site::new();
    site.push("q", r#"{"class":"A","args":[]}"#).await;
    for path in [
        "/overview",
        "/queues",
        "/queue?name=q",
        "/workers",
        "/backend",
        "/nowhere",
    ] {
        let page = site.send(get(path)).await.text;
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        assert!(page.contains("<script src=\"/assets/"), "{path}");
        for inline in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn nothing_changes_by_a_get() {
    let site = Site::new();
    for path in ["/pause", "/queue/remove?queue=q", "/api/v1/pause"] {
        let answer = site.send(get(path)).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    assert!(!site.client.is_paused().await.unwrap());
}

#[tokio::test]
async fn a_form_needs_the_token_of_this_browser_and_a_page_of_ours() {
    let site = Site::new();
    let ours = site.browse().await;
    let theirs = site.browse().await;
    let mixed = Browser {
        cookie: theirs.cookie.clone(),
        token: ours.token.clone(),
    };
    let none = Browser {
        cookie: String::new(),
        ..ours.clone()
    };
    let guessed = Browser {
        token: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        ..ours.clone()
    };
    for (browser, from) in [
        (&mixed, "same-origin"),
        (&none, "same-origin"),
        (&guessed, "same-origin"),
        (&ours, "cross-site"),
        (&ours, "same-site"),
        (&ours, "none"),
    ] {
        let answer = site.send(form("/pause", &[], browser, from)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{browser:?} {from}");
    }
    let mut foreign = form("/pause", &[], &ours, "same-origin");
    foreign
        .headers_mut()
        .insert("origin", "http://evil.example".parse().unwrap());
    assert_eq!(site.send(foreign).await.status, StatusCode::FORBIDDEN);
    assert!(!site.client.is_paused().await.unwrap());
    let fine = site.send(form("/pause", &[], &ours, "same-origin")).await;
    assert_eq!(fine.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn no_page_of_another_site_changes_anything_by_json() {
    let site = Site::new();
    let change = |name: &'static str, value: &'static str| {
        let mut request = post("/api/v1/pause", &json!({}));
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let answer = site.send(change(name, value)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    // What a page of another site can send without asking us first.
    for kind in [
        "text/plain",
        "multipart/form-data",
        "text/plain; application/json",
        "",
    ] {
        let answer = site.send(change("content-type", kind)).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let form = site
        .send(change("content-type", "application/x-www-form-urlencoded"))
        .await;
    assert_eq!(form.status, StatusCode::FORBIDDEN);
    let preflight =
        request(Method::OPTIONS, "/api/v1/pause").header("origin", "http://evil.example");
    let preflight = site.send(preflight.body(Body::empty()).unwrap()).await;
    assert!(!preflight.status.is_success());
    assert_eq!(preflight.header("access-control-allow-origin"), "");
    assert!(!site.client.is_paused().await.unwrap());
}

#[tokio::test]
async fn an_unknown_host_is_refused_on_this_machine_too() {
    let site = Site::with(|dashboard| dashboard.allow_host("jobs.example"));
    for (host, status) in [
        ("jobs.example", StatusCode::OK),
        ("127.0.0.1:5678", StatusCode::OK),
        ("evil.example:5678", StatusCode::MISDIRECTED_REQUEST),
        ("", StatusCode::MISDIRECTED_REQUEST),
    ] {
        let mut request = get("/api/v1/overview");
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(site.send(request).await.status, status, "{host}");
    }
}

#[tokio::test]
async fn without_a_login_only_this_machine_is_let_in() {
    let site = Site::new();
    assert_eq!(site.send(get("/overview")).await.status, StatusCode::OK);
    let v6 = site.send_from("[::1]:9", get("/overview")).await;
    assert_eq!(v6.status, StatusCode::OK);
    let elsewhere = site.send_from(ELSEWHERE, get("/overview")).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
    let unknown = site.send_as_it_is(get("/overview")).await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN);
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let mut passed_on = get("/overview");
        passed_on
            .headers_mut()
            .insert(header, "127.0.0.1".parse().unwrap());
        assert_eq!(
            site.send(passed_on).await.status,
            StatusCode::FORBIDDEN,
            "{header}"
        );
    }
}

#[tokio::test]
async fn nobody_is_let_in_by_forgetting() {
    let client = Site::new().client;
    let open = "0.0.0.0:5678".parse().unwrap();
    let refused = Dashboard::new(client.clone()).check(open).unwrap_err();
    assert!(refused.to_string().contains("password"), "{refused}");
    Dashboard::new(client.clone())
        .check("127.0.0.1:1".parse().unwrap())
        .unwrap();
    let access = Access::bearer("t");
    Dashboard::new(client).access(access).check(open).unwrap();
}

#[tokio::test]
async fn passwords_and_tokens_open_what_their_role_may() {
    let site = Site::with(|dashboard| {
        dashboard.access(
            Access::basic("ada", "secret")
                .and_basic("grace", "other", Role::ReadOnly)
                .and_bearer("machine", Role::Operator),
        )
    });
    let page = || get("/overview");
    let asked = site.send_from(ELSEWHERE, page()).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert!(asked.header("www-authenticate").starts_with("Basic "));
    assert!(!asked.text.contains("<nav"));
    for wrong in [
        basic("ada", "other", page()),
        basic("ada", "", page()),
        basic("eve", "secret", page()),
        bearer("secret", page()),
        bearer("", page()),
    ] {
        assert_eq!(site.send(wrong).await.status, StatusCode::UNAUTHORIZED);
    }
    let change = || post("/api/v1/pause", &json!({}));
    let seen = site
        .send_from(ELSEWHERE, basic("grace", "other", page()))
        .await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(seen.text.contains("grace") && !seen.text.contains("name=\"csrf\""));
    let kept = site.send(basic("grace", "other", change())).await;
    assert_eq!(kept.status, StatusCode::FORBIDDEN);
    assert!(!site.client.is_paused().await.unwrap());
    assert_eq!(
        site.send(basic("ada", "secret", change())).await.status,
        StatusCode::OK
    );
    assert_eq!(
        site.send(bearer("machine", change())).await.status,
        StatusCode::OK
    );
    // A token of Ada's browser is of no use to others.
    let adas = site.send(basic("ada", "secret", page())).await;
    let browser = Browser {
        cookie: adas.cookie(),
        token: adas.token(),
    };
    let stolen = bearer("machine", form("/resume", &[], &browser, "same-origin"));
    assert_eq!(site.send(stolen).await.status, StatusCode::FORBIDDEN);
    let own = basic(
        "ada",
        "secret",
        form("/resume", &[], &browser, "same-origin"),
    );
    assert_eq!(site.send(own).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_dashboard_for_reading_lets_nobody_change_anything() {
    let site = Site::with(Dashboard::read_only);
    let page = site.send(get("/overview")).await;
    assert!(page.text.contains("read only") && !page.text.contains("<form method=\"post\""));
    let change = site.send(post("/api/v1/pause", &json!({}))).await;
    assert_eq!(change.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_application_decides_where_it_is_asked() {
    #[derive(Clone)]
    struct Session(Role);
    let site = Site::with(|dashboard| {
        dashboard.access(Access::ask(async |head| {
            match head.extensions.get::<Session>() {
                Some(Session(role)) => Ok(Visitor::new("lin", *role)),
                None => {
                    let login = [("location", "/login")];
                    Err(Box::new((StatusCode::SEE_OTHER, login).into_response()))
                }
            }
        }))
    });
    let nobody = site.send_as_it_is(get("/overview")).await;
    assert_eq!(
        (nobody.status, nobody.header("location")),
        (StatusCode::SEE_OTHER, "/login")
    );
    for (role, status) in [
        (Role::ReadOnly, StatusCode::FORBIDDEN),
        (Role::Operator, StatusCode::OK),
    ] {
        let mut page = get("/overview");
        page.extensions_mut().insert(Session(role));
        assert!(site.send_as_it_is(page).await.text.contains("lin"));
        let mut change = post("/api/v1/pause", &json!({}));
        change.extensions_mut().insert(Session(role));
        assert_eq!(site.send_as_it_is(change).await.status, status);
    }
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let site = Site::new();
    let large = "x".repeat(2 << 20);
    let answer = site.submit("/pause", &[("x", &large)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = site
        .send(post("/api/v1/queue/stop", &json!({"queue": large})))
        .await;
    assert!(answer.status.is_client_error());
}
