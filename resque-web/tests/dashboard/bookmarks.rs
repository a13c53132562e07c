//! The addresses of Ruby's pages lead to ours.

use axum::http::StatusCode;

use crate::support::{Site, get};

#[tokio::test]
async fn old_bookmarks_lead_to_what_shows_the_same() {
    let site = Site::new();
    site.push("a/b", r#"{"class":"A","args":[]}"#).await;
    site.work("web1:4711:a/b,c").await;
    for (old, new) in [
        ("/queues/a%2Fb", "/queue?name=a%2Fb"),
        ("/workers/all", "/workers"),
        ("/workers/web1", "/workers?host=web1"),
        (
            "/workers/web1:4711:a%2Fb,c",
            "/worker?id=web1%3A4711%3Aa%2Fb%2Cc",
        ),
        (
            "/working/web1:4711:a%2Fb,c",
            "/worker?id=web1%3A4711%3Aa%2Fb%2Cc",
        ),
        ("/failed/failed", "/failed"),
        ("/failed/mail_failed", "/failed?queue=mail"),
        ("/failed?start=20&class=Mail&order=asc", ""),
        ("/schedule", "/schedules"),
        ("/delayed/1795215600?start=20", "/delayed"),
        (
            "/delayed/jobs/Mail?args=%5B1%5D",
            "/search?place=delayed&text=Mail",
        ),
        ("/stats/resque", "/stats"),
        ("/stats/redis", "/backend"),
        ("/stats/keys", "/backend"),
    ] {
        let answer = site.send(get(old)).await;
        let page = match new {
            // One that kept its address.
            "" => answer,
            new => {
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{old}");
                assert_eq!(answer.header("location").replace("%5F", "_"), new, "{old}");
                site.send(get(new)).await
            }
        };
        assert_eq!(page.status, StatusCode::OK, "{old}: {}", page.text);
    }
    for none in ["/failed/other", "/delayed/soon", "/stats/other"] {
        let answer = site.send(get(none)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{none}");
        assert!(answer.text.contains("<nav"), "{none}");
    }
    let nested = Site {
        router: axum::Router::new().nest("/jobs", site.router),
        ..site
    };
    let answer = nested.send(get("/jobs/workers/web1")).await;
    assert_eq!(answer.header("location"), "/jobs/workers?host=web1");
}
