//! Updates as lines of text: `SECONDS  WORD  what`.

use std::fmt::Write;

use resque::worker::{Phase, StopReason, StopReport};

use super::operator::Answer;
use super::summary::Summary;
use super::update::{End, Slot, Update, What};
use crate::text::{one_line, seconds};

/// The line of an update; `None` if it is nothing to tell.
///
/// The words are stable: programs may look for them.
pub(super) fn line(update: &Update) -> Option<String> {
    let (word, text) = words(&update.what)?;
    Some(format_line(update.at, word, &text))
}

/// The word for what happened, and the rest.
pub(super) fn words(what: &What) -> Option<(&'static str, String)> {
    Some(match what {
        What::Registered(slots) => ("ready", format!("slots={slots}")),
        What::Phase(phase) => (phase_word(*phase)?, String::new()),
        What::Started(slot, args) => ("started", format!("{} {args}{}", name(slot), place(slot))),
        What::Progress(slot, steps) => {
            let (done, total) = (steps.done, steps.total);
            let text = &steps.text;
            let slot_number = slot.number;
            let progress = format!("{} slot={slot_number} {done}/{total} {text}", name(slot));
            ("progress", progress)
        }
        What::Ended(slot, end, took) => ended(slot, end, &seconds(*took)),
        What::Stuck(slot) => ("stuck", format!("{}{}", name(slot), place(slot))),
        What::Lost(slot) => ("lost", format!("slot={slot} its job was taken for dead")),
        What::Recovered(job) => ("recovered", job.clone()),
        What::Promoted(count) => ("due", format!("jobs={count}")),
        What::Outage(error) => ("outage", format!("{error}; trying again")),
        What::OutageOver(lasted) => ("back", format!("lasted={}", seconds(*lasted))),
        What::Trouble(error) => ("trouble", error.clone()),
        What::Answer(answer) => return answered(answer),
    })
}

/// The last line of all.
pub(super) fn summary_line(summary: &Summary) -> String {
    let StopReport {
        reason,
        processed,
        failed,
        released,
        lost,
        recovered,
        unsettled,
        still_running,
        ..
    } = &summary.report;
    let reason = match reason {
        StopReason::Quit(_) => "quit",
        StopReason::StopNow(_) => "stop",
        StopReason::Idle => "idle",
        _ => "crash",
    };
    let mut text = format!(
        "reason={reason} processed={processed} failed={failed} given_back={released} lost={lost} \
         recovered={recovered} unsettled={unsettled} still_running={}",
        still_running.len()
    );
    if let Some(left) = &summary.left {
        let (waiting, delayed) = (left.waiting(), left.delayed);
        // Writing into a string does not fail.
        let _ = write!(text, " waiting={waiting} delayed={delayed}");
    }
    format_line(summary.at, "stopped", &text)
}

pub(super) fn format_line(at: std::time::Duration, word: &str, text: &str) -> String {
    let line = format!("{:>9}  {word:<9}  {}", seconds(at), one_line(text));
    line.trim_end().to_owned()
}

fn phase_word(phase: Phase) -> Option<&'static str> {
    Some(match phase {
        Phase::Working => "working",
        Phase::Paused => "paused",
        Phase::Finishing => "finishing",
        Phase::Stopping => "stopping",
        _ => return None,
    })
}

fn ended(slot: &Slot, end: &End, took: &str) -> (&'static str, String) {
    let job = format!("{}{} took={took}", name(slot), place(slot));
    match end {
        End::Done => ("done", job),
        End::Failed { exception, error } => ("failed", format!("{job} {exception}: {error}")),
        End::GivenBack => ("givenback", job),
    }
}

fn answered(answer: &Answer) -> Option<(&'static str, String)> {
    Some(match answer {
        Answer::Enqueued {
            job,
            queue,
            length,
            unserved,
        } => {
            let hint = if *unserved { " (not served here)" } else { "" };
            (
                "enqueued",
                format!("{job} queue={queue} length={length}{hint}"),
            )
        }
        Answer::Delayed { job, queue, after } => {
            let after = after.as_secs_f64();
            ("delayed", format!("{job} queue={queue} seconds={after}"))
        }
        Answer::Retried(count) => ("retried", format!("jobs={count}")),
        Answer::Help => return None,
        Answer::Refused { line, why } if line.is_empty() => ("refused", why.clone()),
        Answer::Refused { line, why } => ("refused", format!("{line:?} {why}")),
    })
}

/// The class of a slot's job.
pub(super) fn name(slot: &Slot) -> &str {
    if slot.class.is_empty() {
        "(no job)"
    } else {
        &slot.class
    }
}

fn place(slot: &Slot) -> String {
    format!(" queue={} slot={}", slot.queue, slot.number)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::update::Steps;
    use super::*;

    fn told(what: What) -> String {
        let at = Duration::from_millis(12_345);
        line(&Update { at, what }).unwrap()
    }

    fn slow() -> Slot {
        Slot {
            number: 2,
            class: "Slow".into(),
            queue: "slow".into(),
        }
    }

    #[test]
    fn every_line_has_time_word_and_rest() {
        let steps = Steps {
            done: 3,
            total: 20,
            text: "part 3".into(),
        };
        let took = Duration::from_millis(250);
        let failure = End::Failed {
            exception: "RuntimeError".into(),
            error: "two\nlines".into(),
        };
        for (what, expected) in [
            (What::Registered(4), "   12.345  ready      slots=4"),
            (What::Phase(Phase::Paused), "   12.345  paused"),
            (
                What::Started(slow(), "[5]".into()),
                "   12.345  started    Slow [5] queue=slow slot=2",
            ),
            (
                What::Progress(slow(), steps),
                "   12.345  progress   Slow slot=2 3/20 part 3",
            ),
            (
                What::Ended(slow(), End::Done, took),
                "   12.345  done       Slow queue=slow slot=2 took=0.250",
            ),
            (
                What::Ended(slow(), failure, took),
                "   12.345  failed     Slow queue=slow slot=2 took=0.250 RuntimeError: two\\nlines",
            ),
            (
                What::Answer(Answer::Refused {
                    line: "Slow \u{1b}[".into(),
                    why: "no".into(),
                }),
                "   12.345  refused    \"Slow \\u{1b}[\" no",
            ),
        ] {
            assert_eq!(told(what), expected);
        }
    }

    #[test]
    fn a_payload_that_is_no_job_has_a_name_too() {
        let slot = Slot {
            class: String::new(),
            ..slow()
        };
        let line = told(What::Ended(slot, End::Done, Duration::ZERO));
        assert!(line.contains("done       (no job) queue=slow"), "{line}");
    }
}
