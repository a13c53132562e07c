//! `resque http`: serve the HTTP interface.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use resque::Client;
use resque_web::{Access, HttpInterface, Role, TrustedProxy};
use tokio::net::TcpListener;
use tokio::runtime;

use super::serving::{Listening, asked_to_stop};
use crate::context::{Context, connect};
use crate::failure::Failure;
use crate::place::Place;
use crate::times;

/// Let any program put in and work jobs over HTTP: presque's interface, with leases
///
/// On loopback it is open to programs of this machine; anywhere else it starts only if somebody has to
/// say who they are. `GET /` lists the routes.
#[derive(Debug, Args)]
#[command(
    after_help = "Whoever knows the token or the login may take and change everything. \
    Flags can be seen by everybody on this machine, the environment cannot."
)]
pub(crate) struct Http {
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    listen: SocketAddr,

    /// Keep the jobs apart from those of workers, in a namespace of their own
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    http_namespace: Option<String>,

    /// Ask for this bearer token
    #[arg(long, env = "RESQUE_HTTP_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// Ask for this bearer token from those who may only look at numbers
    #[arg(
        long,
        value_name = "TOKEN",
        env = "RESQUE_HTTP_READ_TOKEN",
        hide_env_values = true
    )]
    read_token: Option<String>,

    /// Ask for this user and password
    #[arg(
        long,
        value_name = "USER:PASSWORD",
        env = "RESQUE_HTTP_LOGIN",
        hide_env_values = true
    )]
    login: Option<String>,

    /// Answer under this host name too; localhost and addresses are always known
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,

    /// Count wrong logins by the address that this proxy, or a proxy of this network, says it speaks
    /// for; its word is taken, nobody else's
    #[arg(long, value_name = "ADDRESS")]
    trusted_proxy: Vec<TrustedProxy>,

    /// How long a lease lasts if a request does not say it
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = times::duration)]
    lease: Duration,

    /// How often leases of a job may run out before it goes to the failed jobs
    #[arg(long, value_name = "TIMES", default_value_t = 3)]
    most_losses: u32,

    /// How many bytes the body of a request may have
    #[arg(long, value_name = "BYTES", default_value_t = 1024 * 1024)]
    max_body: usize,
}

impl Http {
    /// Serves until a signal ends it.
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        let out = context.out();
        let place = self.place(&context)?;
        let runtime = runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|source| Failure::io("start a runtime", source))?;
        runtime.block_on(async {
            let client = Client::new(connect(&place).await?)
                .with_clock(context.clock)
                .with_handlers(context.handlers);
            let interface = self.interface(client)?;
            interface.check(self.listen)?;
            let listener = TcpListener::bind(self.listen).await;
            let listener = listener.map_err(|source| self.no_listener(source))?;
            let address = listener.local_addr();
            let address = address.map_err(|source| self.no_listener(source))?;
            out.answer(&Listening::at(format!("http://{address}")))?;
            let served = interface.serve(listener, asked_to_stop()?);
            // As a task: what is awaited here itself pays two changes of thread for every step.
            let served = tokio::spawn(served).await;
            Ok(served.map_err(|_| Failure::Crashed("the server"))??)
        })
    }

    fn place(&self, context: &Context) -> Result<Place, Failure> {
        let Some(namespace) = &self.http_namespace else {
            return context.global.place();
        };
        let mut global = context.global.clone();
        global.namespace = Some(namespace.clone());
        global.place()
    }

    fn interface(&self, client: Client) -> Result<HttpInterface, Failure> {
        let mut interface = HttpInterface::new(client)
            .lease(self.lease)
            .most_losses(self.most_losses)
            .most_body(self.max_body)
            .access(self.access()?);
        for host in &self.allow_host {
            interface = interface.allow_host(host);
        }
        let proxies = self.trusted_proxy.iter().copied();
        Ok(proxies.fold(interface, HttpInterface::trusted_proxy))
    }

    /// Who may ask; only this machine if nothing of the sort was given.
    fn access(&self) -> Result<Access, Failure> {
        let mut access = Access::local();
        let tokens = [
            (&self.token, Role::Operator),
            (&self.read_token, Role::ReadOnly),
        ];
        for (token, role) in tokens {
            if let Some(token) = token.as_deref().filter(|token| !token.is_empty()) {
                access = access.and_bearer(token, role);
            }
        }
        if let Some(login) = self.login.as_deref().filter(|login| !login.is_empty()) {
            let (user, password) = login.split_once(':').ok_or_else(|| Failure::Misused {
                setting: "--login".to_owned(),
                reason: "it has to be USER:PASSWORD".to_owned(),
            })?;
            access = access.and_basic(user, password, Role::Operator);
        }
        Ok(access)
    }

    fn no_listener(&self, source: std::io::Error) -> Failure {
        Failure::io(format!("listen on {}", self.listen), source)
    }
}
