mod refusals;

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use self::refusals::{refusal, unwritable};
use super::*;
use crate::wire::golden;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Archive {
    repo_id: u64,
    #[serde(default = "master")]
    branch: String,
    #[serde(default)]
    depth: Option<u32>,
}

fn master() -> String {
    "master".into()
}

fn archive(repo_id: u64, branch: &str, depth: Option<u32>) -> Archive {
    Archive {
        repo_id,
        branch: branch.into(),
        depth,
    }
}

/// Writes, compares, and reads back.
fn both<T>(args: &T, json: &str)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(to_json(args).expect(json), json);
    assert_eq!(&from_json::<T>(json).expect(json), args);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u64, String);
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Id(u64);
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Empty {}
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Through(Pair);

#[test]
fn every_shape_is_a_list() {
    both(
        &archive(44, "masterbrew", Some(3)),
        r#"[44,"masterbrew",3]"#,
    );
    both(&archive(44, "é", None), r#"[44,"é",null]"#);
    both(&Pair(1, "a".into()), r#"[1,"a"]"#);
    both(&Id(7), "[7]");
    both(&Nothing, "[]");
    both(&Empty {}, "[]");
    both(&Through(Pair(1, "a".into())), r#"[1,"a"]"#);
    both(&(), "[]");
    both(&(1,), "[1]");
    both(&(1_u8, "x".to_owned(), vec![1, 2]), r#"[1,"x",[1,2]]"#);
    both(&vec!["a".to_owned(), "b".to_owned()], r#"["a","b"]"#);
    both(&Vec::<u8>::new(), "[]");
    both(&[1.5, 2.0], "[1.5,2.0]");
    both(&Box::new((1,)), "[1]");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Mode {
    Fast,
    Slow { seconds: u32 },
    Pair(u8, u8),
    Named(String),
}

#[test]
fn inside_an_argument_everything_is_ordinary_json() {
    both(
        &(Mode::Fast, Mode::Slow { seconds: 2 }),
        r#"["Fast",{"Slow":{"seconds":2}}]"#,
    );
    both(
        &(Mode::Pair(1, 2), Mode::Named("x".into())),
        r#"[{"Pair":[1,2]},{"Named":"x"}]"#,
    );
    both(
        &(archive(1, "b", None), Id(2), Pair(3, "c".into()), Nothing),
        r#"[{"repo_id":1,"branch":"b","depth":null},2,[3,"c"],null]"#,
    );
    both(&(BTreeMap::from([(1, "a".to_owned())]),), r#"[{"1":"a"}]"#);
    both(&(Some(1), None::<u8>, 'x', true), r#"[1,null,"x",true]"#);
    both(&(vec![Some(vec![()])],), "[[[null]]]");
}

#[test]
fn integers_are_exact_and_floats_are_rubys() {
    both(
        &(i128::MIN, u128::MAX, u64::MAX),
        &format!("[{},{},{}]", i128::MIN, u128::MAX, u64::MAX),
    );
    both(
        &(1.0, vec![1.0e20, 1.0e-7], 2.5),
        "[1.0,[1.0e+20,1.0e-07],2.5]",
    );
    both(&(0.1_f32,), "[0.1]");
}

#[test]
fn text_is_escaped_no_more_than_needed() {
    let text = "café </script> & \u{2028} / \" \\ \t\n\r\u{8}\u{c}\u{1}\u{1f}\u{7f}";
    both(
        &(text.to_owned(),),
        "[\"café </script> & \u{2028} / \\\" \\\\ \\t\\n\\r\\b\\f\\u0001\\u001f\u{7f}\"]",
    );
}

#[test]
fn values_and_raw_json_pass_through() {
    both(
        &serde_json::json!([1, {"a": [null]}]),
        r#"[1,{"a":[null]}]"#,
    );
    both(
        &(serde_json::json!({"k": 2.5}), Value::Null),
        r#"[{"k":2.5},null]"#,
    );
    let list = r#"[ 1.00, {"a" :123456789012345678901234567890} ]"#;
    let raw: Box<RawValue> = from_json(list).expect("raw JSON");
    assert_eq!(raw.get(), list);
    assert_eq!(to_json(&raw).expect("raw JSON"), list);
    let (first, _): (&RawValue, &RawValue) = from_json(list).expect("raw JSON");
    assert_eq!(first.get(), "1.00");
    assert_eq!(to_json(&(first, 1)).expect("raw JSON"), "[1.00,1]");
}

#[test]
fn text_is_borrowed_where_the_type_borrows() {
    #[derive(Deserialize)]
    struct Borrowing<'a> {
        name: &'a str,
        #[serde(borrow)]
        other: Cow<'a, str>,
    }
    let read: Borrowing<'_> = from_json(r#"["a",  "b"]"#).expect("two names");
    assert_eq!(
        (read.name, matches!(read.other, Cow::Borrowed("b"))),
        ("a", true)
    );
}

#[test]
fn missing_arguments_at_the_end_take_their_defaults() {
    assert_eq!(from_json::<Archive>("[1]"), Ok(archive(1, "master", None)));
    assert_eq!(
        from_json::<Archive>(r#"[1,"b"]"#),
        Ok(archive(1, "b", None))
    );
    assert_eq!(
        from_json::<(u8, Option<u8>, Option<String>)>("[1]"),
        Ok((1, None, None))
    );
    #[derive(Debug, PartialEq, Deserialize)]
    struct Defaults(u8, #[serde(default = "master")] String);
    assert_eq!(
        from_json::<Defaults>("[1]"),
        Ok(Defaults(1, "master".into()))
    );
    #[derive(Debug, PartialEq, Default, Deserialize)]
    struct Wrapped(#[serde(default)] Option<u8>);
    assert_eq!(from_json::<Wrapped>("[]"), Ok(Wrapped(None)));
    #[derive(Debug, PartialEq, Default, Deserialize)]
    #[serde(default)]
    struct AllDefault {
        a: u8,
        b: String,
    }
    assert_eq!(from_json::<AllDefault>("[]"), Ok(AllDefault::default()));
}

#[test]
fn skipping_works_where_no_position_shifts() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Skips {
        a: u8,
        #[serde(skip)]
        _state: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        b: Option<u8>,
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "third")]
        c: Option<u8>,
    }
    both(
        &Skips {
            a: 1,
            _state: 0,
            b: None,
            c: None,
        },
        "[1]",
    );
    both(
        &Skips {
            a: 1,
            _state: 0,
            b: Some(2),
            c: None,
        },
        "[1,2]",
    );
    assert_eq!(
        unwritable(&Skips {
            a: 1,
            _state: 0,
            b: None,
            c: Some(3)
        }),
        "argument 2 (`third`): `b` before it was skipped, so its position would shift"
    );
    assert_eq!(
        refusal::<Skips>(r#"[1,2,"x"]"#),
        r#"argument 3 (`third`): expected u8, found string "x""#
    );
}

#[test]
fn other_serde_attributes_and_handwritten_types_work() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Aliased {
        #[serde(alias = "zzz", alias = "a0")]
        one: u8,
        two: u8,
    }
    assert_eq!(from_json("[1,2]"), Ok(Aliased { one: 1, two: 2 }));
    #[derive(Debug, PartialEq, Deserialize)]
    struct Ignoring {
        _legacy: IgnoredAny,
        kept: u8,
    }
    assert_eq!(
        from_json::<Ignoring>(r#"[{"x":[1]},2]"#).map(|read| read.kept),
        Ok(2)
    );

    /// Knows its fields by name only.
    #[derive(Debug, PartialEq)]
    struct ByName(u8);
    impl<'de> Deserialize<'de> for ByName {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = ByName;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a field")
                }
                fn visit_map<A>(self, mut map: A) -> Result<ByName, A::Error>
                where
                    A: serde::de::MapAccess<'de>,
                {
                    let (name, value): (String, u8) = map.next_entry()?.unwrap_or_default();
                    assert_eq!(name, "field");
                    Ok(ByName(value))
                }
            }
            deserializer.deserialize_struct("ByName", &["field"], Visitor)
        }
    }
    assert_eq!(from_json("[7]"), Ok(ByName(7)));
}

#[test]
fn recorded_arguments_of_ruby_are_written_the_same() {
    for payload in golden::queue_items(&["01_enqueue", "s14_args_shapes"]) {
        let job = crate::wire::payload::decode(payload.as_bytes()).expect(&payload);
        let args: Vec<Value> = from_json(&job.args).expect(&payload);
        assert_eq!(to_json(&args).expect(&payload), job.args);
    }
}

proptest! {
    #[test]
    fn structs_come_back(
        repo_id in any::<u64>(),
        branch in any::<String>(),
        depth in proptest::option::of(any::<u32>()),
    ) {
        both(&Archive { repo_id, branch: branch.clone(), depth }, &to_json(&(repo_id, branch, depth)).expect("a list"));
    }

    #[test]
    fn lists_of_anything_come_back(
        floats in proptest::collection::vec(proptest::num::f64::NORMAL, 0..4),
        maps in proptest::collection::vec(proptest::collection::btree_map(any::<String>(), any::<i128>(), 0..3), 0..3),
        flag in any::<bool>(),
    ) {
        let args = (floats, maps, flag);
        prop_assert_eq!(from_json(&to_json(&args).expect("a list")), Ok(args));
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), json in r#"\[[\[\]{},:"\\a0-9eE+.tn \-]{0,24}\]?"#) {
        for text in [text, json] {
            let list = from_json::<Vec<Value>>(&text);
            prop_assert_eq!(list.is_ok(), serde_json::from_str::<Vec<Value>>(&text).is_ok());
            let _ = from_json::<Archive>(&text);
            let _ = from_json::<(Option<u8>, Option<String>)>(&text);
        }
    }
}
