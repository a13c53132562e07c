use proptest::prelude::*;

use super::*;
use crate::wire::golden;

fn read(payload: &str) -> Result<(String, String), String> {
    decode(payload.as_bytes())
        .map(|job| (job.class.into_owned(), job.args.into_owned()))
        .map_err(|error| error.to_string())
}

fn job(class: &str, args: &str) -> Result<(String, String), String> {
    Ok((class.to_owned(), args.to_owned()))
}

#[test]
fn the_order_of_keys_and_unknown_members_do_not_matter() {
    assert_eq!(
        read(r#"{"class":"A","args":[1, 2.50]}"#),
        job("A", "[1, 2.50]")
    );
    assert_eq!(read(r#"{"args":[1],"class":"A"}"#), job("A", "[1]"));
    assert_eq!(
        read(r#" {"class":"A","queue":"q","args":[],"id":{}} "#),
        job("A", "[]")
    );
    assert_eq!(
        read(r#"{"class":"A","class":"B","args":[1],"args":[2]}"#),
        job("B", "[2]")
    );
    assert_eq!(
        read(r#"{"cl\u0061ss":"::My\u003a:Job","args":[]}"#),
        job("::My::Job", "[]")
    );
}

#[test]
fn arguments_of_any_shape_are_a_list() {
    for (args, list) in [
        ("", "[]"),
        (r#","args":null"#, "[]"),
        (r#","args":{"x":1}"#, r#"[{"x":1}]"#),
        (r#","args":"str""#, r#"["str"]"#),
        (r#","args":0"#, "[0]"),
        (r#","args":false"#, "[false]"),
        (r#","args":[[1]]"#, "[[1]]"),
    ] {
        assert_eq!(read(&format!(r#"{{"class":"A"{args}}}"#)), job("A", list));
    }
}

#[test]
fn what_is_no_job_says_why() {
    for (payload, message) in [
        ("{oops", "not JSON at byte 1: expected a string"),
        ("", "not JSON at byte 0: expected a value"),
        ("null", "expected an object, found null"),
        ("5", "expected an object, found a number"),
        (r#""str""#, "expected an object, found a string"),
        ("[1,2]", "expected an object, found an array"),
        (
            r#"{"class":"A"} {}"#,
            "not JSON at byte 14: expected the end of the text",
        ),
        ("{}", "it has no class"),
        (r#"{"class":null}"#, "it has no class"),
        (
            r#"{"class":["A"]}"#,
            "its class is an array, expected a name",
        ),
        (
            r#"{"class":"\ud800"}"#,
            "its class is a string, expected a name",
        ),
        (r#"{"class":"","args":[]}"#, "its class is empty"),
    ] {
        assert_eq!(
            read(payload),
            Err(format!("the payload is no job: {message}")),
            "{payload}"
        );
    }
    let error = decode(b"{\"class\":\"\xff\"}").expect_err("not UTF-8");
    assert_eq!(error, InvalidPayload::NotUtf8 { at: 10 });
}

#[test]
fn extras_are_told_raw() {
    let payload = br#"{"class":"A","args":[],"rs":{"attempt": 2}}"#;
    assert_eq!(
        decode(payload).expect("a job").extras,
        Some(r#"{"attempt": 2}"#)
    );
}

#[test]
fn depth_bombs_and_large_payloads_are_read() {
    let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let payload = encode("A", bomb.as_bytes());
    assert_eq!(decode(&payload).expect("a job").args.len(), 200_000);
    assert!(decode("[".repeat(100_000).as_bytes()).is_err());
    let large = format!(r#"["{}"]"#, "\\n".repeat(5_000_000));
    let payload = encode("A", large.as_bytes());
    assert!(matches!(decode(&payload).expect("a job").args, Cow::Borrowed(args) if args == large));
}

#[test]
fn ruby_and_perl_payloads_read_and_are_written_the_same() {
    let recorded = golden::queue_items(&["01_enqueue", "perl_01_push", "s14_args_shapes"]);
    assert!(recorded.len() >= 12, "{recorded:?}");
    for payload in recorded {
        let job = decode(payload.as_bytes()).expect(&payload);
        let ours = encode(&job.class, job.args.as_bytes());
        if payload.starts_with(r#"{"class":"#) && !payload.contains(r#""queue":"#) {
            assert_eq!(String::from_utf8_lossy(&ours), payload);
        }
        assert!(matches(
            payload.as_bytes(),
            &job.class,
            Some(job.args.as_bytes())
        ));
    }
}

#[test]
fn payloads_that_trip_ruby_are_told_apart_from_jobs() {
    let recorded = golden::queue_items(&["10h_payload_invalid_json"]);
    assert!(
        recorded
            .iter()
            .all(|payload| decode(payload.as_bytes()).is_ok()),
        "{recorded:?}"
    );
    for job in golden::queue_items(&["10f_args_null_and_missing"]) {
        decode(job.as_bytes()).expect(&job);
    }
}

#[test]
fn matching_compares_class_and_content_of_the_arguments() {
    let payload = br#"{"args":[1,{"b":2,"a":"\u00e9"}],"class":"U","extra":1}"#;
    assert!(matches(payload, "U", None));
    assert!(matches(
        payload,
        "U",
        Some(r#"[1,{"a":"é","b":2}]"#.as_bytes())
    ));
    assert!(!matches(payload, "U", Some(b"[1]")));
    assert!(!matches(payload, "V", None));
    assert!(!matches(b"{oops", "U", None));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(class in ".{1,20}", args in r#"\[("[a-zé]{0,5}"(,[1-9][0-9]{0,40})?)?\]"#) {
        let payload = encode(&class, args.as_bytes());
        let job = decode(&payload).expect("a job");
        prop_assert_eq!((&*job.class, &*job.args), (&*class, &*args));
        serde_json::from_slice::<serde::de::IgnoredAny>(&payload).expect("JSON");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = decode(&bytes);
        let mut object = br#"{"class":"#.to_vec();
        object.extend(bytes);
        let _ = decode(&object);
    }
}
