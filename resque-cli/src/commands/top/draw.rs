//! The picture.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::view::View;
use crate::terminal::Theme;
use crate::text::{cut, fit, minutes, one_line};
use crate::times::span;

/// The left margin, and the space between columns.
const GAP: u16 = 2;
/// Columns of the queues.
const QUEUES: u16 = 28;
/// Rows of the failures with their title, where there is room.
const FAILURES: u16 = 8;

/// Draws everything as it is at `now`.
pub(super) fn draw(frame: &mut Frame<'_>, view: &View, now: Duration, theme: Theme) {
    let area = frame.area();
    let failures = FAILURES.min(area.height / 4);
    let [head, _, totals, _, middle, _, below, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(failures),
        Constraint::Length(1),
    ])
    .areas(area);
    let [queues, _, workers] = Layout::horizontal([
        Constraint::Length(QUEUES.min(area.width / 2)),
        Constraint::Length(GAP),
        Constraint::Fill(1),
    ])
    .areas(inside(middle));
    let picture = Picture { view, theme };
    put(frame, head, vec![picture.head(head.width, now)]);
    put(frame, inside(totals), vec![picture.totals()]);
    put(frame, queues, picture.queues(queues));
    put(frame, workers, picture.workers(workers));
    put(frame, inside(below), picture.failures(inside(below)));
    put(frame, inside(foot), vec![picture.foot(inside(foot).width)]);
}

struct Picture<'a> {
    view: &'a View,
    theme: Theme,
}

impl Picture<'_> {
    fn head(&self, width: u16, now: Duration) -> Line<'static> {
        let (state, style) = self.state();
        let state = format!("{state}   {} ", minutes(self.view.lasts(now)));
        let title = "  resque top   ";
        let room = usize::from(width).saturating_sub(title.len() + state.chars().count() + 2);
        Line::from(vec![
            Span::styled(title, self.theme.strong()),
            Span::styled(fit(&one_line(&self.view.place), room), self.theme.faint()),
            Span::raw("  "),
            Span::styled(state, style),
        ])
    }

    fn state(&self) -> (&'static str, Style) {
        let sample = &self.view.sample;
        if self.view.trouble.is_some() {
            ("store unreachable", self.theme.warning())
        } else if !self.view.has_seen() {
            ("looking", self.theme.faint())
        } else if sample.paused {
            ("paused", self.theme.warning())
        } else if sample.working.is_empty() {
            ("idle", self.theme.good())
        } else {
            ("working", self.theme.good())
        }
    }

    fn totals(&self) -> Line<'static> {
        let sample = &self.view.sample;
        let (jobs, failed) = self.view.rate.unwrap_or_default();
        let strong = self.theme.strong();
        let bad = if failed > 0.0 {
            self.theme.bad()
        } else {
            strong
        };
        let numbers = [
            ("jobs/s", format!("{jobs:.0}"), strong),
            ("failed/s", format!("{failed:.0}"), bad),
            ("waiting", sample.pending.to_string(), strong),
            ("delayed", sample.delayed.to_string(), strong),
            ("on the failed list", sample.failed.to_string(), strong),
            ("processed", sample.processed.to_string(), strong),
        ];
        let spans = numbers.into_iter().flat_map(|(name, number, style)| {
            [
                Span::styled(format!("{name} "), self.theme.faint()),
                Span::styled(format!("{number}   "), style),
            ]
        });
        Line::from_iter(spans)
    }

    fn queues(&self, area: Rect) -> Vec<Line<'static>> {
        let width = usize::from(area.width);
        let mut lines = vec![Line::from(vec![
            Span::styled(fit("Queues", width.saturating_sub(10)), self.theme.strong()),
            Span::styled(format!("{:>10}", "waiting"), self.theme.faint()),
        ])];
        let mut queues: Vec<_> = self.view.sample.queues.iter().collect();
        let room = usize::from(area.height).saturating_sub(1);
        if queues.len() > room {
            // The longest are of more interest.
            queues.sort_by_key(|queue| std::cmp::Reverse(queue.length));
        }
        let shown = shown(queues.len(), room);
        for queue in &queues[..shown] {
            let state = if queue.stopped { "stopped " } else { "" };
            let style = if queue.length == 0 {
                self.theme.faint()
            } else {
                self.theme.strong()
            };
            let room = width.saturating_sub(10 + state.len());
            lines.push(Line::from(vec![
                Span::raw(fit(&one_line(&queue.name), room)),
                Span::styled(state, self.theme.warning()),
                Span::styled(format!("{:>10}", queue.length), style),
            ]));
        }
        lines.extend(self.more(queues.len() - shown));
        lines
    }

    fn workers(&self, area: Rect) -> Vec<Line<'static>> {
        let sample = &self.view.sample;
        let width = usize::from(area.width);
        let count = format!("{} of {} busy", sample.working.len(), sample.workers);
        let mut lines = vec![Line::from(vec![
            Span::styled("Workers  ", self.theme.strong()),
            Span::styled(count, self.theme.faint()),
        ])];
        let shown = shown(
            sample.working.len(),
            usize::from(area.height).saturating_sub(1),
        );
        for worker in &sample.working[..shown] {
            let class = worker.class.as_deref().unwrap_or("(no job)");
            let job = format!("{class} {}", worker.args);
            let time = worker
                .seconds
                .map_or_else(String::new, |seconds| span(Duration::from_secs(seconds)));
            let who = fit(&one_line(&worker.id), width / 3);
            let room = width.saturating_sub(width / 3 + 2 + 10);
            lines.push(Line::from(vec![
                Span::styled(format!("{who}  "), self.theme.faint()),
                Span::raw(fit(&one_line(&job), room)),
                Span::styled(format!("{time:>10}"), self.theme.active()),
            ]));
        }
        lines.extend(self.more(sample.working.len() - shown));
        lines
    }

    fn failures(&self, area: Rect) -> Vec<Line<'static>> {
        let mut lines = vec![Line::styled("Last failures", self.theme.strong())];
        let failures = &self.view.sample.failures;
        if failures.is_empty() {
            lines.push(Line::styled("none", self.theme.faint()));
        }
        for failed in failures
            .iter()
            .take(usize::from(area.height).saturating_sub(1))
        {
            // The time of day is enough here.
            let time = failed.failed_at.get(11..19).unwrap_or_default().to_owned();
            let class = failed.class.as_deref().unwrap_or("(no job)");
            let error = format!("{}: {}", failed.exception, failed.error);
            let room = usize::from(area.width).saturating_sub(10 + 22);
            lines.push(Line::from(vec![
                Span::styled(fit(&time, 10), self.theme.faint()),
                Span::raw(fit(&one_line(class), 21)),
                Span::raw(" "),
                Span::styled(cut(&one_line(&error), room).into_owned(), self.theme.bad()),
            ]));
        }
        lines
    }

    fn foot(&self, width: u16) -> Line<'static> {
        let (text, style) = match &self.view.trouble {
            Some(trouble) => (format!("{trouble}; trying again"), self.theme.warning()),
            None => ("q ends".to_owned(), self.theme.faint()),
        };
        Line::styled(
            cut(&one_line(&text), usize::from(width)).into_owned(),
            style,
        )
    }

    fn more(&self, hidden: usize) -> Option<Line<'static>> {
        (hidden > 0).then(|| Line::styled(format!("… {hidden} more"), self.theme.faint()))
    }
}

/// How many of `count` rows are shown, so that a row is left to tell of the others.
fn shown(count: usize, room: usize) -> usize {
    if count <= room {
        count
    } else {
        room.saturating_sub(1)
    }
}

fn inside(area: Rect) -> Rect {
    let gap = GAP.min(area.width);
    Rect {
        x: area.x + gap,
        width: area.width.saturating_sub(2 * GAP),
        ..area
    }
}

fn put(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    frame.render_widget(Paragraph::new(lines), area);
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
