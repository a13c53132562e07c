//! Queues: enqueue, pop, dequeue, remove.

use resque::{Client, Error, Handlers, Hooks, Page};
use serde_json::{Value, json};

use crate::harness::Golden;

#[tokio::test]
async fn s01_enqueue() {
    let golden = Golden::open("01_enqueue").await;
    let client = &golden.client;
    client
        .enqueue_raw("file_serve", "Archive", &(44, "masterbrew"))
        .await
        .unwrap();
    client
        .enqueue_raw("file_serve", "Noargs", &())
        .await
        .unwrap();
    let mixed = json!([
        {"k": [1, 2.5, null, true, false]},
        "sym",
        "café </script> & \u{2028} / \" \\ \t\n"
    ]);
    client
        .enqueue_raw("file_serve", "Archive", &mixed)
        .await
        .unwrap();
    client
        .enqueue_raw("other:queue", "My::Nested", &(1,))
        .await
        .unwrap();
    client
        .enqueue_raw("with space", "Not::Loaded", &(1, 2))
        .await
        .unwrap();
    let extra = r#"{"class":"Archive","args":[1],"queue":"file_serve","meta":{"x":1}}"#;
    client.push("file_serve", extra).await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s02_enqueue_validation() {
    let golden = Golden::open("02_enqueue_validation").await;
    let client = &golden.client;
    let error = client.enqueue_raw("", "NoQueue", &()).await.unwrap_err();
    assert!(matches!(error, Error::NoQueue { .. }));
    let recorded = golden_note(&golden, "no_queue");
    assert_eq!(format!("Resque::NoQueueError: {error}"), recorded);
    let error = client.enqueue_raw("q", "", &()).await.unwrap_err();
    assert_eq!(
        format!("Resque::NoClassError: {error}"),
        golden_note(&golden, "empty_string_class")
    );
    let error = client
        .enqueue_raw("q", "Archive", &(f64::NAN,))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Encode { .. }));
    golden.check().await;
}

#[tokio::test]
async fn s03_pop_peek_size() {
    let golden = Golden::open("03_pop_peek_size").await;
    let client = &golden.client;
    for n in 0..5 {
        client.enqueue_raw("q", "A", &(n,)).await.unwrap();
    }
    client.enqueue_raw("r", "B", &()).await.unwrap();
    let pages = [
        ("peek_default", Page::ruby(0, 1)),
        ("peek_0_2", Page::ruby(0, 2)),
        ("peek_1_3", Page::ruby(1, 3)),
        ("peek_neg1_1", Page::ruby(-1, 1)),
        ("peek_0_0 (LRANGE 0 -1: everything)", Page::ruby(0, 0)),
    ];
    for (note, page) in pages {
        let recorded = match &golden.note(note) {
            Value::Array(jobs) => jobs.clone(),
            job => vec![job.clone()],
        };
        let ours: Vec<Value> = client
            .peek("q", page)
            .await
            .unwrap()
            .iter()
            .map(|job| serde_json::from_slice(job.payload().as_bytes()).unwrap())
            .collect();
        assert_eq!(ours, recorded, "{note}");
    }
    assert!(client.pop("q").await.unwrap().is_some());
    assert!(client.pop("nope").await.unwrap().is_none());
    assert!(client.pop("q").await.unwrap().is_some());
    golden.check().await;
}

#[tokio::test]
async fn s03b_nothing_there() {
    let golden = Golden::open("03b_queue_sizes_empty").await;
    let client = &golden.client;
    let sizes = client.sizes().await.unwrap();
    assert_eq!(
        json!(sizes.len()),
        json!(golden.note("queue_sizes").as_object().unwrap().len())
    );
    assert!(client.sample_queues(10).await.unwrap().is_empty());
    assert!(client.working().await.unwrap().is_empty());
    golden.check().await;
}

#[tokio::test]
async fn s04_dequeue_with_args() {
    let golden = Golden::open("04_dequeue_with_args").await;
    let client = &golden.client;
    for payload in [
        r#"{"class":"Archive","args":[1,"a"]}"#,
        r#"{"class":"Archive","args":[2,"b"]}"#,
        r#"{"class":"Archive","args":[1,"a"]}"#,
        r#"{"args":[1,"a"],"class":"Archive"}"#,
        r#"{"class":"Archive","args":[1,"a"],"queue":"file_serve"}"#,
    ] {
        client.push("file_serve", payload).await.unwrap();
    }
    let removed = client
        .dequeue_raw("file_serve", "Archive", Some(&(1, "a")))
        .await
        .unwrap();
    assert_eq!(removed, Some(4));
    golden.check().await;
}

#[tokio::test]
async fn s05_dequeue_without_args() {
    let golden = Golden::open("05_dequeue_without_args").await;
    let client = &golden.client;
    client
        .enqueue_raw("file_serve", "Archive", &(1,))
        .await
        .unwrap();
    client
        .enqueue_raw("file_serve", "Noargs", &())
        .await
        .unwrap();
    client
        .enqueue_raw("file_serve", "Archive", &(1,))
        .await
        .unwrap();
    client
        .enqueue_raw("file_serve", "Archive", &(2,))
        .await
        .unwrap();
    let removed = client
        .dequeue_raw("file_serve", "Archive", None::<&()>)
        .await
        .unwrap();
    assert_eq!(
        removed.map(|count| json!(count)),
        Some(golden.note("destroyed"))
    );
    golden.check().await;
}

#[tokio::test]
async fn s05b_dequeue_with_hooks() {
    let golden = Golden::open("05b_dequeue_hooks").await;
    let hooks = Hooks::new().before_dequeue("before_dequeue_a", |_| async { Ok(true) });
    let client = golden.client.with_hooks(hooks);
    client
        .enqueue_raw("file_serve", "HookLog", &(1,))
        .await
        .unwrap();
    let removed = client
        .dequeue_raw("file_serve", "HookLog", Some(&(1,)))
        .await
        .unwrap();
    assert_eq!(json!(removed), golden.note("ret"));
    golden.check().await;
}

#[tokio::test]
async fn s06_remove_queue() {
    let golden = Golden::open("06_remove_queue").await;
    let client = &golden.client;
    client
        .enqueue_raw("file_serve", "Archive", &(1,))
        .await
        .unwrap();
    client.enqueue_raw("keep", "Archive", &(1,)).await.unwrap();
    client.remove_queue("file_serve").await.unwrap();
    client.remove_queue("nope").await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s24_the_end_of_the_queue() {
    let golden = Golden::open("24_enqueue_front").await;
    for n in [1, 2] {
        golden.client.enqueue_raw("q", "A", &(n,)).await.unwrap();
    }
    golden.check().await;
}

#[tokio::test]
async fn s13c_around_that_performs_nothing() {
    let golden = Golden::open("13c_around_without_yield").await;
    let hooks = Hooks::new().around_perform("around_perform", |_, _| async { Ok(()) });
    let handlers = Handlers::new()
        .register_fn("NoYield", |(): (), _| async { Ok(()) })
        .hooks(hooks);
    let inline = Client::inline(handlers);
    inline.enqueue_raw("q", "NoYield", &()).await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s26_inline() {
    let golden = Golden::open("26_inline").await;
    let handlers = Handlers::new().register_fn("Archive", |_: (u64, String), _| async { Ok(()) });
    let inline = Client::inline(handlers);
    inline
        .enqueue_raw("file_serve", "Archive", &(44, "x"))
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn s32_namespace() {
    let golden = Golden::open("32_namespace").await;
    let client = &golden.client;
    client.enqueue_raw("q", "A", &()).await.unwrap();
    let mut keys = client.keys().await.unwrap();
    keys.sort();
    assert_eq!(json!(keys), golden.note("keys"));
    client.remove_queue("zz").await.unwrap();
    golden.check().await;
}

#[tokio::test]
async fn perl_01_push() {
    let golden = Golden::open("perl_01_push").await;
    let client = &golden.client;
    // Perl writes the members of an object in no order; ours keeps the bytes it is given.
    for payload in [
        r#"{"args":[44,"masterbrew"],"class":"Archive"}"#,
        r#"{"class":"My::Task","args":[]}"#,
        r#"{"args":["café","☺",1,"1",1.5,null,{"k":1}],"class":"A"}"#,
    ] {
        client.push("q", payload).await.unwrap();
    }
    client
        .push("MyOther", r#"{"args":[1],"class":"My::Other"}"#)
        .await
        .unwrap();
    golden.check().await;
}

#[tokio::test]
async fn perl_02_peek_and_more() {
    let golden = Golden::open("perl_02_peek_etc").await;
    let client = &golden.client;
    for n in 0..5 {
        client.enqueue_raw("q", "A", &(n,)).await.unwrap();
    }
    for (note, start, count) in [
        ("peek(0,1)", 0, 1),
        ("peek(0,2)", 0, 2),
        ("peek(1,3)", 1, 3),
        ("peek(0,-1)", 0, -1),
        ("peek(0,-2)", 0, -2),
        ("peek(1,-1)", 1, -1),
        ("peek(-1,1)", -1, 1),
        ("peek(-2,-1)", -2, -1),
        ("peek(3,10)", 3, 10),
    ] {
        let page = client.peek("q", Page::perl(start, count)).await.unwrap();
        let ours: Value = page
            .iter()
            .map(|job| {
                serde_json::from_slice::<Value>(job.payload().as_bytes()).unwrap()["args"][0]
                    .clone()
            })
            .collect();
        assert_eq!(ours, golden.note(note), "{note}");
    }
    assert!(client.pop("q").await.unwrap().is_some());
    client.remove_queue("q").await.unwrap();
    assert!(client.create_queue("emptyq").await.unwrap());
    client
        .push("a:b", r#"{"class":"X","args":[]}"#)
        .await
        .unwrap();
    assert!(client.pop("a:b").await.unwrap().is_some());
    golden.check().await;
}

#[tokio::test]
async fn perl_03_mass_dequeue() {
    let golden = Golden::open("perl_03_mass_dequeue").await;
    let client = &golden.client;
    for payload in [
        r#"{"args":["perl"],"class":"U"}"#,
        r#"{"args":["ruby"],"class":"U"}"#,
        r#"{"class":"V","args":[]}"#,
        r#"{"args":["ruby"],"class":"U"}"#,
        r#"{"args":["ruby"],"class":"U","extra":1}"#,
    ] {
        client.push("q", payload).await.unwrap();
    }
    let with_args = client.destroy("q", "U", Some(&("ruby",))).await.unwrap();
    assert_eq!(json!(with_args), golden.note("args"));
    let without = client.destroy("q", "U", None::<&()>).await.unwrap();
    assert_eq!(json!(without), golden.note("noargs"));
    assert_eq!(client.destroy("q", "V", Some(&())).await.unwrap(), 1);
    golden.check().await;
}

#[tokio::test]
async fn perl_04_flush_namespace() {
    let golden = Golden::open("perl_04_flush_namespace").await;
    golden
        .client
        .push("q", r#"{"class":"U","args":[]}"#)
        .await
        .unwrap();
    assert_eq!(golden.client.flush().await.unwrap(), 2);
    assert_eq!(golden.client.flush().await.unwrap(), 0);
    golden.check().await;
}

fn golden_note(golden: &Golden, name: &str) -> String {
    golden.note(name).as_str().unwrap().to_owned()
}
