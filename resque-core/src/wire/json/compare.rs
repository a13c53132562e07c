//! Compares JSON texts by what they say.

use std::borrow::Cow;

use super::SyntaxError;
use super::scan::{Event, Kind, Scanner};
use super::string::unescape;

/// Whether two JSON texts say the same.
///
/// - The order of an object's keys and white space do not matter; of a key that occurs twice, the
///   last one counts.
/// - Strings are compared by their content, however they are escaped.
/// - Numbers are compared by their exact text, never as floating point: `1.0`, `1.00` and `1` are
///   three different numbers, and integers of any length are told apart.
///
/// Texts that are not JSON are compared byte for byte.
///
/// ```
/// # use resque_core::wire::json::same_content;
/// assert!(same_content(br#"{"a":"\u00e9","b":[1]}"#, r#"{"b": [1], "a": "é"}"#.as_bytes()));
/// assert!(!same_content(b"[1.0]", b"[1]"));
/// ```
#[must_use]
pub fn same_content(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    match (Tree::read(one), Tree::read(other)) {
        (Ok(one), Ok(other)) => one.says_the_same(&other),
        _ => false,
    }
}

/// A JSON text as flat nodes, children behind their parents: nothing here nests, so neither
/// reading nor comparing nor dropping recurses.
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

enum Node<'a> {
    /// Null, booleans and numbers, by their text.
    Plain(&'a [u8]),
    String(Cow<'a, [u8]>),
    Array(Vec<usize>),
    /// Sorted by key, each key once.
    Object(Vec<(Cow<'a, [u8]>, usize)>),
}

impl<'a> Tree<'a> {
    fn read(text: &'a [u8]) -> Result<Self, SyntaxError> {
        let mut scanner = Scanner::new(text);
        scanner.skip_space();
        let mut nodes = Vec::new();
        // The open arrays and objects, and the key that waits for its value.
        let mut open: Vec<usize> = Vec::new();
        let mut key = None;
        loop {
            let node = match scanner.event()? {
                Event::Key(range) => {
                    key = Some(unescape(&text[range]));
                    continue;
                }
                Event::Close => {
                    if let Some(Node::Object(members)) = open.pop().map(|at| &mut nodes[at]) {
                        let read = std::mem::take(members);
                        *members = sorted(read);
                    }
                    if open.is_empty() {
                        break;
                    }
                    continue;
                }
                Event::Scalar(Kind::String, range) => Node::String(unescape(&text[range])),
                Event::Scalar(_, range) => Node::Plain(&text[range]),
                Event::Open(Kind::Object) => Node::Object(Vec::new()),
                Event::Open(_) => Node::Array(Vec::new()),
            };
            let at = nodes.len();
            let opens = matches!(node, Node::Array(_) | Node::Object(_));
            nodes.push(node);
            match open.last().map(|&parent| &mut nodes[parent]) {
                Some(Node::Array(elements)) => elements.push(at),
                Some(Node::Object(members)) => members.push((key.take().unwrap_or_default(), at)),
                _ => {}
            }
            if opens {
                open.push(at);
            } else if open.is_empty() {
                break;
            }
        }
        scanner.finish()?;
        Ok(Self { nodes })
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let mut pairs = vec![(0, 0)];
        while let Some((mine, theirs)) = pairs.pop() {
            match (&self.nodes[mine], &other.nodes[theirs]) {
                (Node::Plain(mine), Node::Plain(theirs)) if mine == theirs => {}
                (Node::String(mine), Node::String(theirs)) if mine == theirs => {}
                (Node::Array(mine), Node::Array(theirs)) if mine.len() == theirs.len() => {
                    pairs.extend(mine.iter().copied().zip(theirs.iter().copied()));
                }
                (Node::Object(mine), Node::Object(theirs)) if same_keys(mine, theirs) => {
                    pairs.extend(
                        mine.iter()
                            .zip(theirs)
                            .map(|(mine, theirs)| (mine.1, theirs.1)),
                    );
                }
                _ => return false,
            }
        }
        true
    }
}

type Members<'a> = Vec<(Cow<'a, [u8]>, usize)>;

/// Sorts members by key and keeps the last one of each.
fn sorted(mut members: Members<'_>) -> Members<'_> {
    // Stable, so that of equal keys the last one stays last.
    members.sort_by(|one, other| one.0.cmp(&other.0));
    members.reverse();
    members.dedup_by(|later, earlier| later.0 == earlier.0);
    members
}

fn same_keys(mine: &Members<'_>, theirs: &Members<'_>) -> bool {
    mine.len() == theirs.len()
        && mine
            .iter()
            .zip(theirs)
            .all(|(mine, theirs)| mine.0 == theirs.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let answer = same_content(one.as_bytes(), other.as_bytes());
        assert_eq!(
            answer,
            same_content(other.as_bytes(), one.as_bytes()),
            "{one} {other}"
        );
        answer
    }

    #[test]
    fn order_of_keys_escapes_and_space_do_not_matter() {
        assert!(same(
            r#"{"class":"A","args":[1]}"#,
            r#"{ "args" : [ 1 ], "class" : "\u0041" }"#
        ));
        assert!(same(
            r#"[{"a":{"c":1,"b":2}},"x"]"#,
            r#"[{"a":{"b":2,"c":1}},"x"]"#
        ));
        assert!(same("null", " null\n"));
    }

    #[test]
    fn everything_else_does() {
        for (one, other) in [
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#""1""#, "1"),
            ("[]", "{}"),
            ("null", "false"),
            (r#"["a"]"#, r#"["A"]"#),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn numbers_are_their_text() {
        assert!(!same("1.0", "1.00"));
        assert!(!same("1", "1.0"));
        assert!(!same("9007199254740992", "9007199254740993"));
        assert!(same(
            "[123456789012345678901234567890]",
            "[ 123456789012345678901234567890]"
        ));
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        assert!(same(r#"{"a":1,"a":2}"#, r#"{"a":2}"#));
        assert!(same(
            r#"{"a":3,"b":0,"a":2,"\u0061":1}"#,
            r#"{"b":0,"a":1}"#
        ));
        assert!(!same(r#"{"a":1,"a":2}"#, r#"{"a":1}"#));
    }

    #[test]
    fn what_is_no_json_equals_its_own_bytes_only() {
        assert!(same("{oops", "{oops"));
        assert!(!same("{oops", "{oops "));
        assert!(!same("[1]x", "[1]y"));
    }

    #[test]
    fn depth_and_size_are_no_problem() {
        let deep = |inner: &str| {
            format!(
                "{}{inner}{}",
                r#"[{"b":1,"a":"#.repeat(100_000),
                "}]".repeat(100_000)
            )
        };
        assert!(same(&deep("1"), &deep(" 1")));
        assert!(!same(&deep("1"), &deep("2")));
        let long = |inner: &str| format!("[{}{inner}]", "\"0123456789\",".repeat(1_000_000));
        assert!(same(&long("1"), &long(" 1")));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(one in value(), other in value()) {
            let pretty = format!("{one:#}");
            prop_assert!(same(&one.to_string(), &pretty));
            prop_assert_eq!(same(&one.to_string(), &other.to_string()), one == other);
        }

        #[test]
        fn no_bytes_make_it_panic(
            one in proptest::collection::vec(any::<u8>(), 0..60),
            other in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let _ = same_content(&one, &other);
        }
    }
}
