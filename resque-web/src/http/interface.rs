//! The HTTP interface: what can be said about it, and its router.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use resque_core::{Client, Error};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::router::router;
use super::state::{Http, Settings};
use crate::guard::{Access, Guard, Kind, Protection, TrustedProxy};

/// presque's HTTP interface on any backend, with leases beside it: any program that can send a
/// request produces and works jobs.
///
/// Its routes are told by the page `docs/http-interface.md`. It is a router of its own beside the
/// dashboard's, with its own authentication, because its callers are programs and its GET takes
/// jobs.
///
/// ```
/// use resque_core::Client;
/// use resque_memory::MemoryBackend;
/// use resque_web::{Access, HttpInterface};
///
/// let client = Client::new(MemoryBackend::new().backend());
/// let access = Access::bearer("a-long-token-of-a-program");
/// let jobs = HttpInterface::new(client).access(access).into_router();
/// let app: axum::Router = axum::Router::new().nest("/jobs", jobs);
/// ```
#[must_use = "an interface does nothing before it is a router"]
pub struct HttpInterface {
    client: Client,
    settings: Settings,
    protection: Protection,
}

impl HttpInterface {
    /// The interface to the store of this client. Nobody but programs of this machine may use it
    /// until [`access`](Self::access) says who else may.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            settings: Settings {
                lease: Duration::from_secs(60),
                most_losses: 3,
                most_body: 1024 * 1024,
            },
            protection: Protection::new(Kind::Interface),
        }
    }

    /// Says who may do what. Whoever may only read sees numbers and takes nothing.
    pub fn access(mut self, access: Access) -> Self {
        self.protection.access = access;
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
    /// # use resque_web::HttpInterface;
    /// # let client = Client::new(MemoryBackend::new().backend());
    /// let interface = HttpInterface::new(client).trusted_proxy("10.0.0.0/8".parse()?);
    /// # drop(interface);
    /// # Ok::<(), resque_core::Error>(())
    /// ```
    pub fn trusted_proxy(mut self, proxy: TrustedProxy) -> Self {
        self.protection.proxies.trust(proxy);
        self
    }

    /// How long a lease lasts if a request does not say it: a minute, unless this says otherwise.
    pub fn lease(mut self, time: Duration) -> Self {
        self.settings.lease = time;
        self
    }

    /// How often leases of a job may run out, within a day of each other, before it goes to the failed
    /// jobs instead of to the next program that it may cost its life: three times, as often as a job
    /// may lose its worker, unless this says otherwise. 0 counts as 1.
    pub fn most_losses(mut self, times: u32) -> Self {
        self.settings.most_losses = times.max(1);
        self
    }

    /// How many bytes a body may have: 1 MiB, unless this says otherwise.
    pub fn most_body(mut self, bytes: usize) -> Self {
        self.settings.most_body = bytes;
        self
    }

    /// The router, to be served or to be nested in another one.
    ///
    /// Serve it with [`Router::into_make_service_with_connect_info`] of [`SocketAddr`]: who asks is
    /// part of what is checked. [`serve`](Self::serve) does.
    pub fn into_router(self) -> Router {
        self.build(CancellationToken::new()).0
    }

    fn build(self, stopping: CancellationToken) -> (Router, Http) {
        let guard = Guard::new(self.protection, self.client.clock().clone());
        let http = Http::new(self.client, self.settings, stopping);
        (router(http.clone(), guard), http)
    }

    /// Serves the interface on this listener until `stop` ends. Whoever waits for a job then is
    /// answered at once.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when others than this machine can reach the listener and nobody
    /// said who may use the interface; [`Error::Unavailable`] when the listener breaks.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let trouble = |source: io::Error| Error::unavailable("serving the HTTP interface", source);
        self.check(listener.local_addr().map_err(trouble)?)?;
        let stopping = CancellationToken::new();
        let (router, http) = self.build(stopping.clone());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let stop = async move {
            stop.await;
            stopping.cancel();
        };
        axum::serve(listener, service)
            .with_graceful_shutdown(stop)
            .await
            .map_err(trouble)?;
        http.upkeep().resign(http.client()).await
    }

    /// Checks that nobody is let in by forgetting: where others than this machine can reach the
    /// address, somebody must have said who may use the interface.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] says what to do.
    pub fn check(&self, address: SocketAddr) -> Result<(), Error> {
        if self.protection.access.is_local() && !address.ip().is_loopback() {
            return Err(Error::InvalidSetting {
                setting: format!("the address {address}"),
                reason:
                    "everybody who can reach it could take every job; say who may (a password, \
                         a token), or listen on 127.0.0.1"
                        .to_owned(),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for HttpInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpInterface")
            .field("client", &self.client)
            .field("settings", &self.settings)
            .field("protection", &self.protection)
            .finish()
    }
}
