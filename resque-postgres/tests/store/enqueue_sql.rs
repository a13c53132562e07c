//! Jobs that are enqueued by plain SQL.

use std::time::Duration;

use resque_core::Payload;
use resque_core::wire::payload::{decode, encode};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, query, raw_sql};

use crate::support::World;

/// What a refusal says: its SQLSTATE, its message and its hint.
struct Refusal {
    code: String,
    text: String,
    hint: String,
}

async fn enqueue(
    world: &World,
    connection: &mut PgConnection,
    (queue, class, args): (Option<&str>, Option<&str>, Option<&str>),
) -> Result<(), Refusal> {
    let call = query(world.sql("select resque.enqueue($1::text, $2::text, $3::text)"));
    let called = call
        .bind(queue)
        .bind(class)
        .bind(args)
        .execute(connection)
        .await;
    called.map(drop).map_err(|error| {
        let error = error.into_database_error().expect("a refusal");
        let postgres = error.downcast_ref::<sqlx::postgres::PgDatabaseError>();
        Refusal {
            code: postgres.code().to_owned(),
            text: postgres.message().to_owned(),
            hint: postgres.hint().unwrap_or_default().to_owned(),
        }
    })
}

async fn run(world: &World, connection: &mut PgConnection, sql: &str) {
    let done = raw_sql(world.sql(sql)).execute(connection).await;
    done.expect("to be executed");
}

#[tokio::test]
async fn arguments_come_as_text_json_or_jsonb_and_may_be_left_out() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    for call in [
        "'q', 'None'",
        "'q', 'Literal', '[1.50, 123456789012345678901234567890,  {\"b\":1,\"a\":2,\"b\":3}]'",
        "'q', 'Json', '[1.50, {\"b\":1,\"a\":2}]'::json",
        "'q', 'Jsonb', jsonb_build_array(44, 'main')",
        "class => 'Named', queue => 'q', args => '[]'",
    ] {
        run(
            &world,
            &mut connection,
            &format!("select resque.enqueue({call})"),
        )
        .await;
    }
    assert_eq!(
        world.waiting("q").await,
        [
            r#"{"class":"None","args":[]}"#,
            // What is a number or a key twice for JSON is kept as it was written.
            r#"{"class":"Literal","args":[1.50, 123456789012345678901234567890,  {"b":1,"a":2,"b":3}]}"#,
            r#"{"class":"Json","args":[1.50, {"b":1,"a":2}]}"#,
            r#"{"class":"Jsonb","args":[44, "main"]}"#,
            r#"{"class":"Named","args":[]}"#,
        ]
    );
}

#[tokio::test]
async fn a_payload_has_the_bytes_that_our_own_client_writes() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    let classes = [
        "Archive",
        "::Deep::Class",
        r#"a"b\c/d"#,
        "x'); drop table jobs; --",
        "größe 😀 \u{2028}",
        "\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}",
        "%s %1$s $1",
    ];
    for class in classes {
        let args = r#"["\u0000","😀"]"#;
        let called = enqueue(
            &world,
            &mut connection,
            (Some("q"), Some(class), Some(args)),
        );
        assert!(called.await.is_ok(), "{class:?}");
    }
    let waiting = world.waiting("q").await;
    assert_eq!(waiting.len(), classes.len());
    for (class, payload) in classes.into_iter().zip(waiting) {
        let ours = encode(class, r#"["\u0000","😀"]"#.as_bytes());
        assert_eq!(payload.as_bytes(), ours, "{class:?}");
        assert_eq!(decode(payload.as_bytes()).unwrap().class, class);
    }
}

#[tokio::test]
async fn a_job_exists_if_and_only_if_the_transaction_commits() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    let enqueue = "select resque.enqueue('q', 'A', '[1]')";
    run(&world, &mut connection, &format!("begin; {enqueue}")).await;
    assert!(world.waiting("q").await.is_empty(), "before the commit");
    run(&world, &mut connection, "rollback").await;
    assert!(world.waiting("q").await.is_empty(), "after the rollback");

    let undone = format!("begin; savepoint s; {enqueue}; rollback to s");
    run(&world, &mut connection, &undone).await;
    run(
        &world,
        &mut connection,
        "select resque.enqueue('q', 'B', '[2]'); commit",
    )
    .await;
    assert_eq!(
        world.waiting("q").await,
        [r#"{"class":"B","args":[2]}"#],
        "what was undone to a savepoint is not there"
    );
}

#[tokio::test]
async fn a_trigger_enqueues_with_the_row_that_it_is_about() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    run(
        &world,
        &mut connection,
        "create temporary table orders (id bigint, email text);
        create function pg_temp.mail() returns trigger language plpgsql as $$
        begin
            perform resque.enqueue('mail', 'SendMail', jsonb_build_array(new.id, new.email));
            return new;
        end $$;
        create trigger mail after insert on orders for each row execute function pg_temp.mail()",
    )
    .await;
    let insert = "insert into orders values (1, 'ada@example.org'), (2, 'it''s \"me\"')";
    let mut transaction = connection.begin().await.unwrap();
    query(insert).execute(&mut *transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(world.waiting("mail").await.is_empty());
    query(insert).execute(&mut connection).await.unwrap();
    assert_eq!(
        world.waiting("mail").await,
        [
            r#"{"class":"SendMail","args":[1, "ada@example.org"]}"#,
            r#"{"class":"SendMail","args":[2, "it's \"me\""]}"#,
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_a_job_is_refused_and_says_what_would_be() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    let long = "q".repeat(256);
    let wide = "ü".repeat(128);
    let (q, c, none) = (Some("q"), Some("C"), Some("[]"));
    for (call, code, text, hint) in [
        (
            (None, c, none),
            "22004",
            "the queue of a job is null",
            "Name",
        ),
        (
            (q, None, none),
            "22004",
            "the class of a job is null",
            "Name",
        ),
        ((q, c, None), "22004", "the args of a job is null", "leave"),
        (
            (Some(""), c, none),
            "22023",
            "\"\" is no queue name",
            "1 to 255",
        ),
        ((Some("a,b"), c, none), "22023", "\"a,b\" is no", "no comma"),
        (
            (Some("a\nb"), c, none),
            "22023",
            "\"a\\nb\" is no",
            "control",
        ),
        (
            (Some("a\u{85}"), c, none),
            "22023",
            "is no queue",
            "control",
        ),
        ((Some(&*long), c, none), "22023", "is no queue name", "255"),
        ((Some(&*wide), c, none), "22023", "is no queue name", "255"),
        ((q, Some(""), none), "22023", "has no class", "handler"),
        (
            (q, c, Some("")),
            "22023",
            "args of \"C\" are no JSON",
            "array",
        ),
        (
            (q, c, Some("[1")),
            "22023",
            "args of \"C\" are no JSON",
            "array",
        ),
        (
            (q, c, Some("[1],\"x\":[2]")),
            "22023",
            "are no JSON",
            "array",
        ),
        (
            (q, c, Some("{}")),
            "22023",
            "JSON type object",
            "jsonb_build",
        ),
        (
            (q, c, Some("null")),
            "22023",
            "JSON type null",
            "jsonb_build",
        ),
        (
            (q, c, Some("44")),
            "22023",
            "JSON type number",
            "jsonb_build",
        ),
    ] {
        let Err(refusal) = enqueue(&world, &mut connection, call).await else {
            panic!("{call:?} was taken");
        };
        assert_eq!(refusal.code, code, "{call:?}: {}", refusal.text);
        assert!(refusal.text.contains(text), "{call:?}: {}", refusal.text);
        assert!(refusal.hint.contains(hint), "{call:?}: {}", refusal.hint);
    }
    let queues = world.backend.queues().queues().await.unwrap();
    assert!(queues.queues.is_empty(), "{queues:?}");
    // The widest names that do fit.
    for name in [&long[1..], &wide[2..]] {
        let fits = enqueue(&world, &mut connection, (Some(name), c, none)).await;
        assert!(fits.is_ok());
        assert_eq!(world.waiting(name).await, [r#"{"class":"C","args":[]}"#]);
    }
}

#[tokio::test]
async fn a_job_may_wait_for_its_time() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    for call in [
        "'q', 'Later', '[1.50]', now() + interval '1 hour'",
        "'q', 'Json', '[ 2 ]'::json, now() + interval '2 hours'",
        "'q', 'Jsonb', '[3]'::jsonb, due => '2999-12-31 23:59:59.999999+00'",
        "'q', 'Past', '[4]', now() - interval '1 hour'",
        "'q', 'Now', '[5]', now()",
    ] {
        let call = format!("select resque.enqueue({call})");
        run(&world, &mut connection, &call).await;
    }
    assert_eq!(
        world.waiting("q").await,
        [
            r#"{"class":"Past","args":[4]}"#,
            r#"{"class":"Now","args":[5]}"#
        ]
    );
    let delayed = world.backend.queues().delayed().unwrap();
    let page = delayed.list(None, 9).await.unwrap();
    let jobs: Vec<_> = page.jobs.iter().map(|job| &job.payload).collect();
    let texts = [
        r#"{"class":"Later","args":[1.50]}"#,
        r#"{"class":"Json","args":[ 2 ]}"#,
        r#"{"class":"Jsonb","args":[3]}"#,
    ];
    assert_eq!(jobs, texts.map(Payload::from).iter().collect::<Vec<_>>());
    let hour = Duration::from_secs(3_600);
    let (early, late) = (world.now + hour * 9 / 10, world.now + hour * 11 / 10);
    assert_eq!(delayed.promote("me", early, 9).await.unwrap().moved, 0);
    assert_eq!(delayed.promote("me", late, 9).await.unwrap().moved, 1);
    assert_eq!(world.waiting("q").await.len(), 3);

    for (due, code) in [
        ("null::timestamptz", "22004"),
        ("'infinity'", "22023"),
        ("'-infinity'", "22023"),
    ] {
        let call = format!("select resque.enqueue('q', 'C', '[]', {due})");
        let refused = raw_sql(world.sql(&call)).execute(&mut connection).await;
        let error = refused.unwrap_err().into_database_error().unwrap();
        assert_eq!(error.code().as_deref(), Some(code), "{due}: {error}");
    }
}

#[tokio::test]
async fn a_schema_whose_name_needs_quoting_serves_too() {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let name = format!(
        "it's a \"shop\" \\ $$ größe 😀 {}",
        resque_testserver::this_run()
    );
    let world = World::named(server.url(), &name).await;
    let mut connection = world.connection().await;
    run(
        &world,
        &mut connection,
        "set search_path = ''; select resque.enqueue('a:b \"c\" ''d''', 'C')",
    )
    .await;
    assert_eq!(
        world.waiting("a:b \"c\" 'd'").await,
        [r#"{"class":"C","args":[]}"#]
    );
    let refused = enqueue(&world, &mut connection, (Some("a,b"), Some("C"), None)).await;
    assert_eq!(refused.err().map(|refusal| refusal.code).unwrap(), "22004");
}
