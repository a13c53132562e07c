//! The dashboard: what can be said about it, and its router.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use resque_core::{Client, Error};
use tokio::net::TcpListener;

use crate::guard::{Access, Guard, Kind, Protection, TrustedProxy};
use crate::state::{App, Settings};
use crate::view::Redaction;
use crate::{api, assets, base_path, pages, probes};

/// How much a form or a JSON body may hold: the ids of some thousand records.
const MOST_BODY: usize = 1024 * 1024;

/// The pages that show a store and operate it, with their JSON twins under `/api/v1`.
///
/// ```
/// use resque_core::Client;
/// use resque_memory::MemoryBackend;
/// use resque_web::Dashboard;
///
/// let client = Client::new(MemoryBackend::new().backend());
/// let app: axum::Router = Dashboard::new(client).redact(["iban"]).into_router();
/// ```
#[must_use = "a dashboard does nothing before it is a router"]
pub struct Dashboard {
    client: Client,
    settings: Settings,
    protection: Protection,
}

impl Dashboard {
    /// The dashboard of the store of this client. Nobody but programs of this machine may see it
    /// until [`access`](Self::access) says who else may.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            settings: Settings::default(),
            protection: Protection::new(Kind::Pages),
        }
    }

    /// Says who may see and change what.
    pub fn access(mut self, access: Access) -> Self {
        self.protection.access = access;
        self
    }

    /// Lets nobody change anything, whatever their role.
    pub fn read_only(mut self) -> Self {
        self.protection.read_only = true;
        self
    }

    /// Answers under this host name too. `localhost` and addresses are always known; whatever else
    /// a browser may call this machine is refused, because a foreign page can make its own name
    /// mean this machine.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.protection.hosts.allow(&name.into());
        self
    }

    /// Takes the word of this proxy, or of a whole network of them, about whom it speaks for
    /// (`X-Forwarded-For`, `Forwarded`), so that wrong logins are counted by the addresses of those
    /// who send them. The word of all others counts for nothing. Name only proxies that write down
    /// themselves who connects to them.
    ///
    /// ```
    /// # use resque_core::Client;
    /// # use resque_memory::MemoryBackend;
    /// # use resque_web::Dashboard;
    /// # let client = Client::new(MemoryBackend::new().backend());
    /// let dashboard = Dashboard::new(client).trusted_proxy("10.0.0.0/8".parse()?);
    /// # drop(dashboard);
    /// # Ok::<(), resque_core::Error>(())
    /// ```
    pub fn trusted_proxy(mut self, proxy: TrustedProxy) -> Self {
        self.protection.proxies.trust(proxy);
        self
    }

    /// Says under which path browsers see the dashboard, where a proxy takes that path away. A
    /// router that is nested in another one finds out by itself.
    ///
    /// ```
    /// # use resque_core::Client;
    /// # use resque_memory::MemoryBackend;
    /// # use resque_web::Dashboard;
    /// # let client = Client::new(MemoryBackend::new().backend());
    /// let jobs = Dashboard::new(client).base_path("/admin/jobs")?.into_router();
    /// # let _: axum::Router = jobs;
    /// # Ok::<(), resque_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] unless it is a plain path such as `/jobs` or `/admin/jobs` that
    /// begins like no page of the dashboard.
    pub fn base_path(mut self, path: impl AsRef<str>) -> Result<Self, Error> {
        self.settings.base_path = Some(base_path::read(path.as_ref())?);
        Ok(self)
    }

    /// Hides the values under these names in the arguments of jobs, besides those that are hidden
    /// anyway: `password`, `secret`, `token` and the like. Upper and lower case, `_` and `-` are the
    /// same, and a longer name that contains one counts too.
    pub fn redact<I, N>(mut self, names: I) -> Self
    where
        I: IntoIterator<Item = N>,
        N: AsRef<str>,
    {
        for name in names {
            self.settings.redaction.add(name.as_ref());
        }
        self
    }

    /// Hides no argument, not even passwords.
    pub fn redact_nothing(mut self) -> Self {
        self.settings.redaction = Redaction::nothing();
        self
    }

    /// Uses this secret to sign forms, which must be the same where several processes answer for
    /// one address. Otherwise each process makes up its own.
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.protection.secret = crate::guard::Secret::of(secret.as_ref());
        self
    }

    /// How old the numbers on a page may be, and how old the news that there are none, because the store
    /// could not be reached; one reading of the store serves everybody who looks
    /// within that time. A second, unless this says otherwise.
    pub fn freshness(mut self, age: Duration) -> Self {
        self.settings.freshness = age;
        self
    }

    /// The router, to be served or to be nested in another one.
    ///
    /// Serve it with [`Router::into_make_service_with_connect_info`] of [`SocketAddr`]: who asks is
    /// part of what is checked. [`serve`](Self::serve) does.
    pub fn into_router(self) -> Router {
        self.build().0
    }

    fn build(self) -> (Router, App) {
        let app = App::new(self.client, self.settings, &self.protection);
        let guard = Guard::new(self.protection, app.clock().clone());
        let guarded = Router::new()
            .merge(pages::router(&app))
            .nest("/api/v1", api::router(&app))
            .merge(probes::guarded())
            .layer(DefaultBodyLimit::max(MOST_BODY));
        let open = Router::new().merge(probes::open()).merge(assets::router());
        let router = guard.wrap(guarded, open).with_state(app.clone());
        (router, app)
    }

    /// Serves the dashboard on this listener until `stop` ends.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when others than this machine can reach the listener and nobody
    /// said who may see the dashboard; [`Error::Unavailable`] when the listener breaks.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let trouble = |source: io::Error| Error::unavailable("serving the dashboard", source);
        let address = listener.local_addr().map_err(trouble)?;
        self.check(address)?;
        let nested = self.settings.base_path.clone();
        let (router, app) = self.build();
        // A proxy may take the path away or leave it.
        let router = match nested.filter(|path| !path.is_empty()) {
            Some(path) => {
                let below = Router::new().nest(&path, router.clone());
                let elsewhere = router.clone();
                router.fallback_service(below.fallback_service(elsewhere))
            }
            None => router,
        };
        let closing = app.live().closing.clone();
        let stop = async move {
            stop.await;
            // Streams would keep the server from ending.
            closing.cancel();
        };
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service)
            .with_graceful_shutdown(stop)
            .await
            .map_err(trouble)
    }

    /// Checks that nobody is let in by forgetting: where others than this machine can reach the
    /// address, somebody must have said who may see the dashboard.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] says what to do.
    pub fn check(&self, address: SocketAddr) -> Result<(), Error> {
        if self.protection.access.is_local() && !address.ip().is_loopback() {
            return Err(Error::InvalidSetting {
                setting: format!("the address {address}"),
                reason: "everybody who can reach it could see and change everything; \
                         say who may (a password, a token), or listen on 127.0.0.1"
                    .to_owned(),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Dashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dashboard")
            .field("client", &self.client)
            .field("protection", &self.protection)
            .finish_non_exhaustive()
    }
}
