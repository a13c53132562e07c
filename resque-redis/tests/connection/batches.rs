//! What goes in and what comes out.

use bytes::Bytes;
use resque_redis::driver::{Batch, ErrorClass, Script, Value};
use resque_redis::{DriverKind, Protocol};

use crate::support::{ask, bulk, key, open, refusal, shared};

pub(crate) async fn replies_come_in_order_and_errors_are_replies(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    let list = key(driver, "order");
    let mut batch = Batch::new();
    for number in 0..200 {
        batch.command("RPUSH").arg(&list).arg(number);
        if number == 100 {
            batch.command("GET").arg(&list);
        }
    }
    batch.command("LRANGE").arg(&list).arg(0).arg(-1);
    batch.command("DEL").arg(&list);
    let mut replies = connection.run(&batch).await.unwrap();
    assert_eq!(replies.len(), 203);
    assert_eq!(replies.pop(), Some(Value::Int(1)));
    let stored = replies.pop().unwrap().into_array().unwrap();
    assert!(stored.iter().map(|item| item.as_int().unwrap()).eq(0..200));
    let refused = replies.remove(101).ok().unwrap_err();
    assert_eq!(refused.class(), ErrorClass::WrongType);
    assert!(
        replies
            .iter()
            .map(|reply| reply.as_int().unwrap())
            .eq(1..=200)
    );
}

pub(crate) async fn scripts_are_loaded_when_the_server_lacks_them(driver: DriverKind) {
    static COUNT: Script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    static LOOK: Script =
        Script::new("return {KEYS[1], false, {err = 'OWN it is'}, {ok = 'fine'}}");
    let connection = open(&shared(driver)).await;
    let counter = key(driver, "script");
    ask(&connection, &["SCRIPT", "FLUSH"]).await;
    let mut batch = Batch::new();
    batch.script(&COUNT, 1).arg(&counter).arg(2);
    batch.script(&LOOK, 1).arg("k");
    batch.script(&COUNT, 1).arg(&counter).arg(3);
    batch.command("DEL").arg(&counter);
    let replies = connection.run(&batch).await.unwrap();
    // The deletion was no script and ran at once; the scripts ran after they were loaded.
    assert_eq!(
        (&replies[0], &replies[2], &replies[3]),
        (&Value::Int(2), &Value::Int(5), &Value::Int(0))
    );
    let inner = replies[1].as_array().unwrap();
    assert_eq!((&inner[0], &inner[1]), (&bulk("k"), &Value::Nil));
    assert_eq!(inner[2].clone().ok().unwrap_err().code(), "OWN");
    assert_eq!(inner[3], Value::Status("fine".into()));
    ask(&connection, &["DEL", &counter]).await;
}

pub(crate) async fn resp2_and_resp3_give_the_same(driver: DriverKind) {
    let old = open(&shared(driver).with_protocol(Protocol::Resp2)).await;
    let new = open(&shared(driver).with_protocol(Protocol::Resp3)).await;
    let key = key(driver, "resp");
    let name = |suffix: &str| format!("{key}:{suffix}");
    let (hash, set, sorted, none) = (name("h"), name("s"), name("z"), name("none"));
    ask(&old, &["HSET", &hash, "field", "value"]).await;
    ask(&old, &["SADD", &set, "member"]).await;
    ask(
        &old,
        &["ZADD", &sorted, "1.5", "a", "3", "b", "1700000000.25", "c"],
    )
    .await;
    let doubles = "redis.setresp(3); return redis.call('ZSCORE', KEYS[1], 'a')";
    for words in [
        &["PING"][..],
        &["GET", &none],
        &["HGETALL", &hash],
        &["SMEMBERS", &set],
        &["SISMEMBER", &set, "member"],
        &["ZRANGE", &sorted, "0", "-1", "WITHSCORES"],
        &["ZRANGE", &sorted, "0", "-1"],
        &["ZSCORE", &sorted, "a"],
        &["ZPOPMIN", &none],
        &["CONFIG", "GET", "maxmemory-policy"],
        &["LRANGE", &none, "0", "-1"],
        &["BLPOP", &none, "0.01"],
        &["EVAL", doubles, "1", &sorted],
        &["EVAL", "return {1, {2, 'x'}, false}", "0"],
        &["CLIENT", "GETNAME"],
    ] {
        assert_eq!(ask(&old, words).await, ask(&new, words).await, "{words:?}");
    }
    assert_eq!(
        refusal(&old, &["GET", &set]).await,
        refusal(&new, &["GET", &set]).await
    );
    ask(&old, &["DEL", &hash, &set, &sorted]).await;
}

pub(crate) async fn any_bytes_come_back_as_they_were(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    let every_byte: Vec<u8> = (0..=255).collect();
    for bytes in [
        &every_byte[..],
        b"",
        b"\0",
        b"\r\n$3\r\nfoo\r\n",
        b"\xff\xfe",
    ] {
        let mut batch = Batch::new();
        let name = [key(driver, "bytes").as_bytes(), bytes].concat();
        batch.command("SET").arg(&name).arg(bytes);
        batch.command("GET").arg(&name);
        batch.command("DEL").arg(&name);
        let replies = connection.run(&batch).await.unwrap();
        assert_eq!(replies[1].as_bytes(), Some(bytes));
    }
}

pub(crate) async fn ten_megabytes_come_back_as_they_were(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    let name = key(driver, "large");
    let large: Bytes = (0..10_000_000_u32)
        .map(|number| number.to_le_bytes()[1])
        .collect::<Vec<_>>()
        .into();
    let mut batch = Batch::new();
    batch.command("SET").arg(&name).arg(&large);
    batch.command("GET").arg(&name);
    batch.command("DEL").arg(&name);
    let replies = connection.run(&batch).await.unwrap();
    assert!(replies[1].as_bytes() == Some(&large[..]));
}

pub(crate) async fn an_empty_batch_is_no_round_trip(driver: DriverKind) {
    let connection = open(&shared(driver)).await;
    assert_eq!(connection.run(&Batch::new()).await.unwrap(), []);
}
