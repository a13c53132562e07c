//! Times, hosts and process ids become the placeholders of the recordings.

use std::sync::LazyLock;

use regex::Regex;

/// The id of a worker as a test names it; the recordings say `<HOST>:<PID1>`.
pub(crate) const HOST_AND_PID: &str = "host:123";

static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // Our ids carry a token and a slot; otherwise they have the same shape.
        (r#"[^":\s\[]+~[a-z0-9]+:\d+-\d+:"#, "<HOST>:<PID1>:"),
        (r"\bhost:123:", "<HOST>:<PID1>:"),
        // What ours carry besides, as a last member that all others ignore: the receipt of a
        // reservation, and the stable name of a failure.
        (r#","rs":\{"receipt":"[0-9a-f-]+"\}"#, ""),
        (r#","id":"[0-9a-f]{12}-[0-9a-f]+""#, ""),
        // Where something failed is told in the language that it failed in.
        (r#""backtrace":(\[[^\]]*\]|null)"#, r#""backtrace":"…""#),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<ISO8601_UTC_Z>"),
        (
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d",
            "<ISO8601_LOCAL_OFFSET>",
        ),
        (
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}",
            "<YYYY-MM-DD HH:MM:SS +ZZZZ>",
        ),
        (
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
            "<YYYY-MM-DD HH:MM:SS UTC>",
        ),
        (
            r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [A-Z]+",
            "<YYYY/MM/DD HH:MM:SS ZONE>",
        ),
        (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", "<YYYY/MM/DD HH:MM:SS>"),
    ]
    .map(|(pattern, placeholder)| (Regex::new(pattern).unwrap(), placeholder))
    .into()
});

/// The text with placeholders for what is different every time.
pub(crate) fn normal(text: &str) -> String {
    RULES
        .iter()
        .fold(text.to_owned(), |text, (pattern, placeholder)| {
            pattern
                .replace_all(&text, regex::NoExpand(placeholder))
                .into_owned()
        })
}
