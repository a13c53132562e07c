//! `resque completions`: what a shell completes.

use clap::Args;
use clap_complete::Shell;

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Write the completions for a shell to standard output
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: Context) -> Result<(), Failure> {
        let mut described = context.described;
        let name = described.get_bin_name().unwrap_or(described.get_name());
        let name = name.to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut described, name, &mut script);
        output::write(&String::from_utf8_lossy(&script))
    }
}
