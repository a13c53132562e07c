//! The items of resque-scheduler's delayed lists:
//! `{"class":"Archive","args":[44,"masterbrew"],"queue":"file_serve"}`.
//!
//! Whoever moves an item into its queue, Ruby's scheduler or ours, pushes class and arguments and
//! drops everything else. So only payloads that consist of nothing else may wait there.

use std::borrow::Cow;

use super::embed::MAX_DEPTH;
use super::json::{self, Kind, members};
use super::payload::{self, InvalidPayload};

const QUEUE: &str = "queue";

/// What an item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// The queue it is for; none if it does not say.
    pub queue: Option<Cow<'a, str>>,
    /// The payload to push.
    pub payload: Cow<'a, [u8]>,
}

/// Writes the item of a plain job; [`decode`] gives the payload back byte for byte.
///
/// What is no plain job ([`is_plain`]) has none and has to wait elsewhere.
///
/// ```
/// # use resque_core::wire::delayed::encode;
/// assert_eq!(
///     encode(br#"{"class":"Archive","args":[44]}"#, "file_serve").as_deref(),
///     Some(&br#"{"class":"Archive","args":[44],"queue":"file_serve"}"#[..]),
/// );
/// ```
#[must_use]
pub fn encode(payload: &[u8], queue: &str) -> Option<Vec<u8>> {
    if !is_plain(payload) {
        return None;
    }
    let mut value = Vec::with_capacity(queue.len() + 2);
    json::write_string(&mut value, queue);
    json::splice_member(payload, QUEUE, &value).ok()
}

/// Reads an item of any scheduler; arguments that are no list become one, as they do there.
///
/// # Errors
/// When the item is no job.
pub fn decode(item: &[u8]) -> Result<Item<'_>, InvalidPayload> {
    let job = payload::decode(item)?;
    let queue = queue_of(item);
    let bare = json::without_member(item, QUEUE).map_err(InvalidPayload::NotJson)?;
    let payload = if is_plain(&bare) {
        bare
    } else {
        payload::encode(&job.class, job.args.as_bytes()).into()
    };
    Ok(Item { queue, payload })
}

fn queue_of(item: &[u8]) -> Option<Cow<'_, str>> {
    let found = members(item)
        .ok()?
        .flatten()
        .filter(|member| member.is(QUEUE))
        .last()?;
    found.value().text().filter(|queue| !queue.is_empty())
}

/// Whether a payload is nothing but a class and a list of arguments, in Ruby's order, such that
/// every scheduler can read it and write it again.
#[must_use]
pub fn is_plain(payload: &[u8]) -> bool {
    let bare = payload.first() == Some(&b'{') && payload.last() == Some(&b'}');
    bare && std::str::from_utf8(payload).is_ok() && has_class_and_args(payload).unwrap_or(false)
}

/// Looks at the members; no answer stands for a text that is no object.
fn has_class_and_args(payload: &[u8]) -> Option<bool> {
    let mut members = members(payload).ok()?;
    let class = members.next()?.ok()?;
    let args = members.next()?.ok()?;
    let named = class.is("class") && class.value().text().is_some_and(|name| !name.is_empty());
    let listed = args.is("args") && args.value().kind() == Kind::Array;
    let alone = members.next().is_none();
    let legible = members.deepest() <= MAX_DEPTH && !members.met_lone_surrogate();
    Some(named && listed && alone && legible && json::is_finite(args.value().raw()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::golden;

    fn read(item: &str) -> Result<(Option<String>, String), InvalidPayload> {
        let item = decode(item.as_bytes())?;
        let payload = String::from_utf8_lossy(&item.payload).into_owned();
        Ok((item.queue.map(Cow::into_owned), payload))
    }

    fn found(
        queue: Option<&str>,
        payload: &str,
    ) -> Result<(Option<String>, String), InvalidPayload> {
        Ok((queue.map(str::to_owned), payload.to_owned()))
    }

    #[test]
    fn recorded_items_are_written_the_same_and_move_to_the_same_payload() {
        let names = [
            "s01_enqueue_at",
            "s02_enqueue_at_with_queue",
            "s05_transfer",
        ];
        let items = golden::written(&names, |command, key| {
            command.eq_ignore_ascii_case("rpush") && key.starts_with("resque:delayed:")
        });
        let pushed = golden::queue_items(&names);
        assert!(
            items.len() >= 6 && pushed.len() >= 2,
            "{items:?} {pushed:?}"
        );
        let mut moved = Vec::new();
        for text in &items {
            let item = decode(text.as_bytes()).expect(text);
            let queue = item.queue.expect(text);
            assert_eq!(
                encode(&item.payload, &queue).as_deref(),
                Some(text.as_bytes())
            );
            moved.push(String::from_utf8_lossy(&item.payload).into_owned());
        }
        assert!(
            pushed.iter().all(|payload| moved.contains(payload)),
            "{moved:?} {pushed:?}"
        );
    }

    #[test]
    fn arguments_of_any_shape_become_a_list() {
        for (args, list) in [
            (r#""args":{"a":1},"#, r#"[{"a":1}]"#),
            (r#""args":"x","#, r#"["x"]"#),
            (r#""args":null,"#, "[]"),
            ("", "[]"),
            (r#""args":[1, 2],"#, "[1, 2]"),
            (r#""args":[[1]],"#, "[[1]]"),
        ] {
            let item = format!(r#"{{"class":"Archive",{args}"queue":"q"}}"#);
            let payload = format!(r#"{{"class":"Archive","args":{list}}}"#);
            assert_eq!(read(&item), found(Some("q"), &payload));
        }
    }

    #[test]
    fn items_of_other_schedulers_read() {
        let plain = r#"{"class":"A","args":[1.50]}"#;
        assert_eq!(
            read(r#"{"class":"A","queue":"q","args":[1.50]}"#),
            found(Some("q"), plain)
        );
        assert_eq!(
            read(r#"{"queue":"q","args":[1.50],"class":"A","x":1}"#),
            found(Some("q"), plain)
        );
        for queue in [r#","queue":null"#, r#","queue":"""#, r#","queue":7"#, ""] {
            assert_eq!(
                read(&format!(r#"{{"class":"A","args":[1.50]{queue}}}"#)),
                found(None, plain)
            );
        }
    }

    #[test]
    fn what_is_no_job_is_told() {
        for item in ["{oops", "[1]", "null", r#"{"args":[]}"#] {
            assert!(decode(item.as_bytes()).is_err(), "{item}");
        }
    }

    #[test]
    fn only_class_and_args_make_a_plain_job() {
        assert!(is_plain(br#"{"class":"A","args":[1.0e+20,{"b":null}]}"#));
        assert!(is_plain(br#"{ "class":"A", "args":[] }"#));
        let deep = |levels| {
            format!(
                r#"{{"class":"A","args":{}{}}}"#,
                "[".repeat(levels),
                "]".repeat(levels)
            )
        };
        assert!(is_plain(deep(MAX_DEPTH - 1).as_bytes()));
        for payload in [
            "",
            "{}",
            "{oops",
            r#"{"class":"A"}"#,
            r#"{"class":"A","args":null}"#,
            r#"{"class":"A","args":{}}"#,
            r#"{"class":"","args":[]}"#,
            r#"{"args":[],"class":"A"}"#,
            r#"{"class":"A","args":[],"rs":{}}"#,
            r#"{"class":"A","args":[],"args":[]}"#,
            r#" {"class":"A","args":[]}"#,
            r#"{"class":"A","args":["\ud800"]}"#,
            r#"{"class":"A","args":[1e999]}"#,
            &deep(MAX_DEPTH),
        ] {
            assert!(!is_plain(payload.as_bytes()), "{payload}");
            assert_eq!(encode(payload.as_bytes(), "q"), None);
        }
        assert!(!is_plain(b"{\"class\":\"A\",\"args\":[\"\xff\"]}"));
    }

    proptest! {
        #[test]
        fn a_plain_payload_comes_back(
            class in ".{1,10}",
            queue in ".{1,10}",
            args in r#"\[ ?("[a-zé]{0,5}"(, ?[1-9][0-9]{0,30}(\.[0-9]{1,3})?)?)? ?\]"#,
        ) {
            let payload = payload::encode(&class, args.as_bytes());
            let item = encode(&payload, &queue).expect("plain");
            let read = decode(&item).expect("a job");
            prop_assert_eq!((read.queue.as_deref(), &*read.payload), (Some(&*queue), &*payload));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (decode(&bytes), is_plain(&bytes));
            let item = [br#"{"class":"A","args":"#, &bytes[..], b"}"].concat();
            let _ = (decode(&item), is_plain(&item), encode(&item, "q"));
        }
    }
}
