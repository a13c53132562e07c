//! Who gets to the dashboard.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

async fn shop() -> Router {
    let backend = resque::connect("memory:").await.unwrap();
    app(Client::new(backend), Sessions::default())
}

async fn send(app: &Router, request: Request<Body>) -> (StatusCode, String, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let cookie = response.headers().get("set-cookie");
    let cookie = cookie.map_or("", |cookie| cookie.to_str().unwrap());
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, cookie, String::from_utf8(body.to_vec()).unwrap())
}

async fn log_in(app: &Router, name: &str, password: &str) -> String {
    let login = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
    let login = login.body(Body::from(format!("name={name}&password={password}")));
    send(app, login.unwrap()).await.1
}

fn jobs(cookie: &str) -> Request<Body> {
    let request = Request::get("/jobs/overview").header("host", "shop.example");
    request
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn whoever_is_not_logged_in_is_sent_to_the_login() {
    let app = shop().await;
    assert_eq!(send(&app, jobs("")).await.0, StatusCode::SEE_OTHER);
    assert_eq!(
        send(&app, jobs("session=guess")).await.0,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn everybody_gets_what_they_may() {
    let app = shop().await;
    let ada = log_in(&app, "ada", "lovelace").await;
    let (status, _, page) = send(&app, jobs(&ada)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("href=\"/jobs/queues\"") && page.contains("Pause all workers"));
    let grace = log_in(&app, "grace", "hopper").await;
    let (_, _, page) = send(&app, jobs(&grace)).await;
    assert!(page.contains("read only") && !page.contains("Pause all workers"));
    let eve = log_in(&app, "eve", "guest").await;
    assert_eq!(send(&app, jobs(&eve)).await.0, StatusCode::FORBIDDEN);
}
