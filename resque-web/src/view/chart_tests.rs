//! What charts draw.

use super::*;

fn chart(shape: Shape, values: Vec<Option<u64>>) -> Chart {
    let times = (0..values.len()).map(|hour| format!("{hour:02}:00"));
    Chart {
        title: "Jobs",
        id: "jobs",
        unit: Unit::Count,
        shape,
        times: times.collect(),
        ticks: vec![
            (0, "midnight".to_owned()),
            (values.len(), "late".to_owned()),
        ],
        series: vec![Series {
            name: "processed",
            class: "good",
            values,
        }],
    }
}

#[test]
fn grid_lines_are_round_and_few() {
    for (top, step, lines) in [
        (0, 1, 1),
        (3, 1, 3),
        (7, 2, 4),
        (100, 50, 2),
        (1_234_567, 500_000, 3),
    ] {
        assert_eq!(scale(top, Unit::Count), (step, lines), "{top}");
    }
    let (step, lines) = scale(u64::MAX, Unit::Count);
    assert!(lines <= 4 && step > 1 << 60);
    assert_eq!(scale(95_000, Unit::Millis), (30_000, 4));
}

#[test]
fn a_gap_breaks_the_line() {
    let values = vec![Some(1), Some(2), None, Some(3)];
    let svg = chart(Shape::Area, values).svg().to_string();
    assert_eq!(svg.matches("class=\"good line\"").count(), 2);
    assert_eq!(svg.matches("<circle").count(), 1);
    assert!(svg.contains("03:00\nprocessed: 3"), "{svg}");
    assert!(
        svg.contains(">midnight</text>") && !svg.contains("late"),
        "{svg}"
    );
}

#[test]
fn bars_stand_on_the_ground_and_nothing_is_drawn_for_nothing() {
    let svg = chart(Shape::Bars, vec![Some(4), Some(0), None]).svg();
    assert_eq!(svg.to_string().matches("class=\"good\"").count(), 1);
    assert!(chart(Shape::Bars, vec![None, None]).is_empty());
    for values in [vec![], vec![Some(u64::MAX); 3]] {
        let svg = chart(Shape::Bars, values).svg().to_string();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn a_chart_says_what_it_shows() {
    let chart = chart(Shape::Area, vec![Some(1_500), Some(20), None]);
    let expected = "processed: at most 1\u{202f}500, last 20.";
    assert_eq!(chart.summary(), expected);
    assert_eq!(short(1_500), "1.5k");
    assert_eq!(short(u64::MAX), "18.4E");
}
