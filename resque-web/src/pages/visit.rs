//! One request for a page: who asks, by which address.

use std::convert::Infallible;

use askama::Template;
use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Shell, Tab};
use crate::guard::{Role, Token, Visitor, cookie};
use crate::state::App;
use crate::view::clip;

/// The cookie that carries what a change did to the next page.
const NOTE: &str = "resque_note";
/// How long a note may be.
const MOST_NOTE: usize = 500;

/// One request for a page.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// What all handlers share.
    pub(crate) app: App,
    base: String,
    here: String,
    visitor: Visitor,
    csrf: String,
    note: Option<String>,
}

impl Visit {
    /// A path of ours as browsers see it.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// What is around the page.
    pub(crate) fn shell(&self, tab: Tab, title: impl Into<String>) -> Shell {
        let keyspace = self.app.client().backend();
        let keyspace = keyspace.and_then(|backend| backend.queues().keyspace());
        Shell {
            title: title.into(),
            base: self.base.clone(),
            may_change: self.visitor.role() == Role::Operator,
            login: self.visitor.login().to_owned(),
            csrf: self.csrf.clone(),
            note: self.note.clone(),
            here: self.here.clone(),
            now: self.app.now(),
            namespace: keyspace.map(|keyspace| keyspace.namespace().to_owned()),
            live: false,
            tab,
        }
    }

    /// After a change: leads back to a page of ours, which tells once what was done. `back` comes
    /// from the form; whatever is no page of ours is the overview.
    pub(crate) fn done(&self, note: impl AsRef<str>, back: &str) -> Response {
        let (note, _) = clip(note.as_ref(), MOST_NOTE);
        let note = URL_SAFE_NO_PAD.encode(note);
        let note = format!("{NOTE}={note}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
        let back = if self.is_ours(back) {
            back.to_owned()
        } else {
            self.link("/overview")
        };
        let headers = [(LOCATION, back), (SET_COOKIE, note)];
        (StatusCode::SEE_OTHER, headers).into_response()
    }

    /// Whether an address is a page of ours, and for no browser another site.
    fn is_ours(&self, address: &str) -> bool {
        let path = address.strip_prefix(&self.base);
        path.is_some_and(|path| path.starts_with('/') && !path.starts_with("//"))
            && address
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    }

    /// Answers with a page.
    pub(crate) fn page(&self, page: &impl Template) -> Response {
        match page.render() {
            Ok(html) if self.note.is_some() => {
                let forget = format!("{NOTE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
                ([(SET_COOKIE, forget)], Html(html)).into_response()
            }
            Ok(html) => Html(html).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let original = parts.extensions.get::<OriginalUri>();
        let original = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
        let base = match app.base_path() {
            Some(base) => base.to_owned(),
            None => base(original.path(), parts.uri.path()).to_owned(),
        };
        let query = parts.uri.query();
        let query = query.map_or(String::new(), |query| format!("?{query}"));
        let extensions = &parts.extensions;
        let csrf = extensions.get::<Token>().map(Token::as_str);
        let note = cookie(&parts.headers, NOTE)
            .and_then(|note| URL_SAFE_NO_PAD.decode(note).ok())
            .and_then(|note| String::from_utf8(note).ok());
        Ok(Self {
            app: app.clone(),
            here: format!("{base}{}{query}", parts.uri.path()),
            base,
            visitor: extensions
                .get::<Visitor>()
                .cloned()
                .unwrap_or_else(|| Visitor::new("", Role::ReadOnly)),
            csrf: csrf.unwrap_or_default().to_owned(),
            note: note.filter(|note| !note.is_empty()),
        })
    }
}

/// What a router around ours took away from the path.
fn base<'a>(original: &'a str, ours: &str) -> &'a str {
    let base = original.strip_suffix(ours).unwrap_or(original);
    base.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_what_was_taken_away() {
        assert_eq!(base("/jobs/overview", "/overview"), "/jobs");
        assert_eq!(base("/overview", "/overview"), "");
        assert_eq!(base("/jobs", "/"), "/jobs");
        assert_eq!(base("/jobs/", "/"), "/jobs");
        assert_eq!(base("/", "/"), "");
    }
}
