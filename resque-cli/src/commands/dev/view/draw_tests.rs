//! The picture as plain text.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use resque::QueueList;
use resque::worker::Phase;

use super::super::super::numbers::Numbers;
use super::super::super::operator::Answer;
use super::super::super::session::Setting;
use super::super::super::update::{End, Slot, Steps, Update, What};
use super::super::model::Model;
use super::draw;
use crate::place::Place;
use crate::terminal::Theme;

fn model(slots: usize) -> Model {
    Model::new(Setting {
        place: Place::new("redis://u:secret@h:6379", None, Some("resque-dev")),
        queues: QueueList::all(),
        slots,
        empty: true,
        has_page: false,
    })
}

/// Some work under way, at twelve seconds.
fn at_work() -> Model {
    let mut model = model(4);
    let slot = |number, class: &str| Slot {
        number,
        class: class.into(),
        queue: "q".into(),
    };
    let steps = Steps {
        done: 5,
        total: 10,
        text: "half".into(),
    };
    let failure = End::Failed {
        exception: "Demo::Failure".into(),
        error: "no\u{1b}[31m luck".into(),
    };
    for what in [
        What::Phase(Phase::Working),
        What::Started(slot(1, "Slow"), "[4]".into()),
        What::Progress(slot(1, "Slow"), steps),
        What::Started(slot(2, "Fail"), "[]".into()),
        What::Ended(slot(2, "Fail"), failure, Duration::from_millis(1)),
    ] {
        let at = Duration::from_secs(10);
        model.apply(Update { at, what });
    }
    model.numbers = Numbers {
        queues: vec![("quick".into(), 3, false), ("slow".into(), 0, true)],
        delayed: 1,
        failed: 7,
    };
    model
}

fn apply(model: &mut Model, what: What) {
    let at = Duration::from_secs(11);
    model.apply(Update { at, what });
}

fn picture(model: &Model, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let now = Duration::from_secs(12);
    terminal
        .draw(|frame| draw(frame, model, now, Theme::plain()))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width));
    rows.map(|row| {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        line.trim_end().to_owned()
    })
    .collect()
}

#[test]
fn a_usual_terminal_shows_everything() {
    let shown = picture(&at_work(), 80, 24);
    let text = shown.join("\n");
    for part in [
        "  resque dev   redis://h:6379  ·  resque-dev  ·  queues *",
        "working   0:12",
        "quick                  3",
        "slow    stopped        0",
        "Slots  1 of 4 busy",
        "  1  Slow [4]",
        "━━━━━─────   50%    2.0 s",
        "  2  –",
        "processed 1   failed 1   waiting 3   delayed 1   on the failed list 7",
        "0:10   Fail          Demo::Failure: no\\u{1b}[31m luck",
        "0:10   failed     Fail queue=q slot=2 took=0.001 Demo::Failure",
        "  › ",
    ] {
        assert!(
            text.contains(part.trim_end()),
            "{part:?} is missing:\n{text}"
        );
    }
    assert_eq!(shown[22], "  ›");
    assert!(
        shown[23].starts_with("  Class [json args]  ·  help"),
        "{text}"
    );
    assert!(!text.contains("secret"));
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let mut many = at_work();
    many.slots.extend((0..500).map(|_| None));
    many.help = true;
    for width in [1, 2, 3, 10, 29, 30, 31, 40, 80, 300] {
        for height in [1, 2, 3, 5, 9, 12, 24, 100] {
            picture(&at_work(), width, height);
            picture(&many, width, height);
        }
    }
}

#[test]
fn more_slots_and_queues_than_fit_are_counted() {
    let mut model = model(50);
    let queues = (0..40).map(|number| (format!("q{number:02}"), u64::from(number == 39), false));
    model.numbers.queues = queues.collect();
    let text = picture(&model, 80, 24).join("\n");
    assert!(text.contains("… 43 more, 0 of them busy"), "{text}");
    assert!(text.contains("… 33 more"), "{text}");
    // The queue that holds a job is shown first, and so is the slot that has one.
    assert!(text.contains("q39"), "{text}");
    let slot = Slot {
        number: 50,
        ..Slot::default()
    };
    apply(&mut model, What::Started(slot, "[]".into()));
    let text = picture(&model, 80, 24).join("\n");
    assert!(text.contains(" 50  (no job)"), "{text}");
}

#[test]
fn an_outage_a_pause_and_the_way_out_are_told() {
    let mut model = at_work();
    apply(&mut model, What::Outage("cannot reach h:6379".into()));
    let text = picture(&model, 80, 24).join("\n");
    assert!(text.contains("store unreachable   0:12"), "{text}");
    assert!(text.contains("cannot reach h:6379; trying again"), "{text}");
    apply(&mut model, What::OutageOver(Duration::from_secs(1)));
    apply(&mut model, What::Phase(Phase::Paused));
    assert!(picture(&model, 80, 24)[0].contains("paused   0:12"));
    apply(&mut model, What::Phase(Phase::Cancelling));
    let shown = picture(&model, 80, 24);
    assert!(shown[0].contains("stopping   0:12"));
    assert!(shown[23].contains("Ctrl-C stops at once"));
}

#[test]
fn a_refused_line_comes_back_unless_another_is_begun() {
    let refused = || {
        What::Answer(Answer::Refused {
            line: "Slow [5".into(),
            why: "the arguments are no JSON list".into(),
        })
    };
    let mut model = at_work();
    apply(&mut model, refused());
    let shown = picture(&model, 80, 24);
    assert_eq!(shown[22], "  › Slow [5");
    assert_eq!(shown[23], "  the arguments are no JSON list");
    model.editor.set("Quick".into());
    apply(&mut model, refused());
    assert_eq!(picture(&model, 80, 24)[22], "  › Quick");
}

#[test]
fn help_shows_all_that_can_be_typed() {
    let mut model = at_work();
    apply(&mut model, What::Answer(Answer::Help));
    let text = picture(&model, 80, 24).join("\n");
    for typed in ["Class [1] +30", "Slow [5]", "pause", "quit"] {
        assert!(text.contains(typed), "{typed}: {text}");
    }
}
