//! The picture as plain text.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::sample::{Failed, Queue, Sample, Working};
use super::*;
use crate::failure::Failure;
use crate::place::Place;

fn sample(processed: i64) -> Sample {
    let queue = |name: &str, length| Queue {
        name: name.to_owned(),
        length,
        stopped: length == 0,
    };
    Sample {
        pending: 12,
        delayed: 3,
        failed: 7,
        processed,
        processed_failed: 4,
        workers: 10,
        queues: vec![queue("high", 12), queue("slow", 0)],
        working: vec![Working {
            id: "web1~abcde:7-0:high".to_owned(),
            queue: "high".to_owned(),
            class: Some("Archive".to_owned()),
            args: "[44,\"\u{1b}[2J\"]".to_owned(),
            seconds: Some(303),
        }],
        failures: vec![Failed {
            failed_at: "2026-11-20T23:00:25.000Z".to_owned(),
            queue: "high".to_owned(),
            class: None,
            exception: "RuntimeError".to_owned(),
            error: "no luck".to_owned(),
        }],
        ..Sample::default()
    }
}

fn view() -> View {
    let place = Place::new("redis://u:secret@h:6379", None, None);
    View::new(&place, Duration::from_secs(100))
}

fn picture(view: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let now = Duration::from_secs(112);
    terminal
        .draw(|frame| draw(frame, view, now, Theme::plain()))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width));
    let line = |row: &[ratatui::buffer::Cell]| {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        line.trim_end().to_owned()
    };
    rows.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_usual_terminal_shows_everything() {
    let mut view = view();
    assert!(picture(&view, 100, 24).contains("looking   0:12"));
    view.take(Ok(sample(100)), Duration::from_secs(110));
    view.take(Ok(sample(150)), Duration::from_secs(112));
    let text = picture(&view, 100, 24);
    for part in [
        "  resque top   redis://h:6379  ·  resque",
        "working   0:12",
        "jobs/s 25   failed/s 0   waiting 12   delayed 3   on the failed list 7   processed 150",
        "high                      12",
        "slow      stopped          0",
        "Workers  1 of 10 busy",
        "web1~abcde:7-0:high",
        "Archive [44,\"\\u{1b}[2J\"]",
        "5m 3s",
        "23:00:25  (no job)              RuntimeError: no luck",
        "q ends",
    ] {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
    assert!(!text.contains("secret"));
}

#[test]
fn an_outage_is_told_and_what_was_seen_stays() {
    let mut view = view();
    view.take(Ok(sample(100)), Duration::from_secs(110));
    let error = resque::Error::unavailable("connect to h:6379", std::io::Error::other("no"));
    view.take(Err(Failure::from(error)), Duration::from_secs(111));
    let text = picture(&view, 100, 24);
    for part in ["store unreachable", "waiting 12", "trying again"] {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
    view.take(Ok(sample(100)), Duration::from_secs(112));
    assert!(!picture(&view, 100, 24).contains("unreachable"));
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let mut view = view();
    let mut many = sample(1);
    many.queues.extend((0..500).map(|number| Queue {
        name: number.to_string(),
        length: number,
        stopped: false,
    }));
    view.take(Ok(many), Duration::from_secs(110));
    for width in [1, 2, 3, 10, 29, 31, 40, 80, 300] {
        for height in [1, 2, 3, 5, 9, 12, 24, 100] {
            picture(&view, width, height);
        }
    }
    let text = picture(&view, 100, 24);
    assert!(text.contains("499") && text.contains("more"), "{text}");
}
