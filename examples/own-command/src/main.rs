//! A shop's own command: `shop work` performs its jobs, and all other commands of `resque` are
//! there too.
//!
//! ```sh
//! export RESQUE_URL=redis://localhost
//! cargo run -p own-command -- enqueue Receipt /tmp/receipts.txt "order 7" --queue receipts
//! cargo run -p own-command -- work --queues '*' --log-level info
//! cargo run -p own-command -- failed
//! ```

mod jobs;

use std::process::ExitCode;

use resque::Handlers;
use resque_cli::App;

use crate::jobs::{Delivery, Exit, Letter, Receipt, Script, Stamp};

fn main() -> ExitCode {
    let handlers = Handlers::new()
        .register::<Receipt>()
        .register::<Delivery>()
        .register::<Stamp>()
        .register::<Letter>()
        .register::<Script>()
        .register::<Exit>();
    App::new(handlers).name("shop").run()
}
