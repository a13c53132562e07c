//! Whether a text that somebody looks for can be seen. Whoever tries one text after the other must not
//! learn from what is found what is hidden.

use resque_core::{FailureEntry, Payload};

use super::Redaction;

/// Whether a payload contains a text, given in lower case, where it is not hidden.
pub(crate) fn is_seen(payload: &Payload, text: &str, redaction: &Redaction) -> bool {
    let payload = payload.to_text_lossy();
    let contains = |payload: &str| payload.to_lowercase().contains(text);
    // Only what contains it at all is looked at twice.
    text.is_empty() || contains(&payload) && contains(&redaction.apply(&payload))
}

/// Drops the records that a store has found because of what is hidden in them.
pub(crate) fn keep_seen(entries: &mut Vec<FailureEntry>, text: &str, redaction: &Redaction) {
    let text = text.to_lowercase();
    if text.is_empty() {
        return;
    }
    entries.retain(|entry| {
        let Some(record) = entry.content.record() else {
            return false;
        };
        let open = [&record.error, &record.exception, &record.worker];
        open.iter().any(|open| open.to_lowercase().contains(&text))
            || is_seen(&record.payload, &text, redaction)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_not_found_and_all_else_is() {
        let redaction = Redaction::default();
        let payload = Payload::from(r#"{"class":"Pay","args":[7,{"token":"Hunter2"},"Open"]}"#);
        for (text, found) in [
            ("", true),
            ("pay", true),
            ("open", true),
            ("token", true),
            ("hunter", false),
            ("redacted", false),
        ] {
            assert_eq!(is_seen(&payload, text, &redaction), found, "{text}");
        }
        assert!(is_seen(&payload, "hunter", &Redaction::nothing()));
    }
}
