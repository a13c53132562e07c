//! The dashboard inside an axum application, behind the login of that application.
//!
//! `cargo run -p own-dashboard`, open <http://127.0.0.1:3000/jobs/>, and log in as `ada` with `lovelace`,
//! who may do everything, or as `grace` with `hopper`, who may look.

mod login;

use std::error::Error;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use resque::Client;
use resque_web::{Access, Dashboard, Role, Visitor};

use login::{Sessions, User};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("RESQUE_URL").unwrap_or_else(|_| "memory:".to_owned());
    let client = Client::new(resque::connect(&url).await?);
    let app = app(client, Sessions::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("http://{}/jobs/", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            // Without signals it runs until it is killed.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    Ok(())
}

/// The application: a page of its own, its login, and the dashboard under `/jobs`.
fn app(client: Client, sessions: Sessions) -> Router {
    let dashboard = Dashboard::new(client)
        .access(Access::ask(async |head| who(head.extensions.get())))
        .allow_host("shop.example");
    Router::new()
        .route("/", get(async || "the shop\n"))
        .nest("/jobs", dashboard.into_router())
        // Whoever is logged in stands in the extensions of each request below this line.
        .layer(from_fn_with_state(sessions.clone(), login::recognise))
        .merge(login::routes(sessions))
}

/// Who may see the jobs, and what they may do there.
fn who(user: Option<&User>) -> Result<Visitor, Box<Response>> {
    match user {
        Some(user) if user.runs_the_shop => Ok(Visitor::new(user.name, Role::Operator)),
        Some(user) if user.works_here => Ok(Visitor::new(user.name, Role::ReadOnly)),
        Some(_) => Err(Box::new(StatusCode::FORBIDDEN.into_response())),
        None => Err(Box::new(Redirect::to("/login").into_response())),
    }
}

#[cfg(test)]
mod tests;
