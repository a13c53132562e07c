//! Schedules beside resque-scheduler.

use resque_core::{
    Begin, Enqueue, Error, Fired, Firing, Lead, LeadClaim, NewSchedule, Schedule, ScheduleName,
    ScheduleStore,
};
use resque_redis::driver::{Batch, Value};

use crate::support::{World, at, name, text};

/// resque-scheduler's master, in which the namespace stands twice.
const LOCK: &str = "resque_scheduler_master_lock";

const DEFINITION: &str = r#"{"class":"Archive","args":"x","every":"1s","queue":"dq"}"#;

fn schedules(world: &World) -> &dyn ScheduleStore {
    world.backend.queues().schedules().unwrap()
}

fn lock(world: &World) -> String {
    format!("{}:{LOCK}", world.raw.namespace)
}

fn named(name: &str) -> ScheduleName {
    ScheduleName::new(name).unwrap()
}

fn dyn_schedule() -> NewSchedule {
    NewSchedule {
        name: named("dyn"),
        definition: DEFINITION.into(),
        timing: "every 1s".to_owned(),
        enabled: true,
    }
}

fn firing(seconds: u64) -> Firing {
    Firing {
        name: named("dyn"),
        timing: "every 1s".to_owned(),
        tick: at(seconds),
        job: Some(Enqueue::new(
            name("dq"),
            r#"{"class":"Archive","args":["x"]}"#,
        )),
        stored: true,
        master: true,
    }
}

async fn fire(world: &World, seconds: u64) -> Fired {
    let firing = [firing(seconds)];
    let fired = schedules(world).fire_once("web1:4711", &firing, at(seconds));
    fired.await.unwrap().remove(0).unwrap()
}

async fn lead(world: &World, holder: &str, master: bool, seconds: u64) -> Lead {
    let claim = LeadClaim {
        holder,
        master,
        now: at(seconds),
        until: at(seconds + 15),
    };
    schedules(world).lead(claim).await.unwrap()
}

async fn field(world: &World, hash: &str, field: &str) -> Option<String> {
    text(world.raw.on("HGET", hash, &[field.as_bytes()]).await)
}

async fn put_dyn(world: &World) {
    schedules(world)
        .put(&[dyn_schedule()], at(0))
        .await
        .unwrap();
}

/// What is stored, removed and fired is what Ruby's set_schedule, remove_schedule and its scheduler
/// write (the recordings s10, s12 and s13).
#[tokio::test]
async fn the_keys_are_resque_schedulers() {
    let world = World::new().await;
    put_dyn(&world).await;
    let stored = field(&world, "persistent_schedules", "dyn").await;
    assert_eq!(stored.as_deref(), Some(DEFINITION));
    assert_eq!(world.raw.members("schedules_changed").await, ["dyn"]);
    assert_eq!(fire(&world, 1).await, Fired::Fired);
    assert_eq!(
        world.raw.list("queue:dq").await,
        [r#"{"class":"Archive","args":["x"]}"#]
    );
    assert_eq!(world.raw.members("queues").await, ["dq"]);
    let last = field(&world, "delayed:last_enqueued_at", "dyn").await;
    assert_eq!(last.as_deref(), Some("2026-11-20 23:00:26 +0000"));
    world.raw.on("DEL", "schedules_changed", &[]).await;
    schedules(&world).remove(&[named("dyn")]).await.unwrap();
    assert!(!world.raw.exists("persistent_schedules").await);
    assert_eq!(world.raw.members("schedules_changed").await, ["dyn"]);
}

#[tokio::test]
async fn a_schedule_of_ruby_is_followed_and_its_changes_show() {
    let world = World::new().await;
    let before = lead(&world, "web1:4711", true, 0).await.version;
    for value in [
        DEFINITION,
        r#"{"class":"Archive","every":"2s","queue":"dq"}"#,
    ] {
        let args = [b"dyn".as_slice(), value.as_bytes()];
        world.raw.on("HSET", "persistent_schedules", &args).await;
        world.raw.on("SADD", "schedules_changed", &[b"dyn"]).await;
        assert_ne!(lead(&world, "web1:4711", true, 0).await.version, before);
    }
    let listing = schedules(&world).list().await.unwrap();
    let entry = listing.get("dyn").unwrap();
    let schedule = Schedule::from_definition(&entry.name, entry.definition.as_ref().unwrap());
    assert_eq!(schedule.unwrap().timing().unwrap().to_string(), "every 2s");
    // The names that changed are left for a Ruby scheduler that takes over.
    assert_eq!(world.raw.members("schedules_changed").await, ["dyn"]);
}

#[tokio::test]
async fn a_schedule_that_is_off_is_out_of_rubys_sight() {
    let world = World::new().await;
    put_dyn(&world).await;
    let store = schedules(&world);
    store
        .set_enabled(&[named("dyn")], false, at(1))
        .await
        .unwrap();
    assert!(!world.raw.exists("persistent_schedules").await);
    let off = field(&world, "rs:schedules:disabled", "dyn").await;
    assert_eq!(off.as_deref(), Some(DEFINITION));
    store
        .set_enabled(&[named("dyn")], true, at(2))
        .await
        .unwrap();
    let on = field(&world, "persistent_schedules", "dyn").await;
    assert_eq!(on.as_deref(), Some(DEFINITION));
    assert!(!world.raw.exists("rs:schedules:disabled").await);
}

#[tokio::test]
async fn while_ruby_is_the_master_nothing_that_it_knows_is_fired() {
    let world = World::new().await;
    put_dyn(&world).await;
    world
        .raw
        .on("SET", &lock(&world), &[b"ruby1:99", b"EX", b"180"])
        .await;
    let mine = lead(&world, "web1:4711", true, 0).await;
    assert!(mine.leads && !mine.master, "{mine:?}");
    assert_eq!(fire(&world, 1).await, Fired::Standby);
    assert!(!world.raw.exists("queue:dq").await);
    // What only this library knows fires.
    let begin = Begin {
        name: named("own"),
        timing: "every 1s".to_owned(),
    };
    schedules(&world).begin(&[begin], at(0)).await.unwrap();
    let own = Firing {
        name: named("own"),
        stored: false,
        master: false,
        ..firing(1)
    };
    let fired = schedules(&world)
        .fire_once("web1:4711", &[own], at(1))
        .await
        .unwrap();
    assert!(matches!(fired[..], [Ok(Fired::Fired)]), "{fired:?}");
    let master = world.raw.get(&lock(&world)).await;
    assert_eq!(master.as_deref(), Some("ruby1:99"));
    // It dies, and its lock with it.
    world.raw.on("DEL", &lock(&world), &[]).await;
    assert!(lead(&world, "web1:4711", true, 5).await.master);
    assert_eq!(fire(&world, 6).await, Fired::Fired);
}

#[tokio::test]
async fn the_lock_is_held_while_we_lead_and_given_up_with_it() {
    let world = World::new().await;
    let held = async || world.raw.get(&lock(&world)).await;
    assert!(lead(&world, "web1:4711", true, 0).await.master);
    assert_eq!(held().await.as_deref(), Some("web1:4711"));
    let ttl = world.raw.on("TTL", &lock(&world), &[]).await;
    assert!(matches!(ttl, Value::Int(1..=15)), "{ttl:?}");
    // Promoting in the same process must not give it up.
    let delayed = world.backend.queues().delayed().unwrap();
    let job = Enqueue::at(name("mail"), r#"{"class":"A","args":[]}"#, at(1));
    world.backend.queues().push(&[job]).await.unwrap();
    assert_eq!(
        delayed.promote("web1:4711", at(2), 10).await.unwrap().moved,
        1
    );
    assert_eq!(held().await.as_deref(), Some("web1:4711"));
    assert!(!lead(&world, "web2:1", true, 3).await.leads);
    schedules(&world).step_down("web1:4711").await.unwrap();
    assert_eq!(held().await, None);
    // Whoever has nothing that Ruby knows leaves the lock alone.
    assert!(lead(&world, "web2:1", false, 3).await.leads);
    assert_eq!(held().await, None);
}

#[tokio::test]
async fn what_ruby_fired_is_told_apart_from_what_we_fired() {
    let world = World::new().await;
    put_dyn(&world).await;
    fire(&world, 1).await;
    let elsewhere = async || {
        let listing = schedules(&world).list().await.unwrap();
        let entry = listing.get("dyn").unwrap().clone();
        (entry.last_fired, entry.fired_elsewhere)
    };
    assert_eq!(elsewhere().await, (Some(at(1)), None));
    let ruby = b"2026-11-21 00:00:30 +0100";
    world
        .raw
        .on("HSET", "delayed:last_enqueued_at", &[b"dyn", ruby])
        .await;
    assert_eq!(elsewhere().await, (Some(at(5)), Some(at(5))));
}

#[tokio::test]
async fn a_key_of_the_wrong_type_is_named_and_nothing_is_half_done() {
    for key in [
        "persistent_schedules",
        "schedules_changed",
        "delayed:last_enqueued_at",
        "rs:schedules",
        "rs:schedules:disabled",
        "rs:schedules:noted",
        "rs:schedules:version",
    ] {
        let world = World::new().await;
        put_dyn(&world).await;
        world.raw.on("DEL", key, &[]).await;
        world.raw.on("LPUSH", key, &[b"spoilt"]).await;
        let before = world.raw.dump().await;
        let store = schedules(&world);
        let named = [named("dyn")];
        let outcomes = [
            store.list().await.map(drop),
            store.put(&[dyn_schedule()], at(1)).await,
            store.set_enabled(&named, false, at(1)).await,
            store.remove(&named).await.map(drop),
            store.fire_once("a:1", &[firing(1)], at(1)).await.map(drop),
        ];
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
            assert!(error.to_string().contains(key), "{error}");
        }
        assert_eq!(world.raw.dump().await, before, "{key}");
    }
}

/// A definition that no JSON is, and a name that no text is, disturb nobody.
#[tokio::test]
async fn foreign_rubbish_is_listed_and_left_alone() {
    let world = World::new().await;
    put_dyn(&world).await;
    let mut batch = Batch::new();
    batch
        .command("HSET")
        .arg(world.raw.key("persistent_schedules"));
    batch.arg(b"\xff\xfe").arg("{}").arg("broken").arg("{oops");
    world.raw.connection.run(&batch).await.unwrap();
    let listing = schedules(&world).list().await.unwrap();
    assert_eq!(listing.unreadable.len(), 1);
    let client = resque_core::Client::new(world.backend.clone());
    let known = client.schedules().unwrap().list().await.unwrap();
    let trouble = known[0].trouble.as_ref().unwrap().to_string();
    assert!(
        trouble.starts_with("the schedule \"broken\" cannot be used: definition: "),
        "{trouble}"
    );
    assert_eq!(fire(&world, 1).await, Fired::Fired);
}

#[tokio::test]
async fn who_only_looks_sees_what_ruby_changed_and_which_key_is_spoilt() {
    let world = World::new().await;
    put_dyn(&world).await;
    assert!(lead(&world, "web1:4711", true, 0).await.master);
    let before = schedules(&world).leading(at(1)).await.unwrap();
    assert_eq!(before.leader.as_deref(), Some("web1:4711"));
    world
        .raw
        .on("HSET", "persistent_schedules", &[b"dyn", b"{}"])
        .await;
    let after = schedules(&world).leading(at(1)).await.unwrap();
    assert_ne!(after.version, before.version);
    for key in [
        "persistent_schedules",
        "rs:schedules:version",
        "rs:schedules:lead",
    ] {
        let world = World::new().await;
        world.raw.on("LPUSH", key, &[b"spoilt"]).await;
        let error = schedules(&world).leading(at(1)).await.unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
        assert!(error.to_string().contains(key), "{error}");
    }
}
