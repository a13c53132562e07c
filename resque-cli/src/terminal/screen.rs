//! The terminal, taken over and given back.

use std::io::{self, Stdout, stdout};
use std::panic;
use std::thread;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

/// The terminal while the view has it. It is given back when this is dropped, and before the
/// message of a panic is printed.
#[derive(Debug)]
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over. Panics on threads of the name `jobs` are the worker's affair and
    /// leave it alone.
    pub(crate) fn open(jobs: &'static str) -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().name() != Some(jobs) {
                give_back();
            }
            before(info);
        }));
        enable_raw_mode()?;
        // From here on, dropping undoes what was done.
        let opened = Self {
            terminal: Terminal::new(CrosstermBackend::new(stdout()))?,
        };
        execute!(stdout(), EnterAlternateScreen)?;
        Ok(opened)
    }

    /// Shows a picture; only what differs from the one before is written.
    pub(crate) fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(picture).map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back; harmless if it was given back already.
fn give_back() {
    // There is nobody left to tell.
    let _ = disable_raw_mode();
    let _ = execute!(stdout(), LeaveAlternateScreen, cursor::Show);
}

/// Hands over keys and changes of size, on a thread of its own because reading cannot be broken
/// off.
pub(crate) fn events() -> io::Result<mpsc::UnboundedReceiver<io::Result<Event>>> {
    let (told, events) = mpsc::unbounded_channel();
    thread::Builder::new()
        .name("resque-keys".to_owned())
        .spawn(move || {
            loop {
                let event = event::read();
                let failed = event.is_err();
                if told.send(event).is_err() || failed {
                    return;
                }
            }
        })?;
    Ok(events)
}
