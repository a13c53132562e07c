//! Any bytes come back, and whatever stands in a note or a failure entry can be read by everybody.

use resque_core::wire::embed::embed;
use resque_core::wire::note;
use resque_core::{FailureRecord, Settlement};
use resque_redis::driver::{Batch, Value};
use serde_json::Value as Json;

use crate::support::{World, at, list, name, slot, slots};

/// Payloads that somebody could put into a queue.
fn payloads() -> Vec<Vec<u8>> {
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"class":"A","args":{open}{close}}}"#).into_bytes()
    };
    let mut payloads: Vec<Vec<u8>> = [
        r#"{"class":"Archive","args":[44,"masterbrew"]}"#,
        r#"{ "class" : "A" , "args" : [ ] }"#,
        r#" {"class":"A","args":[]}"#,
        "{\"class\":\"A\",\"args\":[]}\n",
        r#"{"class":"A","args":[12345678901234567890123,1.0,1.0e+20,-0,1e400,0.10]}"#,
        r#"{"args":[],"class":"A","extra":{"b":null,"a":[{}]}}"#,
        r#"{"class":"größe","args":["\u00fc","😀","\ud83d\ude00","\u2028"]}"#,
        "{\"class\":\"A\",\"args\":[\"\u{2028}\u{7f}\"]}",
        "",
        "null",
        "7",
        "[1]",
        "\"text\"",
        "true",
        "{}",
        "{oops",
        "{\"class\":\"A\"}",
        r#"{"class":"","args":[]}"#,
        r#"{"class":"A","args":null}"#,
        r#"{"class":"A","args":{"a":1}}"#,
        r#"{"class":"A","args":[]}{}"#,
        r#"{"a":1},{"b":2}"#,
        r#"{"class":"A","args":[NaN]}"#,
        r#"{"class":"A","args":[Infinity,-inf,0x1F,01,1.,-.5,1.e5]}"#,
        r#"{"class":"A","args":[1.]}"#,
        r#"{"class":"A","args":[-.5]}"#,
        r#"{"class":"A","args":["1.}","-.5"]}"#,
        r#"{"class":"A","args":["\"1.}",2.5]}"#,
        r#"{"class":"A","args":["\ud800"]}"#,
        r#"{"class":"A","args":["\udc00"]}"#,
        r#"{"class":"A","args":["\x41"]}"#,
        "{\"class\":\"A\",\"args\":[\"\t\"]}",
        "{\"class\":\"A\",\"args\":[\"\0\"]}",
        "{\"class\":\"A\"}\0}",
        "{\"class\":\"A\",\0\"args\":[]}",
        "\u{feff}{\"class\":\"A\",\"args\":[]}",
        r#"{"class":null,"args":[],"raw_hex":"00"}"#,
        r#"{"class":"A","args":[],"raw\u005fhex":"00"}"#,
        r#"{"class":"A","args":[{"raw_hex":"00"}]}"#,
        r#"{"class":null,"args":[],"raw_text":"x"}"#,
        r#"{"class":null,"args":[],"raw_text":"x","y":1}"#,
        r#"{"class":null,"args":[],"raw_text":"x"#,
        r#"["\\\/\u0000\"",{}]"#,
        "\0\u{1}\u{7f}\\ \" / \u{2028} größe \u{10ffff}",
        r#"{"class":"A","args":[],"rs":{"receipt":"x"}}"#,
        r#"{"class":"A","args":["\",\"rs\":{\"receipt\":\""]}"#,
        r#"{"class":"A","class":"B","args":[]}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    payloads.push(b"\xff\xfe\0".to_vec());
    payloads.push(b"{\"class\":\"\xff\"}".to_vec());
    payloads.push(b"{\"class\":\"\xed\xa0\x80\"}".to_vec());
    payloads.push(b"{\"class\":\"\xc0\xaf\xe2\x82\"}".to_vec());
    payloads.push(b"{\"class\":\"\xf4\x90\x80\x80\"}".to_vec());
    payloads.push("{\"class\":\"\u{10ffff}\u{800}\u{7ff}\"}".into());
    payloads.push(deep(98));
    payloads.push(deep(99));
    payloads.push(deep(100_000));
    payloads
}

/// Whether a note holds the payload as it is.
fn stands_in(note: &[u8], payload: &[u8]) -> bool {
    let member = [&b",\"payload\":"[..], payload, b",\"rs\":"].concat();
    note.windows(member.len()).any(|part| part == member)
}

fn assert_object(text: &str) {
    let read: Result<Json, _> = serde_json::from_str(text);
    // A number that is too big for a double is read by Ruby, not by this reader.
    if let Err(error) = read {
        assert!(
            error.to_string().contains("number out of range"),
            "{error} in {text:?}"
        );
    }
}

#[tokio::test]
async fn any_bytes_come_back_from_a_note() {
    let world = World::new().await;
    let payloads = payloads();
    let slots = slots(payloads.len());
    for payload in &payloads {
        world.push("mail", payload.clone()).await;
    }
    let given = world.reserve(&slots, "mail").await;
    assert!(given.troubles.is_empty(), "{:?}", given.troubles);
    let back: Vec<&[u8]> = given
        .reserved
        .iter()
        .map(|job| job.payload.as_bytes())
        .collect();
    assert_eq!(back, payloads);
    let again = world.reserve(&slots, "mail").await;
    for (first, again) in given.reserved.iter().zip(&again.reserved) {
        assert!(again.redelivered);
        assert_eq!(
            (&again.payload, &again.receipt),
            (&first.payload, &first.receipt)
        );
    }
}

#[tokio::test]
async fn every_note_holds_an_object_that_everybody_can_read() {
    let world = World::new().await;
    for (number, payload) in payloads().into_iter().enumerate() {
        world.push("mail", payload.clone()).await;
        world.reserve_one(&slot(number), "mail").await;
        let key = format!("worker:{}", slot(number));
        let text = world.raw.get(&key).await.unwrap();
        assert_object(&text);
        let stands = stands_in(text.as_bytes(), &payload);
        assert_eq!(stands, *embed(&payload) == payload, "{text}");
    }
}

#[tokio::test]
async fn a_note_is_written_as_the_format_says() {
    let world = World::new().await;
    for queue in ["mail", "with space", r#"q"uo\te"#, "größe:/"] {
        let payload = br#"{"class":"A","args":[1]}"#;
        world.push(queue, &payload[..]).await;
        let given = world
            .backend
            .queues()
            .exchange(
                &[],
                &[slot(0)],
                &resque_core::QueueList::one(name(queue)),
                at(0),
            )
            .await
            .unwrap();
        let text = world.raw.get(&format!("worker:{}", slot(0))).await.unwrap();
        let receipt = note::decode(text.as_bytes())
            .unwrap()
            .receipt
            .unwrap()
            .into_owned();
        assert_eq!(
            text.as_bytes(),
            note::encode(queue, at(0), payload, &receipt)
        );
        let done = Settlement::done(given.reserved[0].receipt.clone());
        settle(&world, done).await;
    }
}

#[tokio::test]
async fn released_bytes_are_the_pushed_ones() {
    let world = World::new().await;
    for payload in payloads() {
        world.push("mail", payload.clone()).await;
        let given = world.reserve_one(&slot(0), "mail").await;
        settle(&world, Settlement::release(given.receipt)).await;
        let waiting = world.backend.queues().pop(&list("mail"), 2).await.unwrap();
        let waiting: Vec<&[u8]> = waiting.iter().map(|job| job.payload.as_bytes()).collect();
        assert_eq!(waiting, [&payload[..]]);
    }
}

#[tokio::test]
async fn deferred_bytes_are_the_pushed_ones() {
    let world = World::new().await;
    for payload in payloads() {
        world.push("mail", payload.clone()).await;
        let given = world.reserve_one(&slot(0), "mail").await;
        settle(&world, Settlement::defer(given.receipt, at(1))).await;
        let delayed = world.backend.queues().delayed().unwrap();
        let promoted = delayed.promote("h:1", at(1), 10).await.unwrap();
        assert_eq!((promoted.moved, promoted.troubles.len()), (1, 0));
        let waiting = world.backend.queues().pop(&list("mail"), 2).await.unwrap();
        assert_eq!(waiting[0].payload.as_bytes(), payload);
    }
}

#[tokio::test]
async fn failed_bytes_are_put_back_exactly() {
    let world = World::new().await;
    for payload in payloads() {
        world.push("mail", payload.clone()).await;
        let given = world.reserve_one(&slot(0), "mail").await;
        let record = FailureRecord::new(at(0), given.payload, "E", "boom").on("w", "mail");
        settle(&world, Settlement::failed(given.receipt, record)).await;
        assert_object(&world.raw.list("failed").await[0]);
        let failures = world.backend.failures();
        let page = failures.list(&Default::default()).await.unwrap();
        let retry = resque_core::FailureRetry::new(page.entries[0].id.clone()).and_remove();
        failures
            .retry(&[retry], at(0))
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        let waiting = world.backend.queues().pop(&list("mail"), 2).await.unwrap();
        assert_eq!(waiting[0].payload.as_bytes(), payload);
    }
}

#[tokio::test]
async fn ten_megabytes_pass_through() {
    // A server of its own: what is no JSON keeps it busy for a second or two.
    let server = resque_testserver::Redis::new().start().unwrap();
    let world = World::on(&server.url(), resque_redis::FailureLayout::Single).await;
    let text = "x".repeat(10_000_000);
    for payload in [format!(r#"{{"class":"A","args":["{text}"]}}"#), text] {
        world.push("mail", payload.clone()).await;
        let given = world.reserve_one(&slot(0), "mail").await;
        assert_eq!(given.payload.as_bytes(), payload.as_bytes());
        settle(&world, Settlement::release(given.receipt)).await;
        let waiting = world.backend.queues().pop(&list("mail"), 2).await.unwrap();
        assert_eq!(waiting[0].payload.as_bytes(), payload.as_bytes());
    }
}

#[tokio::test]
async fn nearly_json_never_stands_in_a_note() {
    let world = World::new().await;
    let mut random = Random(7);
    let seeds = payloads();
    for _ in 0..40 {
        let mutants: Vec<_> = (0..100).map(|_| random.mutant(&seeds)).collect();
        check_notes(&world, &mutants).await;
    }
}

/// A few jobs at a time are looked at in another way than many.
#[tokio::test]
async fn nearly_simple_jobs_never_stand_in_a_note() {
    let world = World::new().await;
    let mut random = Random(11);
    let seeds = [
        r#"{"class":"A","args":[]}"#,
        r#"{"class":"A::B_1","args":[0,-1,10,"a b",""]}"#,
        r#"{"class":"A","args":[7]}"#,
    ]
    .map(|text| text.as_bytes().to_vec());
    for _ in 0..400 {
        let mutants: Vec<_> = (0..3).map(|_| random.mutant(&seeds)).collect();
        check_notes(&world, &mutants).await;
    }
    for args in [
        "01",
        "-01",
        "-",
        "+1",
        "1.",
        "1,",
        ",1",
        ",",
        "1 2",
        "1-2",
        "1]",
        "[1",
        "0x1",
        "\"a\"5",
        "5\"a\"",
        "\"a",
        "\"\\\"",
        "\"\t\"",
        "\"\u{7f}\u{80}",
        "nan",
        "s",
        "1]}",
        "1}",
    ] {
        let payload = format!(r#"{{"class":"A","args":[{args}]}}"#);
        check_notes(&world, &[payload.into_bytes()]).await;
    }
    for payload in seeds {
        world.push("mail", payload.clone()).await;
        let given = world.reserve_one(&slot(0), "mail").await;
        let note = world.raw.get(&format!("worker:{}", given.worker)).await;
        assert!(stands_in(note.unwrap().as_bytes(), &payload));
        settle(&world, Settlement::done(given.receipt)).await;
    }
}

/// Nothing but speed depends on it, so it is asked by itself.
#[tokio::test]
async fn simple_jobs_are_told_without_a_parser() {
    let script = include_str!("../../src/scripts/exchange.lua");
    let (_, tail) = script.split_once("local function is_simple").unwrap();
    let (body, _) = tail.split_once("\nend\n").unwrap();
    let locals = "local match, sub, byte = string.match, string.sub, string.byte";
    let script = format!("{locals}\nreturn (function{body}\nend)(ARGV[1]) and 1 or 0");
    let world = World::new().await;
    for (args, simple) in [
        ("", 1),
        ("44,\"masterbrew\"", 1),
        ("\"\",\"a b\",\"[a]^{~}\",0,-12", 1),
        ("\"a\\\\b\"", 0),
        ("\"größe\"", 0),
        ("1.5", 0),
        ("[\"a\"]", 0),
    ] {
        let payload = format!(r#"{{"class":"A::B_1","args":[{args}]}}"#);
        let mut batch = Batch::new();
        batch.command("EVAL").arg(&script).arg("0").arg(&payload);
        let reply = world.raw.connection.run(&batch).await.unwrap().remove(0);
        assert_eq!(reply, Value::Int(simple), "{payload}");
    }
}

async fn check_notes(world: &World, payloads: &[Vec<u8>]) {
    let jobs: Vec<_> = payloads
        .iter()
        .map(|payload| resque_core::Enqueue::new(name("mail"), payload.clone()))
        .collect();
    world.backend.queues().push(&jobs).await.unwrap();
    let slots = slots(payloads.len());
    let given = world.reserve(&slots, "mail").await;
    for (job, payload) in given.reserved.iter().zip(payloads) {
        let text = world
            .raw
            .on("GET", &format!("worker:{}", job.worker), &[])
            .await;
        let text = text.into_bytes().unwrap();
        let readable = *embed(payload) == *payload;
        assert!(
            readable || !stands_in(&text, payload),
            "{:?} stands in a note as it is",
            String::from_utf8_lossy(payload)
        );
        assert_eq!(job.payload.as_bytes(), payload);
    }
    let receipts = given.reserved.into_iter().map(|job| job.receipt);
    let done: Vec<_> = receipts.map(Settlement::done).collect();
    world
        .backend
        .queues()
        .exchange(&done, &[], &list("mail"), at(0))
        .await
        .unwrap();
}

/// A small generator of numbers: the same ones each time.
struct Random(u64);

impl Random {
    /// One of `seeds` with a few bytes changed.
    fn mutant(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        bytes.truncate(200);
        for _ in 0..=self.below(3) {
            let place = self.below(bytes.len() + 1);
            let byte = b"{}[]\",:.-+0eEnNiIx\\u \t\0\x7f\x80\xc3\xff"[self.below(27)];
            match self.below(3) {
                0 => bytes.insert(place, byte),
                1 if place < bytes.len() => bytes[place] = byte,
                _ if place < bytes.len() => drop(bytes.remove(place)),
                _ => {}
            }
        }
        bytes
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

async fn settle(world: &World, settlement: Settlement) {
    let queues = world.backend.queues();
    let settled = queues
        .exchange(&[settlement], &[], &list("mail"), at(0))
        .await
        .unwrap();
    assert!(
        matches!(settled.settled[..], [resque_core::Settled::Applied]),
        "{settled:?}"
    );
}
