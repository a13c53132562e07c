use proptest::prelude::*;

use super::*;
use crate::wire::golden;
use crate::{Error, QueueList, QueueName};

#[test]
fn patterns_match_as_in_ruby() {
    for (pattern, matching, others) in [
        (
            "*",
            &["", "a", "a/b", "a:b", "é", "a.b"][..],
            &[".", ".a"][..],
        ),
        ("**", &["", "a"], &[".a"]),
        ("a*", &["a", "ab", "a/b"], &["", "b", "A"]),
        ("*a", &["a", "ba", "aaba"], &["", "ab", ".a"]),
        (
            "a*b*c",
            &["abc", "aXbXbXc", "abcbc"],
            &["ab", "acb", "abcd"],
        ),
        ("a?c", &["abc", "aéc", "a/c", "a.c"], &["ac", "abbc"]),
        ("?", &["a", "😀"], &["", "ab", "."]),
        ("[abc]x", &["ax", "bx", "cx"], &["dx", "x", "abx"]),
        ("[a-c]x", &["ax", "bx", "cx"], &["dx", "-x", "Bx"]),
        ("[a-cx-z0]", &["b", "y", "0"], &["d", "-", "1"]),
        ("[^a]", &["b", "^", "!"], &["a", "", "."]),
        ("[!a-c]x", &["dx", "!x"], &["ax", "cx"]),
        ("[a-]", &["a", "-"], &["b"]),
        ("[-a]", &["a", "-"], &["b"]),
        ("[c-a]", &["a", "c"], &["b"]),
        ("[é-ü]", &["ö", "é"], &["e"]),
        ("[\\]a]", &["]", "a"], &["\\", "b"]),
        ("[a\\-c]", &["a", "-", "c"], &["b"]),
        ("[a-\\c]", &["b"], &["\\"]),
        ("[]", &[], &["", "[]", "a"]),
        ("[]a]", &[], &["]", "a", "a]"]),
        ("[^]", &["a"], &["", "[^]"]),
        ("[.]a", &[], &[".a"]),
        ("[a", &[], &["[a", "a"]),
        ("[a\\", &[], &["a", "[a\\"]),
        ("*[a", &[], &["a", "[a"]),
        ("\\*", &["*"], &["a", "\\*"]),
        ("a\\b", &["ab"], &["a\\b"]),
        ("a\\", &["a\\"], &["a"]),
        (".*", &[".", ".a"], &["a", ""]),
        ("\\.a", &[".a"], &["a"]),
        ("a.b", &["a.b"], &["aXb"]),
        ("{a,b}", &["{a,b}"], &["a", "b"]),
        ("a]b", &["a]b"], &["ab"]),
        ("", &[""], &["a", "."]),
    ] {
        let glob = Glob::new(pattern);
        for name in matching {
            assert!(glob.matches(name), "{pattern:?} should match {name:?}");
        }
        for name in others {
            assert!(!glob.matches(name), "{pattern:?} should not match {name:?}");
        }
        assert_eq!(glob.to_string(), pattern);
    }
}

#[test]
fn a_literal_stands_for_itself() {
    for text in ["*", "[a]", "a\\b", ".x", "plain"] {
        let glob = Glob::literal(text);
        assert!(glob.matches(text) && !glob.matches("a"), "{text}");
    }
}

#[test]
fn a_hostile_pattern_is_quick() {
    let glob = Glob::new(&"*a".repeat(1_000));
    assert!(!glob.matches(&"a".repeat(999)));
    assert!(glob.matches(&"a".repeat(10_000)));
    assert!(!Glob::new(&format!("{}b", "a*".repeat(50))).matches(&"a".repeat(10_000)));
}

#[test]
fn recorded_queue_lists_resolve_as_in_ruby() {
    let recording = golden::recording("21b_queue_wildcards");
    let known: Vec<QueueName> = ["a1", "a2", "alpha_failed", "critical", "high", "low"]
        .into_iter()
        .map(|name| QueueName::new(name).expect("a name"))
        .collect();
    let notes = recording["notes"].as_object().expect("notes");
    let mut seen = 0;
    for (list, queues) in notes
        .iter()
        .filter(|(_, queues)| queues[0].as_str().is_some())
    {
        // Remarks of the recording stand in brackets behind the list.
        let list = match list.split(" (").next() {
            Some(" padded ") => " high ",
            list => list.expect("a list"),
        };
        let resolved = list.parse::<QueueList>().expect(list).resolve(&known);
        let names: Vec<&str> = resolved.iter().map(QueueName::as_str).collect();
        let expected: Vec<&str> = queues
            .as_array()
            .expect("names")
            .iter()
            .filter_map(|name| name.as_str())
            .collect();
        assert_eq!(names, expected, "{list}");
        seen += 1;
    }
    assert_eq!(seen, 13);
    assert!(
        "{a1,high}"
            .parse::<QueueList>()
            .expect("a list")
            .resolve(&known)
            .is_empty()
    );
    assert!(matches!(
        "!low".parse::<QueueList>(),
        Err(Error::NoWorkerQueues)
    ));
}

proptest! {
    #[test]
    fn it_agrees_with_the_plain_definition(pattern in r"[ab*?]{0,8}", name in "[ab]{0,10}") {
        fn defined(pattern: &[u8], name: &[u8]) -> bool {
            match (pattern.split_first(), name.split_first()) {
                (None, _) => name.is_empty(),
                (Some((b'*', rest)), None) => defined(rest, name),
                (Some((b'*', rest)), Some((_, behind))) => {
                    defined(rest, name) || defined(pattern, behind)
                }
                (Some((wanted, rest)), Some((found, behind))) => {
                    (*wanted == b'?' || wanted == found) && defined(rest, behind)
                }
                (Some(_), None) => false,
            }
        }
        let expected = defined(pattern.as_bytes(), name.as_bytes());
        prop_assert_eq!(Glob::new(&pattern).matches(&name), expected);
    }

    #[test]
    fn no_text_makes_it_panic(pattern in any::<String>(), odd in r"[\[\]\\*?!^a.\-]{0,12}", name in any::<String>()) {
        let _ = (Glob::new(&pattern).matches(&name), Glob::new(&odd).matches(&name));
    }
}
