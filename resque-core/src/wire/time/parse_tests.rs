use std::time::Duration;

use proptest::prelude::*;

use super::super::TimeFormat;
use super::*;

fn at(seconds: u64, nanoseconds: u32) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds))
}

#[test]
fn every_form_seen_in_the_wild_reads() {
    for text in [
        // Ruby: run_at, started, heartbeat, failed_at, retried_at; in UTC and in Madrid.
        "2026-11-20T23:11:16Z",
        "2026-11-21 00:11:16 +0100",
        "2026-11-20 23:11:16 +0000",
        "2026-11-21T00:11:16+01:00",
        "2026/11/20 23:11:16 UTC",
        "2026/11/21 00:11:16 CET",
        "2026/11/20 23:11:16",
        // Ruby 1.8 and the C library.
        "Fri Nov 20 23:11:16 +0000 2026",
        "Fri Nov 20 23:11:16 UTC 2026",
        "Fri Nov 20 18:11:16 -0500 2026",
        "Fri Nov 20 23:11:16 2026",
        // Perl.
        "2026-11-20 23:11:16 UTC",
        "2026-11-20T23:11:16",
        // Go without its fraction.
        "2026-11-20 23:11:16 +0000 UTC m=+0.001",
        "2026-11-21 04:41:16 +0530 IST m=+0.000000001",
        // JavaScript, mail, epochs.
        "Fri Nov 20 2026 23:11:16 GMT+0000 (Coordinated Universal Time)",
        "Sat Nov 21 2026 00:11:16 GMT+0100 (Mitteleuropäische Normalzeit)",
        "Fri, 20 Nov 2026 23:11:16 GMT",
        "Fri, 20 Nov 2026 17:11:16 CST",
        "1795216276",
        "1795216276000",
        "1795216276000000",
        "1795216276000000000",
        " 2026-11-20t23:11:16z\n",
    ] {
        assert_eq!(parse_any(text), at(1_795_216_276, 0), "{text}");
    }
}

#[test]
fn fractions_read_to_the_nanosecond() {
    for text in [
        "2026-11-20T23:11:16.123456789Z",
        "2026-11-20 23:11:16.123456789 +0000 UTC m=+0.001",
        "2026-11-21T00:11:16.123456789123+01:00",
        "1795216276.123456789",
    ] {
        assert_eq!(parse_any(text), at(1_795_216_276, 123_456_789), "{text}");
    }
    assert_eq!(parse_any("1795216276123"), at(1_795_216_276, 123_000_000));
    assert_eq!(
        parse_any("2026-11-20T23:11:16.5Z"),
        at(1_795_216_276, 500_000_000)
    );
}

#[test]
fn what_is_not_certainly_a_time_is_none() {
    for text in [
        "",
        "soon",
        "2026",
        "23:11:16",
        "Fri",
        "Nov 20",
        "2026-13-01",
        "2026-02-30 00:00:00",
        "2026-11-20 25:00:00",
        "2026-11-20 23:11:16 +2500",
        "2026-11-20 23:11:16 UTC UTC",
        "2026-11-20 2026-11-20",
        "20-11-2026",
        "2026-11-20T",
        "2026-11-20 23:11:16 nonsense",
        "--1",
        "1.2.3",
        "99999999999999999999999999999999",
        "NaN",
        "é",
    ] {
        assert_eq!(parse_any(text), None, "{text}");
    }
}

#[test]
fn a_zone_of_several_meanings_is_told_from_none() {
    let text = "2026/11/20 23:11:16 IST";
    assert_eq!(parse_any(text), None);
    assert_eq!(parse_with_any_zone(text), at(1_795_216_276, 0));
    assert_eq!(parse_with_any_zone("garbage"), None);
}

proptest! {
    #[test]
    fn what_we_write_reads_back(millisecond in 0..4_102_444_800_000_u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millisecond);
        prop_assert_eq!(parse_any(&TimeFormat::HeartbeatMillis.text(time)), Some(time));
        for format in [
            TimeFormat::RunAt,
            TimeFormat::Started,
            TimeFormat::Heartbeat,
            TimeFormat::FailedAt,
            TimeFormat::RetriedAtPerQueue,
        ] {
            prop_assert_eq!(parse_any(&format.text(time)), at(millisecond / 1000, 0));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in r"[0-9TZ:/ .,()+\-a-zé]{0,40}", any in any::<String>()) {
        let _ = (parse_any(&text), parse_any(&any), parse_with_any_zone(&text));
    }
}
