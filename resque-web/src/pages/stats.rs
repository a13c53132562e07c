//! Numbers over time.

use askama::Template;
use axum::response::{Redirect, Response};

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

/// What the charts show, if there is a history.
fn charts(view: &Stats) -> Vec<Chart> {
    let Some(points) = &view.history else {
        return Vec::new();
    };
    let times: Vec<String> = points
        .iter()
        .map(|point| {
            // `2026-11-20T23:00:00.000Z`
            let text = point.at.to_string();
            let (day, time) = (text.get(5..10), text.get(11..16));
            let (day, time) = (day.unwrap_or_default(), time.unwrap_or_default());
            match view.span {
                Span::Week => format!("{day} {time}"),
                _ => time.to_owned(),
            }
        })
        .collect();
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

/// Old bookmarks, from Ruby's page.
pub(super) async fn as_ruby_calls_it(visit: Visit) -> Redirect {
    Redirect::to(&visit.link("/stats"))
}
