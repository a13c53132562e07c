//! The picture.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use resque::worker::Phase;

use super::super::help;
use super::model::Model;
use super::work;
use crate::terminal::Theme;
use crate::text::{cut, fit, minutes, one_line};

/// The left margin, and the space between columns.
const GAP: u16 = 2;
/// What stands before the line that is typed.
const PROMPT: &str = "› ";
/// Rows below which there is no place for the failures; what happened tells them too.
const BOTH: u16 = 5;
/// Columns of the queues.
const QUEUES: u16 = 24;

/// Draws everything as it is at `now`.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, now: Duration, theme: Theme) {
    let area = frame.area();
    let picture = Picture { model, now, theme };
    let rows = work::rows(model).min(usize::from(area.height / 3)) as u16;
    let [head, _, work, _, totals, _, middle, _, line, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(rows + 1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    put(frame, head, vec![picture.head(area.width)]);
    let [queues, _, slots] = Layout::horizontal([
        Constraint::Length(QUEUES),
        Constraint::Length(GAP),
        Constraint::Fill(1),
    ])
    .areas(inside(work));
    put(frame, queues, work::queues(model, theme, queues));
    put(frame, slots, work::slots(model, now, theme, slots));
    put(frame, inside(totals), vec![picture.totals()]);
    picture.middle(frame, inside(middle));
    picture.input(frame, inside(line), inside(foot));
}

struct Picture<'a> {
    model: &'a Model,
    now: Duration,
    theme: Theme,
}

impl Picture<'_> {
    /// What this is, and how it is.
    fn head(&self, width: u16) -> Line<'static> {
        let about = &self.model.about;
        let (state, style) = self.state();
        let state = format!("{state}   {} ", minutes(self.now));
        let page = self.model.page.as_ref();
        let page = page.map_or(String::new(), |page| format!("{page}  ·  "));
        let place = format!(
            "{page}{}  ·  {}  ·  queues {}",
            about.place.shown(),
            about.place.namespace(),
            about.queues
        );
        let title = "  resque dev   ";
        let room = usize::from(width).saturating_sub(title.len() + state.chars().count() + 2);
        Line::from(vec![
            Span::styled(title, self.theme.strong()),
            Span::styled(fit(&one_line(&place), room), self.theme.faint()),
            Span::raw("  "),
            Span::styled(state, style),
        ])
    }

    fn state(&self) -> (&'static str, Style) {
        let theme = self.theme;
        if self.model.outage.is_some() && !self.model.phase.is_leaving() {
            return ("store unreachable", theme.warning());
        }
        match self.model.phase {
            Phase::Working if self.model.busy() == 0 => ("idle", theme.good()),
            Phase::Working => ("working", theme.good()),
            Phase::Paused | Phase::StartingPaused => ("paused", theme.warning()),
            Phase::Finishing => ("finishing", theme.warning()),
            phase if phase.is_leaving() => ("stopping", theme.warning()),
            _ => ("starting", theme.faint()),
        }
    }

    fn totals(&self) -> Line<'static> {
        let model = self.model;
        let numbers = [
            ("processed", model.processed, self.theme.strong()),
            ("failed", model.failed, self.failed_style(model.failed)),
            ("waiting", model.numbers.waiting(), self.theme.strong()),
            ("delayed", model.numbers.delayed, self.theme.strong()),
            (
                "on the failed list",
                model.numbers.failed,
                self.theme.strong(),
            ),
        ];
        let spans = numbers.into_iter().flat_map(|(name, number, style)| {
            [
                Span::styled(format!("{name} "), self.theme.faint()),
                Span::styled(format!("{number}   "), style),
            ]
        });
        Line::from_iter(spans)
    }

    fn failed_style(&self, failed: u64) -> Style {
        if failed > 0 {
            self.theme.bad()
        } else {
            self.theme.strong()
        }
    }

    /// Failures above, what happened below; or what can be typed.
    fn middle(&self, frame: &mut Frame<'_>, area: Rect) {
        if self.model.help {
            let rows = help::rows().map(|(typed, meaning)| {
                Line::from(vec![
                    Span::styled(fit(typed, 20), self.theme.active()),
                    Span::raw(meaning),
                ])
            });
            return put(frame, area, rows.collect());
        }
        if area.height < BOTH {
            return put(frame, area, self.recent(area));
        }
        let most = area.height.saturating_sub(3) / 2;
        let failures = (self.model.failures.len().max(1) as u16).min(most.max(1));
        let [above, _, below] = Layout::vertical([
            Constraint::Length(failures + 1),
            Constraint::Length(1),
            Constraint::Fill(1),
        ])
        .areas(area);
        put(frame, above, self.failures(above));
        put(frame, below, self.recent(below));
    }

    fn failures(&self, area: Rect) -> Vec<Line<'static>> {
        let mut lines = vec![self.title("Last failures")];
        if self.model.failures.is_empty() {
            lines.push(Line::styled("none", self.theme.faint()));
        }
        for failed in self.model.failures.iter().take(body(area)) {
            let error = format!("{}: {}", failed.exception, failed.error);
            lines.push(Line::from(vec![
                Span::styled(fit(&minutes(failed.at), 7), self.theme.faint()),
                Span::raw(fit(&one_line(&failed.class), 13)),
                Span::raw(" "),
                Span::styled(rest(&error, area, 21), self.theme.bad()),
            ]));
        }
        lines
    }

    fn recent(&self, area: Rect) -> Vec<Line<'static>> {
        let mut lines = vec![self.title("What happened")];
        for told in self.model.recent.iter().take(body(area)) {
            lines.push(Line::from(vec![
                Span::styled(fit(&minutes(told.at), 7), self.theme.faint()),
                Span::styled(fit(told.word, 11), self.word_style(told.word)),
                Span::raw(rest(&told.text, area, 18)),
            ]));
        }
        lines
    }

    fn word_style(&self, word: &str) -> Style {
        match word {
            "done" | "back" => self.theme.good(),
            "failed" => self.theme.bad(),
            "refused" | "outage" | "trouble" | "lost" | "stuck" => self.theme.warning(),
            _ => self.theme.active(),
        }
    }

    fn title(&self, text: &'static str) -> Line<'static> {
        Line::styled(text, self.theme.strong())
    }

    /// The line that is typed, and what is to be said about it.
    fn input(&self, frame: &mut Frame<'_>, line: Rect, foot: Rect) {
        let columns = usize::from(line.width).saturating_sub(PROMPT.chars().count() + 1);
        let (text, cursor) = self.model.editor.visible(columns);
        let typed = vec![
            Span::styled(PROMPT, self.theme.active()),
            Span::raw(cut(text, columns + 1).into_owned()),
        ];
        put(frame, line, vec![Line::from(typed)]);
        let (hint, style) = self.hint();
        let hint = cut(&one_line(&hint), usize::from(foot.width)).into_owned();
        put(frame, foot, vec![Line::styled(hint, style)]);
        if line.height > 0 {
            let column = line.x + (PROMPT.chars().count() + cursor) as u16;
            frame.set_cursor_position(Position::new(column, line.y));
        }
    }

    fn hint(&self) -> (String, Style) {
        let model = self.model;
        if model.phase.is_leaving() {
            let hint = "running jobs may end; Ctrl-C stops at once".to_owned();
            return (hint, self.theme.warning());
        }
        match (&model.complaint, &model.outage) {
            (Some(complaint), _) => (complaint.clone(), self.theme.warning()),
            (None, Some(outage)) => (format!("{outage}; trying again"), self.theme.warning()),
            _ => {
                let hint = "Class [json args]  ·  help  ·  pause  ·  retry  ·  quit  ·  Ctrl-C";
                (hint.to_owned(), self.theme.faint())
            }
        }
    }
}

/// How many rows are left below a title.
fn body(area: Rect) -> usize {
    usize::from(area.height).saturating_sub(1)
}

/// Text for what is left of a row behind so many columns.
fn rest(text: &str, area: Rect, behind: usize) -> String {
    cut(
        &one_line(text),
        usize::from(area.width).saturating_sub(behind),
    )
    .into_owned()
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
    frame.render_widget(ratatui::widgets::Paragraph::new(lines), area);
}

#[cfg(test)]
#[path = "draw_tests.rs"]
mod tests;
