//! A chart as SVG, made here: no script draws it and nothing in it comes from elsewhere.

use std::fmt::Write as _;
use std::time::Duration;

use askama::filters::HtmlSafe;

use super::moment::Span;

/// The size of the drawing; pages stretch it to their width.
const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 170.0;
/// What is left around it: for the numbers on its left, and the times below.
const LEFT: f64 = 40.0;
const RIGHT: f64 = 4.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 22.0;

/// How numbers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// As counts.
    Count,
    /// As spans of time, in milliseconds.
    Millis,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A bar for each point, on top of those before.
    Bars,
    /// A line with the area below it.
    Area,
}

/// Numbers that are drawn alike.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// What they are; also in the legend.
    pub(crate) name: &'static str,
    /// The class of its elements, which gives it a colour.
    pub(crate) class: &'static str,
    /// A number for each point; none where nobody knows.
    pub(crate) values: Vec<Option<u64>>,
}

/// A chart of one or more series over the same times.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    /// What it shows, in a word or two.
    pub(crate) title: &'static str,
    /// The same as the id of its title.
    pub(crate) id: &'static str,
    /// How numbers are told.
    pub(crate) unit: Unit,
    /// How it is drawn.
    pub(crate) shape: Shape,
    /// The numbers.
    pub(crate) series: Vec<Series>,
    /// The time of each point, for people.
    pub(crate) times: Vec<String>,
    /// The round times that stand below it: the place of a point, and what is told there.
    pub(crate) ticks: Vec<(usize, String)>,
}

/// An SVG element.
#[derive(Debug)]
pub(crate) struct Svg(String);

impl HtmlSafe for Svg {}

impl std::fmt::Display for Svg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Chart {
    /// Whether there is anything to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.series
            .iter()
            .all(|series| series.values.iter().all(Option::is_none))
    }

    /// A number for people.
    pub(crate) fn told(&self, value: u64) -> String {
        match self.unit {
            Unit::Count => crate::pages::show::count(value),
            Unit::Millis if value < 10_000 => format!("{:.1}s", value as f64 / 1e3),
            Unit::Millis => Span(Duration::from_millis(value)).to_string(),
        }
    }

    /// The largest and the last number, in words: what the drawing says to those who do not see it.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::new();
        for series in &self.series {
            let known = || series.values.iter().flatten();
            let (Some(most), Some(last)) = (known().max(), known().last()) else {
                continue;
            };
            let (most, last) = (self.told(*most), self.told(*last));
            // Writing to a string does not fail.
            let _ = write!(text, "{}: at most {most}, last {last}. ", series.name);
        }
        text.trim_end().to_owned()
    }

    /// The largest sum of a point.
    fn top(&self) -> u64 {
        let sum = |index: usize| {
            let values = self
                .series
                .iter()
                .filter_map(|series| series.values.get(index));
            let values = values.flatten().copied();
            match self.shape {
                Shape::Bars => values.fold(0, u64::saturating_add),
                Shape::Area => values.max().unwrap_or(0),
            }
        };
        (0..self.times.len()).map(sum).max().unwrap_or(0)
    }

    /// The drawing.
    pub(crate) fn svg(&self) -> Svg {
        let (step, lines) = scale(self.top(), self.unit);
        let most = step.saturating_mul(lines).max(1);
        let mut out = String::with_capacity(16 * 1024);
        let _ = write!(
            out,
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-labelledby=\"{}\">",
            self.id
        );
        for line in 0..=lines {
            let value = step.saturating_mul(line);
            let y = place(value, most);
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"axis\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 3.5,
                self.label(value)
            );
        }
        self.times(&mut out);
        match self.shape {
            Shape::Bars => self.bars(&mut out, most),
            Shape::Area => self.areas(&mut out, most),
        }
        out.push_str("</svg>");
        Svg(out)
    }

    fn label(&self, value: u64) -> String {
        match self.unit {
            Unit::Count => short(value),
            Unit::Millis if value < 60_000 => format!("{}s", value / 1_000),
            Unit::Millis => Span(Duration::from_millis(value))
                .to_string()
                .split(' ')
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// Where a point begins and how wide it is.
    fn column(&self, index: usize) -> (f64, f64) {
        let width = (WIDTH - LEFT - RIGHT) / self.times.len().max(1) as f64;
        (LEFT + width * index as f64, width)
    }

    fn times(&self, out: &mut String) {
        // One at the very end would stand over the edge.
        let room = self.times.len() * 9 / 10;
        for (index, time) in self.ticks.iter().filter(|(index, _)| *index <= room) {
            let (x, _) = self.column(*index);
            let y = HEIGHT - 5.0;
            let _ = write!(
                out,
                "<text class=\"axis\" x=\"{x:.1}\" y=\"{y}\">{time}</text>"
            );
        }
    }

    fn bars(&self, out: &mut String, most: u64) {
        for (index, time) in self.times.iter().enumerate() {
            let (x, width) = self.column(index);
            let known = |series: &Series| series.values.get(index).copied().flatten();
            let mut below = 0_u64;
            let _ = write!(out, "<g><title>{time}");
            for series in &self.series {
                if let Some(value) = known(series) {
                    let _ = write!(out, "\n{}: {}", series.name, self.told(value));
                }
            }
            out.push_str("</title>");
            // What is under the pointer is a whole column, however low its bar is.
            let _ = write!(
                out,
                "<rect class=\"hit\" x=\"{x:.2}\" y=\"{TOP}\" width=\"{width:.2}\" height=\"{}\"/>",
                HEIGHT - TOP - BOTTOM
            );
            for series in &self.series {
                let value = known(series).unwrap_or(0);
                if value == 0 {
                    continue;
                }
                let above = below.saturating_add(value);
                let (top, foot) = (place(above, most), place(below, most));
                let _ = write!(
                    out,
                    "<rect class=\"{}\" x=\"{:.2}\" y=\"{top:.2}\" width=\"{:.2}\" height=\"{:.2}\"/>",
                    series.class,
                    x + width * 0.12,
                    width * 0.76,
                    (foot - top).max(1.0)
                );
                below = above;
            }
            out.push_str("</g>");
        }
    }

    fn areas(&self, out: &mut String, most: u64) {
        let foot = place(0, most);
        for series in &self.series {
            for run in runs(&series.values) {
                let points: Vec<(f64, f64)> = run
                    .map(|(index, value)| {
                        let (x, width) = self.column(index);
                        (x + width / 2.0, place(value, most))
                    })
                    .collect();
                let (Some(first), Some(last)) = (points.first(), points.last()) else {
                    continue;
                };
                let mut line = String::new();
                for (number, (x, y)) in points.iter().enumerate() {
                    let verb = if number == 0 { 'M' } else { 'L' };
                    let _ = write!(line, "{verb}{x:.1} {y:.1}");
                }
                let _ = write!(
                    out,
                    "<path class=\"{class} area\" d=\"{line}L{:.1} {foot:.1}L{:.1} {foot:.1}Z\"/>\
                     <path class=\"{class} line\" d=\"{line}\"/>",
                    last.0,
                    first.0,
                    class = series.class
                );
                if points.len() == 1 {
                    let (x, y) = first;
                    let _ = write!(
                        out,
                        "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\"/>",
                        series.class
                    );
                }
            }
        }
        self.hits(out);
    }

    /// Columns that nobody sees, for the exact numbers on hover.
    fn hits(&self, out: &mut String) {
        for (index, time) in self.times.iter().enumerate() {
            let (x, width) = self.column(index);
            let _ = write!(out, "<g><title>{time}");
            for series in &self.series {
                if let Some(value) = series.values.get(index).copied().flatten() {
                    let _ = write!(out, "\n{}: {}", series.name, self.told(value));
                }
            }
            let _ = write!(
                out,
                "</title><rect class=\"hit\" x=\"{x:.2}\" y=\"{TOP}\" width=\"{width:.2}\" \
                 height=\"{}\"/></g>",
                HEIGHT - TOP - BOTTOM
            );
        }
    }
}

/// The known values that follow each other without a gap, with their places.
fn runs(values: &[Option<u64>]) -> impl Iterator<Item = impl Iterator<Item = (usize, u64)>> {
    let known: Vec<(usize, u64)> = values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| Some((index, (*value)?)))
        .collect();
    let runs: Vec<Vec<(usize, u64)>> = known
        .chunk_by(|a, b| a.0 + 1 == b.0)
        .map(<[_]>::to_vec)
        .collect();
    runs.into_iter().map(Vec::into_iter)
}

/// How high a value stands.
fn place(value: u64, most: u64) -> f64 {
    // A drawing needs no more digits than a float has.
    let share = value as f64 / most as f64;
    HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
}

/// The distance of round grid lines, and how many reach over the top.
fn scale(top: u64, unit: Unit) -> (u64, u64) {
    const COUNTS: [u64; 3] = [1, 2, 5];
    const MILLIS: [u64; 13] = [
        1_000,
        2_000,
        5_000,
        10_000,
        30_000,
        60_000,
        300_000,
        600_000,
        1_800_000,
        3_600_000,
        21_600_000,
        86_400_000,
        604_800_000,
    ];
    let reach = |step: u64| top.div_ceil(step).max(1);
    let mut steps: Box<dyn Iterator<Item = u64>> = match unit {
        Unit::Count => {
            let powers = (0..19_u32).map(|power| 10_u64.pow(power));
            Box::new(powers.flat_map(|power| COUNTS.map(|step| step.saturating_mul(power))))
        }
        Unit::Millis => Box::new(MILLIS.into_iter()),
    };
    let fits = steps.find(|step| reach(*step) <= 4);
    let step = fits.unwrap_or(top.div_ceil(4).max(1));
    (step, reach(step))
}

/// A round number in few characters.
fn short(value: u64) -> String {
    const UNITS: [(u64, &str); 6] = [
        (1_000_000_000_000_000_000, "E"),
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    for (unit, name) in UNITS {
        if value >= unit {
            let tenths = value % unit / (unit / 10);
            return match tenths {
                0 => format!("{}{name}", value / unit),
                _ => format!("{}.{tenths}{name}", value / unit),
            };
        }
    }
    value.to_string()
}

#[cfg(test)]
#[path = "chart_tests.rs"]
mod tests;
