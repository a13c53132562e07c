//! Text as Prometheus reads it, of several processes together.

use std::fmt::Write;

use resque::worker::metrics::table::{PROCESS_STARTS, PROCESSES};

/// What is told of one metric.
#[derive(Debug, Default)]
struct Family<'a> {
    name: &'a str,
    /// Its help and its type, told once.
    heads: Vec<&'a str>,
    samples: Vec<&'a str>,
}

/// All texts as one, in which every metric is told of in one place, as is demanded.
pub(super) fn merged(texts: &[String]) -> String {
    let mut families: Vec<Family<'_>> = Vec::new();
    for text in texts {
        let mut at = None;
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(name) = line
                .strip_prefix("# ")
                .and_then(|head| head.split(' ').nth(1))
            {
                let place = families.iter().position(|family| family.name == name);
                let place = place.unwrap_or_else(|| {
                    families.push(Family {
                        name,
                        ..Family::default()
                    });
                    families.len() - 1
                });
                let heads = &mut families[place].heads;
                let kind = line.split(' ').nth(1);
                if heads.iter().all(|head| head.split(' ').nth(1) != kind) {
                    heads.push(line);
                }
                at = Some(place);
            } else if let Some(place) = at {
                families[place].samples.push(line);
            }
        }
    }
    let mut merged = String::new();
    for Family { heads, samples, .. } in families {
        for line in heads.iter().chain(&samples) {
            merged.push_str(line);
            merged.push('\n');
        }
        merged.push('\n');
    }
    merged
}

/// What is told of the processes themselves.
pub(super) fn of_fleet(processes: usize, starts: u64) -> String {
    let mut text = String::new();
    for (metric, kind, value) in [
        (PROCESSES, "gauge", processes as u64),
        (PROCESS_STARTS, "counter", starts),
    ] {
        let (name, help) = (metric.name, metric.help);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_processes_tell_of_a_metric_stands_together() {
        let text = |process: u32| {
            format!(
                "# HELP a_total A.\n# TYPE a_total counter\na_total{{process=\"{process}\"}} 1\n\n\
                 # HELP b B.\n# TYPE b gauge\nb{{process=\"{process}\"}} 2\nb{{process=\"{process}\",x=\"y\"}} 3\n"
            )
        };
        let merged = merged(&[text(1), text(2)]);
        let wanted = "# HELP a_total A.\n# TYPE a_total counter\na_total{process=\"1\"} 1\na_total{process=\"2\"} 1\n\n\
                      # HELP b B.\n# TYPE b gauge\nb{process=\"1\"} 2\nb{process=\"1\",x=\"y\"} 3\nb{process=\"2\"} 2\nb{process=\"2\",x=\"y\"} 3\n\n";
        assert_eq!(merged, wanted);
    }

    #[test]
    fn a_fleet_tells_of_itself() {
        let text = of_fleet(2, 5);
        assert!(text.contains("\nresque_processes 2\n"), "{text}");
        assert!(text.contains("\nresque_process_starts_total 5\n"), "{text}");
    }
}
