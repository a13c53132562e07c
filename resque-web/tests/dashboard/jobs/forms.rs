//! Sending forms as a browser does, and JSON as a program does.

use axum::body::Body;
use axum::http::Request;

use crate::support::{Answer, Site, get};

/// What a browser knows of the site: its cookie and the token in its forms.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    cookie: String,
    csrf: String,
}

impl<'a> Browser<'a> {
    /// Looks at a page that always is there.
    pub(crate) async fn new(site: &'a Site) -> Self {
        let page = site.send(get("/failed")).await;
        let cookie = page.headers["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        site.push("csrf", r#"{"class":"Token","args":[]}"#).await;
        let page = Request::get("/queue?name=csrf")
            .header("host", "localhost:5678")
            .header("cookie", &cookie);
        let page = site.send(page.body(Body::empty()).unwrap()).await;
        site.client.remove_queue("csrf").await.unwrap();
        let csrf = between(&page.text, "name=\"csrf\" value=\"", "\"");
        Self { site, cookie, csrf }
    }

    /// Sends a form.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", self.csrf.as_str()), ("back", "/failed")];
        all.extend(fields);
        let form = serde_urlencoded::to_string(&all).unwrap();
        self.post_raw(path, form).await
    }

    /// Sends a form as it stands.
    pub(crate) async fn post_raw(&self, path: &str, form: String) -> Answer {
        let request = Request::post(path)
            .header("host", "localhost:5678")
            .header("origin", "http://localhost:5678")
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        self.site.send(request.body(form.into()).unwrap()).await
    }

    /// The fields of the form on this page whose action is `path`.
    pub(crate) fn fields(&self, page: &str, path: &str) -> Vec<(String, String)> {
        let form = between(page, &format!("action=\"{path}\""), "</form>");
        form.split("<input type=\"hidden\" ")
            .skip(1)
            .map(|input| {
                (
                    between(input, "name=\"", "\""),
                    between(input, "value=\"", "\""),
                )
            })
            .collect()
    }
}

/// Sends JSON.
pub(crate) async fn post_json(site: &Site, path: &str, body: &serde_json::Value) -> Answer {
    let request = Request::post(path)
        .header("host", "localhost:5678")
        .header("content-type", "application/json")
        .body(body.to_string().into());
    site.send(request.unwrap()).await
}

/// What stands between two texts.
pub(crate) fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start:?} in {text}"));
    rest.split_once(end).unwrap().0.to_owned()
}
