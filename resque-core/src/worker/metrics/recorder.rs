//! Where metrics go.

use std::fmt;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};

use super::{ALL, Kind, Metric};

/// Where metrics go.
#[derive(Clone)]
pub(crate) enum Recording {
    /// To the recorder of the process.
    OfProcess,
    /// To this one.
    To(Arc<dyn Recorder + Send + Sync>),
}

impl Recording {
    fn with<T>(&self, what: impl FnOnce(&dyn Recorder) -> T) -> T {
        match self {
            Self::OfProcess => metrics::with_recorder(what),
            Self::To(recorder) => what(&**recorder),
        }
    }

    /// Tells the recorder what each metric means.
    pub(super) fn describe(&self) {
        self.with(|recorder| {
            for Metric {
                name, kind, help, ..
            } in ALL
            {
                let (name, help) = ((*name).into(), (*help).into());
                match kind {
                    Kind::Counter => recorder.describe_counter(name, Some(Unit::Count), help),
                    Kind::Gauge => recorder.describe_gauge(name, None, help),
                    Kind::Seconds => recorder.describe_histogram(name, Some(Unit::Seconds), help),
                    Kind::Things => recorder.describe_histogram(name, Some(Unit::Count), help),
                }
            }
        });
    }

    pub(super) fn counter(&self, metric: &Metric, values: &[&str]) -> Counter {
        self.with(|recorder| recorder.register_counter(&key(metric, values), &METADATA))
    }

    pub(super) fn gauge(&self, metric: &Metric, values: &[&str]) -> Gauge {
        self.with(|recorder| recorder.register_gauge(&key(metric, values), &METADATA))
    }

    pub(super) fn histogram(&self, metric: &Metric, values: &[&str]) -> Histogram {
        self.with(|recorder| recorder.register_histogram(&key(metric, values), &METADATA))
    }
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

fn key(metric: &Metric, values: &[&str]) -> Key {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
    let label = |(name, value): (&&'static str, &&str)| Label::new(*name, (*value).to_owned());
    let labels: Vec<_> = metric.labels.iter().zip(values).map(label).collect();
    Key::from_parts(metric.name, labels)
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OfProcess => "OfProcess",
            Self::To(_) => "To(..)",
        })
    }
}
