//! `resque web`: the dashboard.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use resque::Client;
use resque_web::{Access, Dashboard, Role, TrustedProxy};
use tokio::net::TcpListener;

use super::serving::{Listening, asked_to_stop};
use crate::context::{Context, connect, runtime};
use crate::failure::Failure;

/// Show the store in a browser, and operate it there
///
/// On 127.0.0.1 everybody on this machine may see and change everything. On any other address it
/// starts only when a password or a token is asked for. Behind a proxy, name the host that browsers
/// see with --allow-host.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Web {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5678")]
    #[arg(env = "RESQUE_WEB_LISTEN")]
    listen: SocketAddr,

    /// Ask for this user and the password
    #[arg(long, value_name = "NAME", env = "RESQUE_WEB_BASIC_USER")]
    #[arg(requires = "basic_password_file")]
    basic_user: Option<String>,

    /// The file that holds the password, in its first line
    #[arg(long, value_name = "FILE", env = "RESQUE_WEB_BASIC_PASSWORD_FILE")]
    #[arg(requires = "basic_user")]
    basic_password_file: Option<PathBuf>,

    /// The file that holds a token, in its first line; programs send it as a bearer token
    #[arg(long, value_name = "FILE", env = "RESQUE_WEB_BEARER_FILE")]
    bearer_file: Option<PathBuf>,

    /// Let nobody change anything
    #[arg(long, env = "RESQUE_WEB_READ_ONLY")]
    read_only: bool,

    /// Answer under these host names too; localhost and addresses are always known
    #[arg(
        long,
        value_name = "NAME",
        env = "RESQUE_WEB_ALLOW_HOST",
        value_delimiter = ','
    )]
    allow_host: Vec<String>,

    /// Count wrong logins by the address that this proxy, or a proxy of this network, says it speaks
    /// for; its word is taken, nobody else's
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RESQUE_WEB_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    trusted_proxy: Vec<TrustedProxy>,

    /// The path under which browsers see the pages, such as /jobs
    #[arg(long, value_name = "PATH", env = "RESQUE_WEB_BASE_PATH")]
    base_path: Option<String>,

    /// Hide the arguments of these names too; password, secret, token and the like always are
    #[arg(
        long,
        value_name = "NAME",
        env = "RESQUE_WEB_REDACT",
        value_delimiter = ','
    )]
    redact: Vec<String>,
}

impl Web {
    /// Serves until it is told to stop.
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        let place = context.global.place()?;
        let out = context.out();
        let access = self.access()?;
        let listen = self.listen;
        let trouble = |source| Failure::io(format!("listen on {listen}"), source);
        let path = self.path();
        runtime()?.block_on(async {
            let client = Client::new(connect(&place).await?)
                .with_clock(context.clock)
                .with_handlers(context.handlers);
            let dashboard = self.dashboard(client, access)?;
            dashboard.check(listen)?;
            let listener = TcpListener::bind(listen).await.map_err(trouble)?;
            let address = listener.local_addr().map_err(trouble)?;
            let stop = asked_to_stop()?;
            out.answer(&Listening::at(format!("http://{address}{path}")))?;
            Ok(dashboard.serve(listener, stop).await?)
        })
    }

    /// The path to the first page.
    fn path(&self) -> String {
        let path = self.base_path.as_deref().unwrap_or_default();
        match path.trim_matches('/') {
            "" => "/".to_owned(),
            path => format!("/{path}/"),
        }
    }

    fn dashboard(self, client: Client, access: Access) -> Result<Dashboard, Failure> {
        let mut dashboard = Dashboard::new(client).access(access).redact(self.redact);
        if self.read_only {
            dashboard = dashboard.read_only();
        }
        if let Some(path) = self.base_path {
            dashboard = dashboard.base_path(path)?;
        }
        let dashboard = self
            .trusted_proxy
            .into_iter()
            .fold(dashboard, Dashboard::trusted_proxy);
        let hosts = self.allow_host.into_iter();
        Ok(hosts.fold(dashboard, Dashboard::allow_host))
    }

    fn access(&self) -> Result<Access, Failure> {
        let basic = self
            .basic_user
            .as_deref()
            .zip(self.basic_password_file.as_deref());
        let mut access = Access::local();
        if let Some((user, file)) = basic {
            let password = first_line(file, "--basic-password-file")?;
            access = access.and_basic(user, &password, Role::Operator);
        }
        if let Some(file) = &self.bearer_file {
            let token = first_line(file, "--bearer-file")?;
            access = access.and_bearer(&token, Role::Operator);
        }
        Ok(access)
    }
}

/// A secret from a file.
fn first_line(file: &Path, flag: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| Failure::io(format!("read {}", file.display()), source))?;
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Failure::setting(
            flag,
            "the first line of the file is empty",
        )),
    }
}
