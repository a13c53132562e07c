use proptest::prelude::*;

use super::*;

fn scan(text: &[u8]) -> Result<Kind, SyntaxError> {
    let mut scanner = Scanner::new(text);
    scanner.skip_space();
    let (kind, _) = scanner.value()?;
    scanner.finish()?;
    Ok(kind)
}

#[test]
fn every_kind_is_told() {
    for (text, kind) in [
        ("null", Kind::Null),
        (" true ", Kind::Bool),
        ("-0.5e+10", Kind::Number),
        (r#""a\u00e9\n""#, Kind::String),
        ("[ ]", Kind::Array),
        ("[1,[],{}]", Kind::Array),
        (r#"{"a":{"b":[1,2,{"c":null}]},"d":[]}"#, Kind::Object),
    ] {
        assert_eq!(scan(text.as_bytes()), Ok(kind), "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused_where_it_stops_being_json() {
    for (text, at) in [
        ("", 0),
        ("{oops", 1),
        ("[1,]", 3),
        ("[1 2]", 3),
        (r#"{"a":1,}"#, 7),
        (r#"{"a" 1}"#, 5),
        (r#"{1:2}"#, 1),
        ("[1}", 2),
        ("01", 1),
        ("1.", 2),
        ("-", 1),
        ("1e", 2),
        ("nul", 0),
        ("NaN", 0),
        (r#""\x""#, 2),
        (r#""\u12g4""#, 5),
        ("\"a\nb\"", 2),
        ("\"a", 2),
        ("{} {}", 3),
        ("[", 1),
    ] {
        let error = scan(text.as_bytes()).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
    }
}

#[test]
fn a_hundred_thousand_brackets_are_no_problem() {
    let open = "[".repeat(100_000);
    let text = format!("{open}{}", "]".repeat(100_000));
    let mut scanner = Scanner::new(text.as_bytes());
    assert_eq!(scanner.value().expect("valid").0, Kind::Array);
    assert_eq!(scanner.deepest(), 100_000);
    assert!(scan(open.as_bytes()).is_err());
    let objects = format!("{}1{}", r#"{"a":["#.repeat(50_000), "]}".repeat(50_000));
    assert_eq!(scan(objects.as_bytes()), Ok(Kind::Object));
    assert!(scan(objects.replacen("]}", "}]", 1).as_bytes()).is_err());
}

#[test]
fn lone_surrogates_are_noticed_and_pairs_are_not() {
    for (text, lone) in [
        (r#""\ud83d\ude00""#, false),
        (r#""\ud83d""#, true),
        (r#""\ude00""#, true),
        (r#""\ud83dx""#, true),
        (r#""\ud83d\n""#, true),
        (r#""\ud83d\ud83d\ude00""#, true),
        (r#""\ud83d\u0041""#, true),
    ] {
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.value().expect(text);
        assert_eq!(scanner.met_lone_surrogate(), lone, "{text}");
    }
}

proptest! {
    #[test]
    fn it_agrees_with_serde_json(text in r#"[\[\]{},:"\\ua0-9eE+.tfn \-]{0,24}"#) {
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(scan(text.as_bytes()).is_ok(), theirs);
    }

    #[test]
    fn each_bracket_closes_its_own_kind(
        objects in proptest::collection::vec(any::<bool>(), 1..300),
        wrong in any::<proptest::sample::Index>(),
    ) {
        let open = objects.iter().map(|&object| if object { "{\"a\":" } else { "[" });
        let mut closing: Vec<u8> =
            objects.iter().rev().map(|&object| if object { b'}' } else { b']' }).collect();
        let text = [open.collect::<String>().as_bytes(), b"1"].concat();
        prop_assert!(scan(&[&text[..], &closing].concat()).is_ok());
        let wrong = wrong.index(closing.len());
        closing[wrong] = if closing[wrong] == b'}' { b']' } else { b'}' };
        prop_assert!(scan(&[&text[..], &closing].concat()).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = scan(&bytes);
    }
}
