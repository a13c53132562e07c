//! What a command works with.

use resque::worker::WorkerEnv;
use resque::{Backend, Client, Handlers, SharedClock, WorkerHooks};
use tokio::runtime;

use crate::app::Setup;
use crate::failure::Failure;
use crate::options::Global;
use crate::output::Out;
use crate::place::Place;

/// What a command works with.
pub(crate) struct Context {
    /// The flags that every command takes.
    pub(crate) global: Global,
    /// The job types of this program.
    pub(crate) handlers: Handlers,
    /// The hooks of its worker.
    pub(crate) hooks: WorkerHooks,
    /// What the program does to its worker.
    pub(crate) setup: Option<Setup>,
    /// The arguments that the program takes.
    pub(crate) described: clap::Command,
    /// The time.
    pub(crate) clock: SharedClock,
}

/// A store to ask and to change.
#[derive(Debug)]
pub(crate) struct Store {
    /// Which one.
    pub(crate) place: Place,
    /// Its client, which knows the hooks of the program's classes.
    pub(crate) client: Client,
    /// Where answers go.
    pub(crate) out: Out,
}

impl Context {
    /// Where answers go.
    pub(crate) fn out(&self) -> Out {
        Out::new(self.global.json)
    }

    /// Opens the store, does something with it, and ends.
    pub(crate) fn with_store<F>(self, command: F) -> Result<(), Failure>
    where
        F: AsyncFnOnce(&Store) -> Result<(), Failure>,
    {
        let place = self.global.place()?;
        let out = self.out();
        runtime()?.block_on(async {
            let backend = connect(&place).await?;
            let client = Client::new(backend)
                .with_clock(self.clock)
                .with_handlers(self.handlers);
            let store = Store { place, client, out };
            command(&store).await
        })
    }
}

impl Store {
    /// The store itself, for what a client does not do.
    pub(crate) fn backend(&self) -> Result<&Backend, Failure> {
        // A client without a store performs jobs at once, and is not made here.
        self.client.backend().ok_or(Failure::Crashed("the client"))
    }
}

/// Opens a store; failures go where `FAILURE_BACKEND` says.
pub(crate) async fn connect(place: &Place) -> Result<Backend, Failure> {
    const VARIABLE: &str = "FAILURE_BACKEND";
    let failures = std::env::var_os(VARIABLE).map(|value| (VARIABLE, value));
    let env = WorkerEnv::from_vars(failures)?;
    Ok(resque::connect_with(place.url(), &env).await?)
}

/// A runtime for a command that mostly waits.
pub(crate) fn runtime() -> Result<runtime::Runtime, Failure> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::io("start a runtime", source))
}
