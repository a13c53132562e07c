//! What people type: `Class [json args] @queue +seconds`, or a command.

use std::time::Duration;

use serde_json::value::RawValue;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Wish {
    /// Put a job into a queue.
    Enqueue(Order),
    /// Tell what can be typed.
    Help,
    /// Take no more jobs for now.
    Pause,
    /// Take jobs again.
    Resume,
    /// Put all failed jobs back.
    Retry,
    /// Finish the running jobs and end.
    Quit,
}

/// A job that somebody ordered.
#[derive(Debug)]
pub(super) struct Order {
    /// Its class.
    pub(super) class: String,
    /// Its arguments, a JSON list exactly as it was typed.
    pub(super) args: Box<RawValue>,
    /// The queue, if one was named.
    pub(super) queue: Option<String>,
    /// When it is due, from now.
    pub(super) delay: Option<Duration>,
}

/// The commands with what they do, for people.
pub(super) const COMMANDS: [(&str, &str); 4] = [
    ("pause", "take no more jobs; running ones go on"),
    ("resume", "take jobs again"),
    ("retry", "put all failed jobs back into their queues"),
    ("quit", "finish the running jobs and end"),
];

/// Characters that are in no class, but in calls of other languages.
const IN_NO_CLASS: [char; 8] = ['(', ')', '{', '}', '"', '\'', ',', ';'];

/// Reads a line; `None` if it is empty.
///
/// # Errors
///
/// What is wrong and what to type instead.
pub(super) fn parse(line: &str) -> Result<Option<Wish>, String> {
    let line = line.trim();
    Ok(Some(match line {
        "" => return Ok(None),
        "help" | "?" => Wish::Help,
        "pause" => Wish::Pause,
        "resume" => Wish::Resume,
        "retry" => Wish::Retry,
        "quit" | "exit" => Wish::Quit,
        _ => Wish::Enqueue(order(line)?),
    }))
}

fn order(line: &str) -> Result<Order, String> {
    let end = line.find(|c: char| c.is_whitespace() || c == '[');
    let (class, rest) = line.split_at(end.unwrap_or(line.len()));
    if class.is_empty() {
        return Err("the class comes first: Slow [5]".to_owned());
    }
    if class.contains(IN_NO_CLASS) {
        return Err(format!(
            "{class} is no class; write the class, then its arguments as a JSON list: Slow [5]"
        ));
    }
    let typed = line.chars().count();
    let rest = rest.trim_start();
    let (args, rest) = if rest.starts_with('[') {
        list(rest, typed - rest.chars().count())?
    } else {
        (nothing()?, rest)
    };
    let mut order = Order {
        class: class.to_owned(),
        args,
        queue: None,
        delay: None,
    };
    for word in rest.split_whitespace() {
        add(&mut order, word)?;
    }
    Ok(order)
}

fn nothing() -> Result<Box<RawValue>, String> {
    RawValue::from_string("[]".to_owned()).map_err(|error| error.to_string())
}

/// Reads the JSON list at the beginning of `text`, which stands behind `before` characters.
fn list(text: &str, before: usize) -> Result<(Box<RawValue>, &str), String> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Box<RawValue>>();
    match values.next() {
        Some(Ok(args)) => Ok((args, &text[values.byte_offset()..])),
        Some(Err(error)) => {
            let message = error.to_string();
            let problem = message.split(" at line ").next().unwrap_or(&message);
            // The column counts bytes.
            let good = text.len().min(error.column());
            let at = before
                + String::from_utf8_lossy(&text.as_bytes()[..good])
                    .chars()
                    .count();
            Err(format!(
                "the arguments are no JSON list: {problem} at character {at}"
            ))
        }
        None => Err("the arguments are missing".to_owned()),
    }
}

/// Adds what stands behind the arguments.
fn add(order: &mut Order, word: &str) -> Result<(), String> {
    if let Some(queue) = word.strip_prefix('@').filter(|queue| !queue.is_empty()) {
        order.queue = Some(queue.to_owned());
        return Ok(());
    }
    if let Some(seconds) = word.strip_prefix('+') {
        let delay = seconds.trim_end_matches('s').parse().ok();
        let delay = delay.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let complaint = || format!("{word} is no delay in seconds, such as +30");
        order.delay = Some(delay.ok_or_else(complaint)?);
        return Ok(());
    }
    Err(format!(
        "{word} is not understood: the arguments are a JSON list, then come @queue and +seconds: \
         {} [1, \"two\"] @high +30",
        order.class
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(line: &str) -> Order {
        match parse(line) {
            Ok(Some(Wish::Enqueue(order))) => order,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn complaint(line: &str) -> String {
        parse(line).unwrap_err()
    }

    #[test]
    fn a_class_alone_has_no_arguments() {
        let order = ordered("  Quick ");
        assert_eq!((&*order.class, order.args.get()), ("Quick", "[]"));
        assert_eq!((order.queue, order.delay), (None, None));
    }

    #[test]
    fn arguments_are_kept_as_they_were_typed() {
        for line in ["Slow [5]", "Slow[5]", " Slow   [5]  "] {
            assert_eq!(ordered(line).args.get(), "[5]", "{line}");
        }
        let exact = r#"[ 18446744073709551616.10, "a] @b" , {"k": null}]"#;
        let order = ordered(&format!("My::Job {exact}"));
        assert_eq!((&*order.class, order.args.get()), ("My::Job", exact));
    }

    #[test]
    fn a_queue_and_a_delay_follow() {
        let order = ordered("Quick [1] @high +1.5");
        assert_eq!(order.queue.as_deref(), Some("high"));
        assert_eq!(order.delay, Some(Duration::from_millis(1500)));
        let order = ordered("Quick +30s @a:b");
        assert_eq!(order.queue.as_deref(), Some("a:b"));
        assert_eq!(order.delay, Some(Duration::from_secs(30)));
    }

    #[test]
    fn commands_are_bare_words_only() {
        assert!(matches!(parse("help"), Ok(Some(Wish::Help))));
        assert!(matches!(parse(" quit "), Ok(Some(Wish::Quit))));
        assert!(matches!(parse(""), Ok(None)));
        assert_eq!(ordered("quit []").class, "quit");
        assert_eq!(ordered("Help").class, "Help");
    }

    #[test]
    fn wrong_json_is_told_with_its_place() {
        assert_eq!(
            complaint("Slow [5"),
            "the arguments are no JSON list: EOF while parsing a list at character 7"
        );
        assert_eq!(
            complaint("Größe [1,]"),
            "the arguments are no JSON list: expected value at character 10"
        );
        let complaint = complaint("Slow [nope]");
        assert!(complaint.ends_with("at character 8"), "{complaint}");
    }

    #[test]
    fn whatever_else_is_typed_is_told() {
        for (line, part) in [
            ("[5]", "the class comes first"),
            ("Slow(5)", "Slow(5) is no class"),
            (r#"{"class":"Slow"}"#, "is no class"),
            ("Slow 5", "5 is not understood"),
            ("Slow {\"a\":1}", "the arguments are a JSON list"),
            ("Slow [5] [6]", "[6] is not understood"),
            ("Slow @", "@ is not understood"),
            ("Slow +soon", "+soon is no delay"),
            ("Slow +-1", "+-1 is no delay"),
            ("Slow +1e300", "+1e300 is no delay"),
            ("Slow +nan", "+nan is no delay"),
        ] {
            let complaint = complaint(line);
            assert!(complaint.contains(part), "{line}: {complaint}");
        }
    }
}
