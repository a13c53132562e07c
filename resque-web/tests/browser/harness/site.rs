//! Dashboards that listen, each with a store of its own.

use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use resque::postgres::{Config, PostgresBackend};
use resque_core::{Backend, Client};
use resque_memory::MemoryBackend;
use resque_testserver::{shared_postgres, shared_redis};
use resque_web::Dashboard;
use tokio::net::TcpListener;

use super::pool::{background, wait};

/// Where jobs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Memory,
    Redis,
    Postgres,
}

/// Every one of them.
pub(crate) const STORES: [Store; 3] = [Store::Memory, Store::Redis, Store::Postgres];

/// A dashboard and its store.
pub(crate) struct Site {
    pub(crate) client: Client,
    address: String,
}

impl Store {
    /// An empty one that nobody else uses.
    fn connect(self) -> Backend {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("browser_{}_{number}", resque_testserver::this_run());
        match self {
            Self::Memory => MemoryBackend::new().backend(),
            Self::Redis => {
                let server = shared_redis().unwrap();
                let url = format!("{}?namespace={namespace}", server.url());
                wait(resque::connect(&url)).unwrap()
            }
            Self::Postgres => {
                let config = Config::parse(shared_postgres().unwrap().url()).unwrap();
                let config = config.with_namespace(&namespace).unwrap();
                let builder = PostgresBackend::builder(config).migrate(true);
                wait(builder.connect()).unwrap()
            }
        }
    }
}

impl Site {
    /// A dashboard of an empty store.
    pub(crate) fn on(store: Store) -> Self {
        Self::with(store, |dashboard| dashboard)
    }

    /// A dashboard of which more is said.
    pub(crate) fn with(store: Store, say: impl FnOnce(Dashboard) -> Dashboard) -> Self {
        let client = Client::new(store.connect());
        let dashboard = Dashboard::new(client.clone()).freshness(Duration::ZERO);
        let dashboard = say(dashboard);
        let (listener, address) = wait(listen());
        background(async move { dashboard.serve(listener, pending()).await.unwrap() });
        Self { client, address }
    }

    /// The address of a page.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

/// Serves any pages, those of a foreign site or an application around the dashboard; gives where.
pub(crate) fn serve(router: Router) -> String {
    let (listener, address) = wait(listen());
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    background(async move { axum::serve(listener, service).await.unwrap() });
    address
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}
