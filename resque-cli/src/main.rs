//! The command `resque`.

use std::process::ExitCode;

use resque::Handlers;
use resque_cli::App;

fn main() -> ExitCode {
    App::new(Handlers::new()).run()
}
