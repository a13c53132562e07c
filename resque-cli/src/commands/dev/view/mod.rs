//! The live view on a terminal.

mod draw;
mod editor;
mod model;
mod work;

use std::future::pending;
use std::io;
use std::time::Duration;

use ratatui::crossterm::event::{Event, KeyEventKind};
use resque::worker::StopReport;

use self::editor::Key;
use self::model::Model;
use super::operator::Task;
use super::session::Session;
use crate::failure::Failure;
use crate::terminal::{self, Screen, Theme};

/// The picture is drawn anew at least this often, for times that pass.
const TICK: Duration = Duration::from_millis(250);
/// And at most this often, however much happens.
const FRAME: Duration = Duration::from_millis(40);

/// Shows what happens until the worker has stopped.
pub(super) async fn run(mut session: Session, jobs: &'static str) -> Result<(), Failure> {
    session.enqueue_first().await;
    let screen = Screen::open(jobs).map_err(trouble("take over the terminal"))?;
    let report = watch(&mut session, screen).await?;
    let summary = session.summary(report).await;
    print(&summary.text()).map_err(trouble("write the summary"))
}

async fn watch(session: &mut Session, mut screen: Screen) -> Result<StopReport, Failure> {
    let mut keys = terminal::events().map_err(trouble("read the terminal"))?;
    let clock = session.clock.clone();
    let theme = Theme::of_environment();
    let mut model = Model::new(session.setting.clone());
    model.page = session.page.clone();
    let mut batch = Vec::new();
    let mut numbers = Some(Box::pin(session.numbers()));
    let mut drawn = Duration::ZERO;
    let mut changed = true;
    loop {
        let now = clock.monotonic();
        let due = drawn + if changed { FRAME } else { TICK };
        if now >= due {
            screen
                .draw(|frame| draw::draw(frame, &model, now, theme))
                .map_err(trouble("draw on the terminal"))?;
            drawn = now;
            changed = false;
            numbers.get_or_insert_with(|| Box::pin(session.numbers()));
            continue;
        }
        let answer = async {
            match &mut numbers {
                Some(asked) => asked.await,
                None => pending().await,
            }
        };
        tokio::select! {
            event = keys.recv() => {
                let closed = || io::Error::from(io::ErrorKind::UnexpectedEof);
                let event = event.unwrap_or_else(|| Err(closed()));
                let event = event.map_err(trouble("read the terminal"))?;
                obey(&event, &mut model, session);
                changed = true;
            }
            end = session.next(&mut batch) => {
                batch.drain(..).for_each(|update| model.apply(update));
                if let Some(end) = end {
                    return end;
                }
                changed = true;
            }
            answer = answer => {
                numbers = None;
                // A store that cannot be reached is told of by the worker.
                if let Ok(answer) = answer {
                    changed |= answer != model.numbers;
                    model.numbers = answer;
                }
            }
            () = clock.sleep_until(due) => {}
        }
    }
}

/// Does what a key says.
fn obey(event: &Event, model: &mut Model, session: &Session) {
    let Event::Key(key) = event else {
        return;
    };
    if key.kind == KeyEventKind::Release {
        return;
    }
    match model.editor.press(*key) {
        Key::Edit => {}
        Key::Escape => {
            model.help = false;
            model.complaint = None;
        }
        Key::Interrupt => session.worker.stop_now(),
        Key::EndOfInput => session.worker.quit(),
        Key::Enter => enter(model, session),
    }
}

fn enter(model: &mut Model, session: &Session) {
    model.help = false;
    model.complaint = None;
    let line = model.editor.take();
    if let Err(refused) = session.tasks.try_send(Task::Line(line)) {
        if let Task::Line(line) = refused.into_inner() {
            model.editor.set(line);
        }
        let complaint = "the store still works on the lines before this one; try again";
        model.complaint = Some(complaint.to_owned());
    }
}

fn print(text: &str) -> io::Result<()> {
    io::Write::write_all(&mut io::stdout(), text.as_bytes())
}

fn trouble(doing: &'static str) -> impl Fn(io::Error) -> Failure {
    move |source| Failure::io(doing, source)
}
