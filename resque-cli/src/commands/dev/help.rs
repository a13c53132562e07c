//! What can be typed, for people.

use super::input::COMMANDS;
use super::jobs::CLASSES;

/// How a job is typed.
const FORM: [(&str, &str); 3] = [
    (
        "Class [1, \"two\"]",
        "a job; its arguments are a JSON list, or left out",
    ),
    ("Class [1] @queue", "into this queue"),
    ("Class [1] +30", "due in 30 seconds"),
];

/// Everything that can be typed, with what it does.
pub(super) fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    FORM.into_iter().chain(CLASSES).chain(COMMANDS)
}

/// The same as lines.
pub(super) fn text() -> String {
    rows()
        .map(|(typed, meaning)| format!("  {typed:<18} {meaning}\n"))
        .collect()
}
