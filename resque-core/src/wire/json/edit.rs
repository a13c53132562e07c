//! Changes one member of an object and leaves every other byte as it is.

use std::borrow::Cow;
use std::ops::Range;

use super::SyntaxError;
use super::members::members;
use super::string::write_string;

/// Adds a member before the last brace of `object`; `value` is JSON text.
///
/// ```
/// # use resque_core::wire::json::splice_member;
/// let retried = splice_member(br#"{"error":"e"}"#, "retried_at", br#""2026""#)?;
/// assert_eq!(retried, br#"{"error":"e","retried_at":"2026"}"#);
/// # Ok::<(), resque_core::wire::json::SyntaxError>(())
/// ```
///
/// # Errors
/// When `object` does not begin and end with braces; what is between them is not looked at.
pub fn splice_member(object: &[u8], name: &str, value: &[u8]) -> Result<Vec<u8>, SyntaxError> {
    let text = object.trim_ascii();
    let inner = text
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"));
    let Some(inner) = inner else {
        return Err(SyntaxError {
            at: 0,
            expected: "an object",
        });
    };
    // White space before the brace stays there, so that removing the member restores every byte.
    let end = object.trim_ascii_end().len() - 1;
    let end = object[..end].trim_ascii_end().len();
    let mut out = Vec::with_capacity(object.len() + name.len() + value.len() + 4);
    out.extend_from_slice(&object[..end]);
    if !inner.trim_ascii().is_empty() {
        out.push(b',');
    }
    write_string(&mut out, name);
    out.push(b':');
    out.extend_from_slice(value);
    out.extend_from_slice(&object[end..]);
    Ok(out)
}

/// Replaces the value of the member `name`, the last one if there are several; `value` is JSON
/// text. Without such a member there is no answer.
///
/// # Errors
/// When `object` is no JSON object.
pub fn replace_value(
    object: &[u8],
    name: &str,
    value: &[u8],
) -> Result<Option<Vec<u8>>, SyntaxError> {
    let mut place: Option<Range<usize>> = None;
    for member in members(object)? {
        let member = member?;
        if member.is(name) {
            place = Some(member.value_range());
        }
    }
    Ok(place.map(|place| [&object[..place.start], value, &object[place.end..]].concat()))
}

/// Gives the member `name` a value, in its place if it is there and else at the end.
///
/// # Errors
/// When `object` is no JSON object.
pub fn set_member(object: &[u8], name: &str, value: &[u8]) -> Result<Vec<u8>, SyntaxError> {
    match replace_value(object, name, value)? {
        Some(replaced) => Ok(replaced),
        None => splice_member(object, name, value),
    }
}

/// Removes every member called `name`, each with one comma beside it.
///
/// # Errors
/// When `object` is no JSON object.
pub fn without_member<'a>(object: &'a [u8], name: &str) -> Result<Cow<'a, [u8]>, SyntaxError> {
    let mut kept = Vec::new();
    let mut start = None;
    // What was kept last ends here, before its comma.
    let mut end = 0;
    let mut removed = false;
    for member in members(object)? {
        let member = member?;
        let range = member.range();
        let first = *start.get_or_insert(range.start);
        if member.is(name) {
            if !removed {
                kept.extend_from_slice(&object[..end.max(first)]);
            }
            removed = true;
        } else if removed {
            // Everything up to here is kept; the comma is needed unless nothing came before.
            if kept.len() > first {
                kept.push(b',');
            }
            kept.extend_from_slice(&object[range.clone()]);
        }
        end = range.end;
    }
    if !removed {
        return Ok(Cow::Borrowed(object));
    }
    kept.extend_from_slice(&object[end..]);
    Ok(Cow::Owned(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: impl AsRef<[u8]>) -> String {
        String::from_utf8_lossy(bytes.as_ref()).into_owned()
    }

    #[test]
    fn splicing_needs_a_comma_only_behind_another_member() {
        for (object, expected) in [
            ("{}", r#"{"x":1}"#),
            ("{ }", r#"{"x":1 }"#),
            (r#"{"a":[{}]}"#, r#"{"a":[{}],"x":1}"#),
            (" {\"a\":1 }\n", " {\"a\":1,\"x\":1 }\n"),
        ] {
            assert_eq!(
                text(splice_member(object.as_bytes(), "x", b"1").expect(object)),
                expected
            );
        }
        for no_object in ["", "[]", "{", "}", "null"] {
            assert!(
                splice_member(no_object.as_bytes(), "x", b"1").is_err(),
                "{no_object}"
            );
        }
    }

    #[test]
    fn replacing_touches_the_last_one_only() {
        let object = r#"{"a": 1.50, "b" : {"a":2} , "a":3 }"#;
        let replaced = replace_value(object.as_bytes(), "a", b"null").expect("object");
        assert_eq!(
            replaced.map(text),
            Some(r#"{"a": 1.50, "b" : {"a":2} , "a":null }"#.into())
        );
        assert_eq!(replace_value(object.as_bytes(), "c", b"1"), Ok(None));
        assert_eq!(
            text(set_member(b"{\"c\":1}", "c", b"2").expect("object")),
            r#"{"c":2}"#
        );
        assert_eq!(
            text(set_member(b"{\"c\":1}", "d", b"2").expect("object")),
            r#"{"c":1,"d":2}"#
        );
    }

    #[test]
    fn removing_leaves_a_valid_object_behind() {
        for (object, expected) in [
            (r#"{"x":1}"#, "{}"),
            (r#"{ "x":1 }"#, "{  }"),
            (r#"{"x":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":2,"x":1}"#, r#"{"a":2}"#),
            (r#"{"a":2 , "x":[1,2] ,"b":3}"#, r#"{"a":2,"b":3}"#),
            (r#"{"x":1,"x":2}"#, "{}"),
            (
                r#"{"x":1,"a":1,"x":2,"b":2,"c":3,"x":4}"#,
                r#"{"a":1,"b":2,"c":3}"#,
            ),
            (r#"{"a":{"x":1}}"#, r#"{"a":{"x":1}}"#),
        ] {
            assert_eq!(
                text(without_member(object.as_bytes(), "x").expect(object)),
                expected
            );
        }
    }

    #[test]
    fn adding_and_removing_give_the_same_bytes_back() {
        for object in [
            "{}",
            "{ }\n",
            r#"{"a":1.00 }"#,
            r#" {"failed_at":"x","payload":{}}"#,
        ] {
            let added = set_member(object.as_bytes(), "retried_at", b"\"t\"").expect(object);
            assert_eq!(
                text(without_member(&added, "retried_at").expect("object")),
                object
            );
        }
    }
}
