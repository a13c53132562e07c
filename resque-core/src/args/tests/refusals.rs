use super::*;

pub(super) fn refusal<T: DeserializeOwned>(json: &str) -> String {
    match from_json::<T>(json) {
        Ok(_) => panic!("{json} was taken"),
        Err(error) => error.to_string(),
    }
}

pub(super) fn unwritable<T: Serialize>(args: &T) -> String {
    let mut out = b"kept".to_vec();
    let error = write_json(args, &mut out).expect_err("a refusal");
    assert_eq!(out, b"kept");
    error.to_string()
}

#[test]
fn a_wrong_number_is_told_as_ruby_tells_it() {
    let number = |text: &str| format!("wrong number of arguments ({text}");
    assert_eq!(
        refusal::<Archive>("[]"),
        number("given 0, expected at least 1): `repo_id` is missing")
    );
    assert_eq!(
        refusal::<Archive>(r#"[1,"b",2,3]"#),
        number("given 4, expected 1..3)")
    );
    assert_eq!(refusal::<()>("[1,2]"), number("given 2, expected 0)"));
    assert_eq!(refusal::<Nothing>("[1,2]"), number("given 2, expected 0)"));
    assert_eq!(refusal::<Empty>("[1]"), number("given 1, expected 0)"));
    assert_eq!(refusal::<Pair>("[1]"), number("given 1, expected 2)"));
    assert_eq!(
        refusal::<Pair>("[]"),
        number("given 0, expected at least 1)")
    );
    assert_eq!(
        refusal::<Pair>(r#"[1,"a",3]"#),
        number("given 3, expected 2)")
    );
    assert_eq!(refusal::<Id>("[]"), number("given 0, expected 1)"));
    assert_eq!(refusal::<Id>("[1,2]"), number("given 2, expected 1)"));
    assert_eq!(
        refusal::<(u8, String)>("[1]"),
        number("given 1, expected 2)")
    );
    assert_eq!(
        refusal::<(u8, Option<u8>)>("[1,2,3]"),
        number("given 3, expected 1..2)")
    );
    // Too many outdoes a wrong one, which then hides how few would do.
    assert_eq!(
        refusal::<(u8, u8)>(r#"["x",2,3]"#),
        number("given 3, expected at most 2)")
    );
}

#[test]
fn a_wrong_argument_is_named() {
    assert_eq!(
        refusal::<Archive>(r#"[1,2]"#),
        "argument 2 (`branch`): expected a string, found integer `2`"
    );
    assert_eq!(
        refusal::<Archive>(r#"[null]"#),
        "argument 1 (`repo_id`): expected u64, found null"
    );
    assert_eq!(
        refusal::<(u8,)>("[300]"),
        "argument 1: expected u8, found integer `300`"
    );
    assert_eq!(
        refusal::<Id>(r#"["a, expected b"]"#),
        r#"argument 1: expected u64, found string "a, expected b""#
    );
    assert_eq!(
        refusal::<(u8, Archive)>(r#"[1,{"branch":"x"}]"#),
        "argument 2: missing field `repo_id`"
    );
    assert_eq!(
        refusal::<(Mode,)>(r#"["Quick"]"#),
        "argument 1: unknown variant `Quick`, expected one of `Fast`, `Slow`, `Pair`, `Named`"
    );
    assert_eq!(
        refusal::<(String,)>(r#"["\ud800"]"#),
        "argument 1: unexpected end of hex escape"
    );
    assert!(
        refusal::<Id>(&format!("[\"{}\"]", "é".repeat(10_000)))
            .chars()
            .count()
            < 330
    );
}

#[test]
fn what_is_no_list_is_refused() {
    for json in [
        "", "null", "{}", "[", "[1", "[1,]", "[1]x", "[1 2]", r#"["a]"#,
    ] {
        assert_eq!(
            from_json::<Vec<Value>>(json),
            Err(ArgumentError::NoList),
            "{json}"
        );
    }
    let unfit = |what: &str| format!("the arguments do not fit: a list {what}");
    let single = "cannot be read as u64; take one argument as `(T,)`";
    assert_eq!(refusal::<u64>("[1]"), unfit(single));
    assert!(refusal::<Option<(u8,)>>("[1]").contains("option"));
    assert!(refusal::<Mode>(r#"["Fast"]"#).contains("enum Mode"));
    assert!(refusal::<BTreeMap<String, u8>>("[1]").contains("flatten"));
    #[derive(Serialize, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        inner: Archive,
    }
    assert!(refusal::<Flat>("[1]").contains("flatten"));
    assert!(
        unwritable(&Flat {
            inner: archive(1, "", None)
        })
        .contains("flatten")
    );
}

#[test]
fn what_has_no_positions_is_not_written() {
    assert!(unwritable(&5).contains("`(value,)`"));
    assert!(unwritable(&"x").contains("`(value,)`"));
    assert!(unwritable(&Some((1,))).contains("option"));
    assert!(unwritable(&None::<u8>).contains("option"));
    assert!(unwritable(&Mode::Slow { seconds: 1 }).contains("enum"));
    assert!(unwritable(&BTreeMap::from([("a", 1)])).contains("`(map,)`"));
    let object = RawValue::from_string("{}".into()).expect("raw JSON");
    assert!(unwritable(&object).contains("other than an array"));
}

#[test]
fn floats_without_json_form_are_refused_wherever_they_are() {
    #[derive(Serialize)]
    struct Job {
        first: u8,
        rate: f64,
    }
    let job = Job {
        first: 1,
        rate: f64::NAN,
    };
    assert_eq!(
        unwritable(&job),
        "argument 2 (`rate`): NaN has no form in JSON"
    );
    assert_eq!(
        unwritable(&(f32::INFINITY,)),
        "argument 1: inf has no form in JSON"
    );
    assert!(unwritable(&(vec![Some(f64::NEG_INFINITY)],)).contains("-inf"));
    assert!(unwritable(&(BTreeMap::from([("a", [f64::NAN])]), 1)).starts_with("argument 1"));
    #[derive(Serialize)]
    enum Deep {
        A(f64),
        B(f64, f64),
        C { c: f64 },
    }
    for deep in [
        Deep::A(f64::NAN),
        Deep::B(1.0, f64::NAN),
        Deep::C { c: f64::NAN },
    ] {
        assert!(unwritable(&(Box::new(&deep), ())).contains("NaN"));
    }
    assert_eq!(
        unwritable(&(BTreeMap::from([((1, 2), 3)]),)),
        "argument 1: key must be a string"
    );
}

#[test]
fn a_depth_bomb_is_an_argument_error() {
    let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(refusal::<(Value,)>(&bomb).contains("recursion limit"));
    let raw: Box<RawValue> = from_json(&bomb).expect("raw JSON of any depth");
    assert_eq!(raw.get().len(), bomb.len());
}
