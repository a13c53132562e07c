//! A login as an application may have one: a form, a cookie, and a list of who is logged in. (Yours
//! keeps no passwords in the source.)

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Form, Request, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

/// Somebody who is logged in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) works_here: bool,
    pub(crate) runs_the_shop: bool,
}

/// Everybody who is logged in, by the text of their cookie.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<String, User>>>);

/// The page to log in.
pub(crate) fn routes(sessions: Sessions) -> Router {
    Router::new()
        .route("/login", get(form).post(log_in))
        .with_state(sessions)
}

/// Puts whoever is logged in into the extensions of the request.
pub(crate) async fn recognise(
    State(sessions): State<Sessions>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(user) = sessions.user(request.headers()) {
        request.extensions_mut().insert(user);
    }
    next.run(request).await
}

impl Sessions {
    fn user(&self, headers: &HeaderMap) -> Option<User> {
        let cookies = headers.get(COOKIE)?.to_str().ok()?;
        let mut cookies = cookies.split(';').map(str::trim);
        let session = cookies.find_map(|cookie| cookie.strip_prefix("session="))?;
        self.lock().get(session).copied()
    }

    fn begin(&self, user: User) -> String {
        // Two keys of the system's randomness: nobody guesses them.
        let part = || RandomState::new().hash_one(user.name);
        let session = format!("{:016x}{:016x}", part(), part());
        self.lock().insert(session.clone(), user);
        session
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, User>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn form() -> Html<&'static str> {
    Html(
        "<form method=post><input name=name placeholder=name>\
         <input name=password type=password><button>Log in</button></form>",
    )
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

async fn log_in(State(sessions): State<Sessions>, Form(login): Form<Login>) -> Response {
    let user = |name, works_here, runs_the_shop| User {
        name,
        works_here,
        runs_the_shop,
    };
    let user = match (login.name.as_str(), login.password.as_str()) {
        ("ada", "lovelace") => user("ada", true, true),
        ("grace", "hopper") => user("grace", true, false),
        ("eve", "guest") => user("eve", false, false),
        _ => return (StatusCode::UNAUTHORIZED, "no\n").into_response(),
    };
    let cookie = format!(
        "session={}; Path=/; HttpOnly; SameSite=Lax",
        sessions.begin(user)
    );
    ([(SET_COOKIE, cookie)], Redirect::to("/jobs/")).into_response()
}
