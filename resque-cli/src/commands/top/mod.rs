//! `resque top`: what goes on, as long as somebody looks.

mod draw;
mod sample;
mod view;

use std::io::{self, IsTerminal, stdin, stdout};
use std::time::Duration;

use clap::Args;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use resque::SharedClock;
use tokio::sync::mpsc::UnboundedReceiver;

use self::sample::Sample;
use self::view::View;
use crate::context::Store;
use crate::failure::Failure;
use crate::terminal::{self, Screen, Theme};
use crate::times;

/// Watch queues, workers and failures on the whole screen
///
/// `q`, Esc or Ctrl-C ends it. Without a terminal, or with `--json`, it tells the same in words, once
/// or as often as `--rounds` says.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Top {
    /// How long between two looks
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = every)]
    every: Duration,

    /// How many looks [default: once without a terminal, else without end]
    #[arg(long, value_name = "N")]
    rounds: Option<u64>,
}

fn every(text: &str) -> Result<Duration, String> {
    match times::duration(text)? {
        every if every < Duration::from_millis(100) => Err("say 0.1 seconds or more".to_owned()),
        every => Ok(every),
    }
}

impl Top {
    pub(crate) async fn run(self, store: &Store) -> Result<(), Failure> {
        if store.out.is_json() || !stdin().is_terminal() || !stdout().is_terminal() {
            return self.tell(store).await;
        }
        let screen = Screen::open("resque-job").map_err(trouble)?;
        let keys = terminal::events().map_err(trouble)?;
        let clock = store.client.clock().clone();
        let watch = Watch {
            store,
            keys,
            view: View::new(&store.place, clock.monotonic()),
            clock,
            screen,
            theme: Theme::of_environment(),
        };
        watch.run(self.every, self.rounds).await
    }

    /// Tells in words.
    async fn tell(self, store: &Store) -> Result<(), Failure> {
        let clock = store.client.clock();
        for round in 0..self.rounds.unwrap_or(1) {
            if round > 0 {
                clock.sleep(self.every).await;
            }
            store.out.answer(&Sample::ask(store).await?)?;
        }
        Ok(())
    }
}

/// Somebody who looks.
struct Watch<'a> {
    store: &'a Store,
    keys: UnboundedReceiver<io::Result<Event>>,
    view: View,
    clock: SharedClock,
    screen: Screen,
    theme: Theme,
}

impl Watch<'_> {
    async fn run(mut self, every: Duration, rounds: Option<u64>) -> Result<(), Failure> {
        let mut looks = 0;
        while rounds.is_none_or(|rounds| looks < rounds) {
            looks += 1;
            let store = self.store;
            let Some(sample) = self.until(Sample::ask(store)).await? else {
                return Ok(());
            };
            self.view.take(sample, self.clock.monotonic());
            self.draw()?;
            let rest = self.clock.sleep(every);
            if self.until(rest).await?.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits for something, drawing anew when the screen has another size; `None` when a key ends
    /// everything.
    async fn until<T>(&mut self, awaited: impl Future<Output = T>) -> Result<Option<T>, Failure> {
        let mut awaited = std::pin::pin!(awaited);
        loop {
            tokio::select! {
                done = &mut awaited => return Ok(Some(done)),
                event = self.keys.recv() => match event {
                    None => return Ok(None),
                    Some(Err(error)) => return Err(trouble(error)),
                    Some(Ok(Event::Key(key))) if ends(&key) => return Ok(None),
                    Some(Ok(_)) => self.draw()?,
                },
            }
        }
    }

    fn draw(&mut self) -> Result<(), Failure> {
        let (view, theme, now) = (&self.view, self.theme, self.clock.monotonic());
        let drawn = self
            .screen
            .draw(|frame| draw::draw(frame, view, now, theme));
        drawn.map_err(trouble)
    }
}

fn ends(key: &KeyEvent) -> bool {
    let is_ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release
        && (is_ctrl_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}

fn trouble(source: io::Error) -> Failure {
    Failure::io("work with the terminal", source)
}
