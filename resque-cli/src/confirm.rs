//! Asking before something is destroyed.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;

use crate::failure::Failure;

/// The flag of commands that destroy something.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Sure {
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

impl Sure {
    /// Goes on if `--yes` was said or somebody at the terminal says so.
    ///
    /// `what` ends the sentence "Do you want to …?".
    pub(crate) fn about(self, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Failure::NeedsYes {
                what: what.to_owned(),
            });
        }
        let answer = ask(&mut io::stderr(), &mut io::stdin().lock(), what)
            .map_err(|source| Failure::io("ask at the terminal", source))?;
        if answer {
            Ok(())
        } else {
            Err(Failure::Declined)
        }
    }
}

fn ask(out: &mut impl Write, input: &mut impl BufRead, what: &str) -> io::Result<bool> {
    write!(out, "Do you want to {what}? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (typed, expected) in [
            ("y\n", true),
            (" YES \n", true),
            ("\n", false),
            ("", false),
            ("n\n", false),
            ("yesterday\n", false),
        ] {
            let mut shown = Vec::new();
            let answer = ask(&mut shown, &mut typed.as_bytes(), "remove the queue mail");
            assert_eq!(answer.unwrap(), expected, "{typed:?}");
            assert_eq!(shown, b"Do you want to remove the queue mail? [y/N] ");
        }
    }
}
