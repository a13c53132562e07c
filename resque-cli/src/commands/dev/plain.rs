//! The display where there is no terminal: one line for each event.

use std::io::{self, Write};

use super::help;
use super::line::{format_line, line, summary_line};
use super::operator::Answer;
use super::session::Session;
use super::stdin;
use super::update::{Update, What};
use crate::failure::Failure;

/// Tells what happens, line by line, until the worker has stopped.
pub(super) async fn run(mut session: Session, input_is_typed: bool) -> Result<(), Failure> {
    let mut out = io::stdout();
    let mut reader = Reader::There;
    let place = &session.setting.place;
    let about = format!(
        "{} namespace={} queues={} slots={}",
        place.shown(),
        place.namespace(),
        session.setting.queues,
        session.setting.slots
    );
    let first = format_line(session.clock.monotonic(), "store", &about);
    reader.note(writeln!(out, "{first}"), &session);
    if let Some(page) = &session.page {
        let line = format_line(session.clock.monotonic(), "page", page);
        reader.note(writeln!(out, "{line}"), &session);
    }
    session.enqueue_first().await;
    stdin::read_lines(session.tasks.clone())
        .map_err(|source| Failure::io("read the standard input", source))?;

    let mut refused = 0;
    let mut batch = Vec::new();
    let report = loop {
        let end = session.next(&mut batch).await;
        refused += batch.iter().filter(|update| is_refusal(update)).count() as u64;
        let written = write_all(&mut out, &batch);
        reader.note(written, &session);
        batch.clear();
        if let Some(end) = end {
            break end?;
        }
    };
    let summary = session.summary(report).await;
    reader.note(writeln!(out, "{}", summary_line(&summary)), &session);
    if refused > 0 && !input_is_typed {
        return Err(Failure::Refused(refused));
    }
    Ok(())
}

/// Whoever reads the lines.
enum Reader {
    There,
    /// Reads no more; the worker leaves in good order all the same.
    Gone,
}

impl Reader {
    fn note(&mut self, written: io::Result<()>, session: &Session) {
        if written.is_err() && matches!(self, Self::There) {
            *self = Self::Gone;
            session.worker.stop_now();
        }
    }
}

fn is_refusal(update: &Update) -> bool {
    matches!(update.what, What::Answer(Answer::Refused { .. }))
}

fn write_all(out: &mut impl Write, updates: &[Update]) -> io::Result<()> {
    let mut text = String::new();
    for update in updates {
        if update.what == What::Answer(Answer::Help) {
            text.push_str(&help::text());
        } else if let Some(line) = line(update) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}
