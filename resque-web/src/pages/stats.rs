//! Numbers over time.

use askama::Template;
use axum::response::Response;

use super::{Shell, Tab, Visit, show};
use crate::api::Asked;
use crate::fault::Fault;
use crate::view::chart::{Chart, Series, Shape, Unit};
use crate::view::{Span, Stats, StatsQuery};

#[derive(Template)]
#[template(path = "stats.html")]
struct StatsPage {
    shell: Shell,
    view: Stats,
    charts: Vec<Chart>,
}

impl StatsPage {
    fn spans(&self) -> [Span; 4] {
        Span::ALL
    }

    fn is_shown(&self, span: &Span) -> bool {
        self.view.span == *span
    }

    /// The charts' numbers, the newest first: a time, and a cell for each series.
    fn rows(&self) -> Vec<(String, Vec<Cell>)> {
        let points = self.view.history.as_deref().unwrap_or_default();
        let points = points.iter().enumerate().rev();
        points
            .map(|(index, point)| (point.at.to_string(), self.cells(index)))
            .collect()
    }

    fn cells(&self, index: usize) -> Vec<Cell> {
        let told = |chart: &Chart, series: &Series| {
            let value = series.values.get(index).copied().flatten();
            value.map_or_else(|| "–".to_owned(), |value| chart.told(value))
        };
        let cell = |chart: &Chart, series: &Series| Cell {
            title: heading(chart, series),
            value: told(chart, series),
        };
        let of_chart = |chart: &Chart| {
            let series = chart.series.iter();
            series.map(|series| cell(chart, series)).collect::<Vec<_>>()
        };
        self.charts.iter().flat_map(of_chart).collect()
    }

    /// The headings of these cells.
    fn headings(&self) -> Vec<String> {
        let of_chart = |chart: &Chart| {
            let series = chart.series.iter();
            series
                .map(|series| heading(chart, series))
                .collect::<Vec<_>>()
        };
        self.charts.iter().flat_map(of_chart).collect()
    }

    /// For how long one point stands.
    fn each(&self) -> String {
        match self.view.minutes {
            1 => "a minute".to_owned(),
            minutes if minutes.is_multiple_of(60) => format!("{} hours", minutes / 60),
            minutes => format!("{minutes} minutes"),
        }
    }
}

/// One number of the table.
struct Cell {
    title: String,
    value: String,
}

fn heading(chart: &Chart, series: &Series) -> String {
    match chart.series.len() {
        1 => chart.title.to_owned(),
        _ => format!("{}: {}", chart.title, series.name),
    }
}

/// The time of a point, given as `2026-11-20T23:00:00.000Z`, and what stands below the chart there if it
/// is a round one.
fn told(span: Span, at: &str) -> (String, Option<String>) {
    let part = |from, to| at.get(from..to).unwrap_or_default();
    let (day, time, minute) = (part(5, 10), part(11, 16), part(14, 16));
    let hour = part(11, 13).parse::<u8>().unwrap_or_default();
    let is_round = match span {
        Span::Hour => minute.ends_with('0'),
        Span::SixHours => minute == "00",
        Span::Day => minute == "00" && hour.is_multiple_of(4),
        Span::Week => time == "00:00",
    };
    let (full, short) = match span {
        Span::Week => (format!("{day} {time}"), day),
        _ => (time.to_owned(), time),
    };
    (full, is_round.then(|| short.to_owned()))
}

/// What the charts show, if there is a history.
fn charts(view: &Stats) -> Vec<Chart> {
    let Some(points) = &view.history else {
        return Vec::new();
    };
    let told = |point: &crate::view::Point| told(view.span, &point.at.to_string());
    let (times, ticks): (Vec<_>, Vec<_>) = points.iter().map(told).unzip();
    let ticks = (0..).zip(ticks).filter_map(|(at, tick)| Some((at, tick?)));
    let ticks: Vec<(usize, String)> = ticks.collect();
    let series = |name, class, value: fn(&crate::view::Point) -> Option<u64>| Series {
        name,
        class,
        values: points.iter().map(value).collect(),
    };
    let chart = |title, id, unit, shape, series| Chart {
        title,
        id,
        unit,
        shape,
        series,
        times: times.clone(),
        ticks: ticks.clone(),
    };
    // What ended is either well or failed, so that the bars stand on each other.
    let well = series("done", "done", |point| {
        Some(point.processed?.saturating_sub(point.failed?))
    });
    let failed = series("failed", "failed", |point| point.failed);
    let mut charts = vec![
        chart(
            "Attempts",
            "chart-attempts",
            Unit::Count,
            Shape::Bars,
            vec![failed, well],
        ),
        chart(
            "Waiting in queues",
            "chart-queued",
            Unit::Count,
            Shape::Area,
            vec![series("waiting", "depth", |point| point.queued)],
        ),
        chart(
            "Oldest job waits",
            "chart-latency",
            Unit::Millis,
            Shape::Area,
            vec![series("waited", "latency", |point| point.latency_ms)],
        ),
        chart(
            "Failed jobs on record",
            "chart-failures",
            Unit::Count,
            Shape::Area,
            vec![series("on record", "failed", |point| point.failures)],
        ),
        chart(
            "Delayed",
            "chart-delayed",
            Unit::Count,
            Shape::Area,
            vec![series("delayed", "depth", |point| point.delayed)],
        ),
    ];
    charts.retain(|chart| !chart.is_empty());
    charts
}

pub(super) async fn stats(
    visit: Visit,
    Asked(query): Asked<StatsQuery>,
) -> Result<Response, Fault> {
    let view = Stats::ask(&visit.app, query).await?;
    let charts = charts(&view);
    let shell = visit.shell(Tab::Stats, "Stats").live();
    Ok(visit.page(&StatsPage {
        shell,
        view,
        charts,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_times_stand_below_a_chart() {
        for (span, at, full, tick) in [
            (
                Span::Hour,
                "2026-11-20T23:10:00.000Z",
                "23:10",
                Some("23:10"),
            ),
            (Span::Hour, "2026-11-20T23:11:00.000Z", "23:11", None),
            (
                Span::SixHours,
                "2026-11-20T23:00:00.000Z",
                "23:00",
                Some("23:00"),
            ),
            (Span::SixHours, "2026-11-20T23:10:00.000Z", "23:10", None),
            (
                Span::Day,
                "2026-11-20T20:00:00.000Z",
                "20:00",
                Some("20:00"),
            ),
            (Span::Day, "2026-11-20T23:00:00.000Z", "23:00", None),
            (
                Span::Week,
                "2026-11-20T00:00:00.000Z",
                "11-20 00:00",
                Some("11-20"),
            ),
            (Span::Week, "2026-11-20T02:00:00.000Z", "11-20 02:00", None),
        ] {
            let expected = (full.to_owned(), tick.map(str::to_owned));
            assert_eq!(told(span, at), expected, "{at}");
        }
    }
}
