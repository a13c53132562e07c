use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::wire::golden;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn record(entry: &str) -> FailureRecord {
    match decode(entry.as_bytes()) {
        FailureContent::Record(record) => *record,
        FailureContent::Unreadable(bytes) => panic!("unreadable: {bytes:?}"),
    }
}

#[test]
fn an_entry_is_written_as_ruby_writes_it() {
    let payload = r#"{"class":"Boom","args":[{"a":1},"café"]}"#;
    let failed = FailureRecord::new(
        at(1_795_215_627),
        Payload::from(payload),
        "ArgumentError",
        "boom: café \"quoted\"",
    )
    .on("h:1:file_serve", "file_serve")
    .backtrace(vec!["a.rb:1:in `perform'".into(), "b".into()]);
    let ruby = concat!(
        r#"{"failed_at":"2026/11/20 23:00:27 UTC","payload":{"class":"Boom","args":[{"a":1},"café"]},"#,
        r#""exception":"ArgumentError","error":"boom: café \"quoted\"","#,
        r#""backtrace":["a.rb:1:in `perform'","b"],"worker":"h:1:file_serve","queue":"file_serve"}"#
    );
    assert_eq!(String::from_utf8_lossy(&encode(&failed, None)), ruby);
    assert_eq!(record(ruby), failed);
    let named = encode(&failed, Some("f1"));
    assert_eq!(
        String::from_utf8_lossy(&named),
        ruby.replace("_serve\"}", "_serve\",\"id\":\"f1\"}")
    );
    assert_eq!(id(&named), "f1");
}

#[test]
fn recorded_entries_of_ruby_read_and_are_written_the_same() {
    let scenarios = [
        "10_job_failure_fork",
        "10c_failure_binary_message",
        "11_child_killed_sigkill",
    ];
    let entries = golden::written(&scenarios, |command, key| {
        command.eq_ignore_ascii_case("rpush") && key == "resque:failed"
    });
    assert_eq!(entries.len(), 3, "{entries:?}");
    for entry in entries {
        let entry = entry.replace("<YYYY/MM/DD HH:MM:SS ZONE>", "2026/11/20 23:00:27 UTC");
        let record = record(&entry);
        assert_eq!(record.failed_at, at(1_795_215_627));
        assert_eq!(String::from_utf8_lossy(&encode(&record, None)), entry);
    }
}

#[test]
fn recorded_entries_of_perl_and_of_payloads_that_trip_ruby_read() {
    let scenarios = [
        "perl_08_failures",
        "perl_06d_worker_child_exit2",
        "10j_payload_string",
    ];
    let entries = golden::written(&scenarios, |command, key| {
        command.eq_ignore_ascii_case("rpush") && key == "resque:failed"
    });
    assert!(entries.len() >= 6, "{entries:?}");
    for entry in entries {
        let record = record(&entry);
        assert!(
            !record.exception.is_empty() && !record.error.is_empty(),
            "{entry}"
        );
        assert!(entry.contains(&*record.payload.to_text_lossy()), "{entry}");
        assert!(
            !record.worker.is_empty() && !record.queue.is_empty(),
            "{entry}"
        );
    }
}

#[test]
fn members_may_be_missing_null_or_strange() {
    let goworker = record(
        r#"{"failed_at":"2026-11-20T23:00:27.5Z","payload":{"class":"A","args":[]},"exception":"Error","error":"e","backtrace":null,"worker":"h:1-2:q","queue":"q"}"#,
    );
    assert_eq!(
        goworker.failed_at,
        at(1_795_215_627) + Duration::from_millis(500)
    );
    assert!(goworker.backtrace.is_empty());
    let node = record(
        r#"{"worker":"h:1","queue":"q","payload":null,"exception":"Error","error":5,"backtrace":["a",{"b":1}],"failed_at":"Fri Nov 20 2026 23:00:27 GMT+0000 (UTC)","x":[]}"#,
    );
    assert_eq!((&*node.worker, &*node.error), ("h:1", "5"));
    assert_eq!(node.backtrace, ["a", r#"{"b":1}"#]);
    assert_eq!(node.payload.as_bytes(), b"null");
    assert_eq!(node.failed_at, at(1_795_215_627));
    let bare = record(r#"{"error":null,"backtrace":"a\nb","retried_at":null}"#);
    assert_eq!(
        (&*bare.error, bare.failed_at, bare.retried_at),
        ("", at(0), None)
    );
    assert_eq!(bare.backtrace, ["a", "b"]);
    assert_eq!(record(r#"{"retried_at":"soon"}"#).retried_at, Some(at(0)));
    assert_eq!(
        record(r#"{"failed_at":"2026/11/20 23:00:27 IST"}"#).failed_at,
        at(1_795_215_627)
    );
}

#[test]
fn what_is_no_object_is_unreadable_and_kept() {
    for entry in ["", "{oops", "null", "[1]", "0.123456", "{} {}"] {
        let content = decode(entry.as_bytes());
        assert_eq!(
            content,
            FailureContent::Unreadable(Payload::from(entry.to_owned())),
            "{entry}"
        );
        assert_eq!(id(entry.as_bytes()), sha1_hex(&[entry.as_bytes()]));
    }
}

#[test]
fn marking_as_retried_changes_nothing_else_and_keeps_the_name() {
    let entry = r#"{"payload":{"class":"A","args":[1.00]}, "queue":"q","x":"\u00e9" }"#;
    let name = id(entry.as_bytes());
    let marked = mark_retried(entry.as_bytes(), at(0), TimeFormat::FailedAt).expect("an object");
    let expected = entry.replace(" }", ",\"retried_at\":\"1970/01/01 00:00:00 UTC\" }");
    assert_eq!(String::from_utf8_lossy(&marked), expected);
    assert_eq!(id(&marked), name);
    let again = mark_retried(&marked, at(60), TimeFormat::RetriedAtPerQueue).expect("an object");
    assert_eq!(
        String::from_utf8_lossy(&again),
        expected.replace("1970/01/01 00:00:00 UTC", "1970/01/01 00:01:00")
    );
    assert_eq!(id(&again), name);
    assert_eq!(
        record(&String::from_utf8_lossy(&again)).retried_at,
        Some(at(60))
    );
    assert!(mark_retried(b"null", at(0), TimeFormat::FailedAt).is_err());
}

#[test]
fn an_id_that_is_no_text_names_nothing() {
    for entry in [r#"{"id":7}"#, r#"{"id":""}"#, r#"{"id":null}"#] {
        assert_eq!(id(entry.as_bytes()), sha1_hex(&[entry.as_bytes()]));
    }
}

#[test]
fn entries_with_bad_bytes_read() {
    let FailureContent::Record(record) = decode(b"{\"error\":\"a\xff\\n\",\"worker\":\"\\ud800\"}")
    else {
        panic!("unreadable")
    };
    assert_eq!(record.error, "a?\n");
    assert_eq!(record.worker, "???");
}

proptest! {
    #[test]
    fn every_record_comes_back(
        seconds in 0..4_102_444_800_u64,
        payload in proptest::collection::vec(any::<u8>(), 0..60),
        texts in proptest::collection::vec(any::<String>(), 4..8),
        retried in proptest::option::of(0..4_102_444_800_u64),
    ) {
        let mut failed = FailureRecord::new(at(seconds), Payload::from(payload), &*texts[0], &*texts[1])
            .on(&*texts[2], &*texts[3])
            .backtrace(texts[4..].to_vec());
        failed.retried_at = retried.map(at);
        let entry = encode(&failed, None);
        serde_json::from_slice::<serde_json::Map<_, _>>(&entry).expect("an object");
        prop_assert_eq!(decode(&entry), FailureContent::Record(Box::new(failed)));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = (decode(&bytes), id(&bytes));
        for name in ["payload", "backtrace", "failed_at", "id", "retried_at"] {
            let entry = [format!("{{\"{name}\":").as_bytes(), &bytes[..], b"}"].concat();
            let _ = (decode(&entry), id(&entry), mark_retried(&entry, at(0), TimeFormat::FailedAt));
        }
    }
}
