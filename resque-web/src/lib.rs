//! The front end of Resque for Rust: a dashboard and an HTTP interface, each an [`axum::Router`] with
//! its own authentication, over any backend.
//!
//! ```
//! use resque_core::Client;
//! use resque_memory::MemoryBackend;
//! use resque_web::{Access, Dashboard};
//!
//! let client = Client::new(MemoryBackend::new().backend());
//! let access = Access::basic("ada", "correct horse battery staple");
//! let jobs = Dashboard::new(client).access(access).allow_host("shop.example").into_router();
//! let app: axum::Router = axum::Router::new().nest("/jobs", jobs);
//! ```
//!
//! [`HttpInterface`] lets any program that can send a request put in and work jobs; its page is
//! `docs/http-interface.md`.
//!
//! Who may see it is always said by somebody: without [`Dashboard::access`] only this machine may.
//! See [`Access`] for passwords, tokens, and the login of the application around it, and `docs/web.md` for
//! everything else.

mod actions;
mod api;
mod assets;
mod base_path;
mod dashboard;
mod fault;
mod guard;
mod http;
mod live;
mod pages;
mod probes;
mod state;
mod view;

pub use self::dashboard::Dashboard;
pub use self::guard::{Access, Refusal, Role, TrustedProxy, Visitor};
pub use self::http::HttpInterface;

// Its examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/http-interface.md")]
struct HttpInterfacePage;

// Its examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/web.md")]
struct WebPage;
