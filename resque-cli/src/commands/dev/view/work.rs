//! The upper half of the picture: the queues, and what each slot does.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use resque::QueueName;

use super::model::{Model, Running};
use crate::terminal::Theme;
use crate::text::{fit, one_line};

/// Columns of a progress bar.
const BAR: usize = 10;
/// Columns of a share in percent.
const SHARE: usize = 6;
/// Columns behind the name of a job: the bar, the share, the time.
const BEHIND_NAME: usize = BAR + SHARE + 9;

/// How many rows the queues and slots would like.
pub(super) fn rows(model: &Model) -> usize {
    model.slots.len().max(model.numbers.queues.len()).max(4)
}

/// The queues with their lengths.
pub(super) fn queues(model: &Model, theme: Theme, area: Rect) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let room = usize::from(area.height).saturating_sub(1);
    let mut lines = vec![Line::from(vec![
        Span::styled(fit("Queues", width.saturating_sub(8)), theme.strong()),
        Span::styled(format!("{:>8}", "waiting"), theme.faint()),
    ])];
    let mut queues: Vec<_> = model.numbers.queues.iter().collect();
    if queues.len() > room {
        // The ones that hold jobs are of more interest; each kind stays in its order.
        queues.sort_by_key(|(_, length, _)| *length == 0);
    }
    if queues.is_empty() {
        lines.push(Line::styled("none yet", theme.faint()));
    }
    let shown = shown(queues.len(), room);
    for (name, length, stopped) in &queues[..shown] {
        let is_served = QueueName::new(name).is_ok_and(|name| model.about.queues.serves(&name));
        let state = match (stopped, is_served) {
            (true, _) => "stopped ",
            (false, false) => "unserved ",
            (false, true) => "",
        };
        let style = if *length == 0 {
            theme.faint()
        } else {
            theme.strong()
        };
        let name_width = width.saturating_sub(8 + state.len());
        lines.push(Line::from(vec![
            Span::raw(fit(&one_line(name), name_width)),
            Span::styled(state, theme.warning()),
            Span::styled(format!("{length:>8}"), style),
        ]));
    }
    if shown < queues.len() {
        let more = format!("… {} more", queues.len() - shown);
        lines.push(Line::styled(more, theme.faint()));
    }
    lines
}

/// What each slot does.
pub(super) fn slots(model: &Model, now: Duration, theme: Theme, area: Rect) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let room = usize::from(area.height).saturating_sub(1);
    let count = model.slots.len();
    let mut lines = vec![Line::from(vec![
        Span::styled("Slots  ", theme.strong()),
        Span::styled(format!("{} of {count} busy", model.busy()), theme.faint()),
    ])];
    let shown = shown(count, room);
    let mut slots: Vec<_> = model.slots.iter().enumerate().collect();
    if shown < count {
        // The ones that have a job are of more interest.
        slots.sort_by_key(|(_, slot)| slot.is_none());
    }
    let hidden = slots.split_off(shown);
    for (index, slot) in slots {
        let mut spans = vec![Span::styled(format!("{:>3}  ", index + 1), theme.faint())];
        match slot {
            Some(running) => spans.extend(job(running, now, theme, width.saturating_sub(5))),
            None => spans.push(Span::styled("–", theme.faint())),
        }
        lines.push(Line::from(spans));
    }
    if shown < count {
        let busy = hidden.iter().filter(|(_, slot)| slot.is_some()).count();
        let more = format!("     … {} more, {busy} of them busy", count - shown);
        lines.push(Line::styled(more, theme.faint()));
    }
    lines
}

/// How many of `count` rows are shown, so that a row is left to tell of the others.
fn shown(count: usize, room: usize) -> usize {
    if count <= room {
        count
    } else {
        room.saturating_sub(1)
    }
}

fn job(running: &Running, now: Duration, theme: Theme, width: usize) -> Vec<Span<'static>> {
    let class = if running.class.is_empty() {
        "(no job)"
    } else {
        &running.class
    };
    let args = match running.args.as_str() {
        "[]" => "",
        args => args,
    };
    let name = format!("{class} {args}");
    let elapsed = now.saturating_sub(running.since).as_secs_f64();
    let name = fit(&one_line(&name), width.saturating_sub(BEHIND_NAME + 1));
    let mut spans = vec![Span::raw(name), Span::raw(" ")];
    spans.extend(bar(running, theme));
    spans.push(Span::styled(format!("{elapsed:>7.1} s"), theme.faint()));
    spans
}

/// How far the job has come, if it tells.
fn bar(running: &Running, theme: Theme) -> Vec<Span<'static>> {
    if running.stuck {
        return vec![Span::styled(fit("stuck", BAR + SHARE), theme.warning())];
    }
    let Some(steps) = running.steps.as_ref().filter(|steps| steps.total > 0) else {
        return vec![Span::raw(" ".repeat(BAR + SHARE))];
    };
    let (done, total) = (steps.done.min(steps.total), steps.total);
    let share = done as f64 / total as f64;
    let full = (share * BAR as f64) as usize;
    vec![
        Span::styled("━".repeat(full), theme.active()),
        Span::styled("─".repeat(BAR - full), theme.faint()),
        Span::styled(format!("{:>5.0}%", share * 100.0), theme.faint()),
    ]
}
