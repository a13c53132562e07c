//! The recordings of real Resque programs, for tests.

use serde_json::Value;

/// Reads the recording `fixtures/golden/<name>.json`.
pub(crate) fn recording(name: &str) -> Value {
    let path = format!(
        "{}/../fixtures/golden/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).expect(&path);
    serde_json::from_str(&text).expect(&path)
}

/// The different items that were pushed to queues in these recordings.
pub(crate) fn queue_items(names: &[&str]) -> Vec<String> {
    written(names, |command, key| {
        command.eq_ignore_ascii_case("rpush") && key.contains(":queue:")
    })
}

/// The different values that were written by commands that `wanted` picks by name and key.
pub(crate) fn written(names: &[&str], wanted: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for name in names {
        let recording = recording(name);
        let commands = recording["monitor_normalised"]
            .as_array()
            .expect("a transcript");
        for command in commands {
            let word = |at: usize| command[at].as_str().unwrap_or_default();
            let value = word(3).to_owned();
            if wanted(word(1), word(2)) && !found.contains(&value) {
                found.push(value);
            }
        }
    }
    found
}
