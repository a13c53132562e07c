//! The order of marks, looks and waits.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

fn list(text: &str) -> QueueList {
    text.parse().unwrap()
}

fn queue(name: &str) -> QueueName {
    name.parse().unwrap()
}

fn listening() -> Marks {
    let marks = Marks::default();
    marks.start();
    marks
}

/// Marks that know the queues of `list` to be empty.
fn drained(text: &str) -> Marks {
    let marks = listening();
    marks.found_empty(&list(text), &marks.look(&list(text)));
    marks
}

fn names(marks: &Marks, text: &str) -> Option<Vec<String>> {
    let look = marks.look(&list(text));
    look.queues()
        .map(|queues| queues.iter().map(ToString::to_string).collect())
}

fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn everything_is_looked_into_until_announcements_come_and_once_after() {
    let marks = Marks::default();
    assert_eq!(names(&marks, "a,b"), None);
    marks.found_empty(&list("a,b"), &marks.look(&list("a,b")));
    marks.start();
    assert_eq!(
        names(&marks, "a,b"),
        None,
        "what came before the start was missed"
    );
    marks.found_empty(&list("a,b"), &marks.look(&list("a,b")));
    assert_eq!(names(&marks, "a,b"), Some(vec![]));
}

#[test]
fn only_marked_queues_are_looked_into_in_the_order_of_the_list() {
    let marks = drained("c,b,a");
    marks.mark(queue("a"));
    marks.mark(queue("c"));
    marks.mark(queue("other"));
    assert_eq!(names(&marks, "c,b,a"), Some(vec!["c".into(), "a".into()]));
    let marks = drained("high,*,!slow");
    for name in ["slow", "new", "high", "a"] {
        marks.mark(queue(name));
    }
    assert_eq!(
        names(&marks, "high,*,!slow"),
        Some(vec!["high".into(), "a".into(), "new".into()])
    );
}

#[test]
fn a_mark_survives_a_look_that_was_drawn_before_it() {
    let marks = drained("*");
    marks.mark(queue("a"));
    let look = marks.look(&list("*"));
    marks.mark(queue("a"));
    marks.found_empty(&list("*"), &look);
    assert_eq!(names(&marks, "*"), Some(vec!["a".into()]));
    marks.found_empty(&list("*"), &marks.look(&list("*")));
    assert_eq!(names(&marks, "*"), Some(vec![]));
}

#[test]
fn a_mark_survives_a_look_at_everything_that_was_drawn_before_it() {
    let marks = listening();
    let look = marks.look(&list("*"));
    marks.mark(queue("a"));
    marks.found_empty(&list("*"), &look);
    assert_eq!(names(&marks, "*"), Some(vec!["a".into()]));
}

#[test]
fn a_look_of_before_a_loss_says_nothing_about_after() {
    let marks = listening();
    let look = marks.look(&list("*"));
    marks.lose();
    marks.start();
    marks.found_empty(&list("*"), &look);
    assert_eq!(names(&marks, "*"), None);
}

#[test]
fn an_empty_list_says_nothing_about_another_list() {
    let marks = drained("a,b");
    assert_eq!(names(&marks, "b,c"), None);
    marks.mark(queue("c"));
    marks.found_empty(&list("a,b"), &marks.look(&list("a,b")));
    marks.found_empty(&list("b,c"), &marks.look(&list("b,c")));
    marks.mark(queue("b"));
    assert_eq!(names(&marks, "a,b"), Some(vec!["b".into()]));
    assert_eq!(names(&marks, "b,c"), Some(vec!["b".into()]));
}

#[test]
fn a_mark_after_the_ticket_wakes_even_if_it_came_before_the_wait() {
    let marks = drained("a");
    let ticket = marks.moment();
    assert_eq!(poll(marks.wait(ticket, &list("a"))), Poll::Pending);
    marks.mark(queue("b"));
    assert_eq!(poll(marks.wait(ticket, &list("a"))), Poll::Pending);
    marks.mark(queue("a"));
    assert_eq!(
        poll(marks.wait(ticket, &list("a"))),
        Poll::Ready(Woken::Marked)
    );
    assert_eq!(poll(marks.wait(marks.moment(), &list("a"))), Poll::Pending);
    marks.mark_everything();
    assert_eq!(
        poll(marks.wait(ticket, &list("x"))),
        Poll::Ready(Woken::Marked)
    );
}

#[test]
fn a_waiter_hears_of_a_mark_and_of_a_loss() {
    let marks = listening();
    let all = list("*");
    for (event, woken) in [(true, Woken::Marked), (false, Woken::Lost)] {
        let mut waiting = pin!(marks.wait(marks.moment(), &all));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
        if event {
            marks.mark(queue("new"))
        } else {
            marks.lose()
        }
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready(woken));
    }
}

#[test]
fn announcements_are_not_stopped_while_somebody_waits() {
    let marks = listening();
    let all = list("*");
    {
        let mut waiting = pin!(marks.wait(marks.moment(), &all));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
        assert!(!marks.stop());
    }
    let ticket = marks.moment();
    assert!(marks.stop());
    assert_eq!(
        poll(marks.wait(ticket, &all)),
        Poll::Ready(Woken::Marked),
        "and nobody sleeps without them"
    );
}

#[test]
fn a_flood_of_names_is_not_remembered() {
    let marks = drained("*");
    for number in 0..=QUEUES_AT_MOST {
        marks.mark(queue(&number.to_string()));
    }
    assert_eq!(names(&marks, "*"), None);
    assert!(marks.state().queues.is_empty());
}
