//! Announcements of a real server, by each client crate.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Error, ManualClock, QueueList, SystemClock};
use resque_testserver::{Redis, RedisServer, shared_redis};

use super::*;
use crate::driver::Value;
use crate::{Config, DriverKind, Protocol};

/// Longer than anything here may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A worker's view of one namespace, and somebody else who changes it.
struct Scene {
    wake: Wake,
    other: Connection,
    namespace: String,
}

impl Scene {
    async fn new(driver: DriverKind, name: &str) -> Self {
        Self::on(shared_redis().unwrap(), driver, name).await
    }

    async fn on(server: &RedisServer, driver: DriverKind, name: &str) -> Self {
        Self::with(
            &Config::parse(&server.url()).unwrap().with_driver(driver),
            name,
        )
        .await
    }

    async fn with(config: &Config, name: &str) -> Self {
        let namespace = format!(
            "wake:{}:{:?}:{name}",
            resque_testserver::this_run(),
            config.driver
        );
        let clock: SharedClock = Arc::new(SystemClock::new());
        let worker = config.clone().with_client_name(namespace.replace('"', ""));
        let connection = Connection::lazy(&worker, Arc::clone(&clock)).unwrap();
        let other = Connection::open(config, Arc::clone(&clock)).await.unwrap();
        let wake = Wake::new(&connection, &namespace, clock);
        Self {
            wake,
            other,
            namespace,
        }
    }

    /// Runs a command of somebody else; `%` stands for the namespace.
    async fn other(&self, line: &str) -> Value {
        let mut batch = Batch::new();
        let line = line.replace('%', &self.namespace);
        let mut words = line.split(' ');
        batch.command(words.next().unwrap());
        words.for_each(|word| {
            batch.arg(word);
        });
        self.other
            .run(&batch)
            .await
            .unwrap()
            .remove(0)
            .ok()
            .unwrap()
    }

    /// Switches announcements on and looks until everything is known to be empty.
    async fn idle(&self, list: &QueueList) -> Ticket {
        let ticket = self.wake.ticket().await.unwrap();
        self.wake.looked(list, &self.wake.look(list), true);
        assert_eq!(self.wake.look(list).queues(), Some(&[][..]));
        ticket
    }

    async fn woken(&self, ticket: Ticket, list: &QueueList) -> Result<()> {
        let wait = self.wake.wait(ticket, list);
        tokio::time::timeout(LIMIT, wait)
            .await
            .expect("nothing was announced")
    }

    fn marked(&self, list: &QueueList) -> Option<Vec<String>> {
        let look = self.wake.look(list);
        look.queues()
            .map(|queues| queues.iter().map(ToString::to_string).collect())
    }

    /// The server's line about the connection for waiting.
    async fn waiting_client(&self) -> Option<String> {
        let list = self.other("CLIENT LIST").await.into_bytes().unwrap();
        let name = format!("name={} ", self.namespace);
        let list = String::from_utf8_lossy(&list).into_owned();
        list.lines()
            .find(|line| line.contains(&name))
            .map(str::to_owned)
    }
}

fn list(text: &str) -> QueueList {
    text.parse().unwrap()
}

async fn a_push_by_anyone_wakes_and_marks_its_queue(driver: DriverKind) {
    let scene = Scene::new(driver, "push").await;
    let all = list("*");
    let ticket = scene.idle(&all).await;
    let (woken, _) = tokio::join!(
        scene.woken(ticket, &all),
        scene.other("RPUSH %:queue:new:one x")
    );
    woken.unwrap();
    assert_eq!(scene.marked(&all), Some(vec!["new:one".into()]));
    assert_eq!(
        scene.marked(&list("old")),
        None,
        "a list that was never looked through"
    );
    scene.other("DEL %:queue:new:one").await;
}

async fn a_push_between_ticket_and_wait_is_not_missed(driver: DriverKind) {
    let scene = Scene::new(driver, "between").await;
    let (served, not_served) = (list("a"), list("b"));
    for _ in 0..20 {
        let ticket = scene.idle(&served).await;
        scene.other("RPUSH %:queue:b x").await;
        scene.other("RPUSH %:queue:a x").await;
        scene.woken(ticket, &served).await.unwrap();
        scene.other("DEL %:queue:a %:queue:b").await;
        scene
            .wake
            .looked(&not_served, &scene.wake.look(&not_served), true);
    }
}

async fn the_end_of_a_pause_wakes(driver: DriverKind) {
    let scene = Scene::new(driver, "pause").await;
    let all = list("a,b");
    scene.other("SET %:pause-all-workers true").await;
    scene.other("SET %:pause:queue:b true").await;
    let ticket = scene.idle(&all).await;
    scene.other("DEL %:pause:queue:b").await;
    scene.woken(ticket, &all).await.unwrap();
    assert_eq!(scene.marked(&all), Some(vec!["b".into()]));
    let ticket = scene.idle(&all).await;
    scene.other("DEL %:pause-all-workers").await;
    scene.woken(ticket, &all).await.unwrap();
    assert_eq!(scene.marked(&all), None);
}

async fn a_lost_connection_wakes_with_an_error_and_marks_everything(driver: DriverKind) {
    let scene = Scene::new(driver, "lost").await;
    let all = list("*");
    let ticket = scene.idle(&all).await;
    let line = scene
        .waiting_client()
        .await
        .expect("the connection for waiting");
    let id = line.split(' ').next().unwrap().strip_prefix("id=").unwrap();
    assert_eq!(
        scene.other(&format!("CLIENT KILL ID {id}")).await.as_int(),
        Some(1)
    );
    let error = scene.woken(ticket, &all).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert_eq!(scene.marked(&all), None);
    let ticket = scene.idle(&all).await;
    scene.other("RPUSH %:queue:a x").await;
    scene.woken(ticket, &all).await.unwrap();
    scene.other("DEL %:queue:a").await;
}

async fn a_busy_worker_switches_announcements_off_and_an_idle_one_on_again(driver: DriverKind) {
    let scene = Scene::new(driver, "busy").await;
    let all = list("*");
    scene.idle(&all).await;
    let tracked = |line: Option<String>| line.is_some_and(|line| line.contains("flags=tB"));
    assert!(tracked(scene.waiting_client().await));
    for _ in 0..=BUSY {
        scene.wake.looked(&all, &scene.wake.look(&all), false);
    }
    assert_eq!(scene.marked(&all), None);
    let switched_off = async {
        while tracked(scene.waiting_client().await) {
            tokio::task::yield_now().await;
        }
    };
    let switched_off = tokio::time::timeout(LIMIT, switched_off).await;
    switched_off.expect("announcements stay on");
    let ticket = scene.idle(&all).await;
    assert!(
        tracked(scene.waiting_client().await),
        "the same connection again"
    );
    scene.other("RPUSH %:queue:a x").await;
    scene.woken(ticket, &all).await.unwrap();
    scene.other("DEL %:queue:a").await;
}

async fn a_server_that_may_not_announce_is_polled(driver: DriverKind) {
    let server = Redis::new().start().unwrap();
    let admin = Scene::on(&server, driver, "admin").await;
    assert!(admin.wake.probe().await.unwrap());
    admin
        .other("ACL SETUSER mute on >secret ~* +@all -client|tracking")
        .await;
    let config = Config::parse(&server.url()).unwrap().with_driver(driver);
    let mute = config.clone().with_user("mute").with_password("secret");
    let resp2 = config.with_protocol(Protocol::Resp2);
    for (config, word) in [(mute, "NOPERM"), (resp2, "RESP2")] {
        let clock = ManualClock::new();
        let connection = Connection::lazy(&config, Arc::new(clock.clone())).unwrap();
        let wake = Wake::new(&connection, "ns", Arc::new(clock.clone()));
        assert!(!wake.probe().await.unwrap());
        assert!(wake.refused().unwrap().contains(word), "{wake:?}");
        let all = list("*");
        let ticket = wake.ticket().await.unwrap();
        let wait = async { wake.wait(ticket, &all).await.unwrap() };
        let time = async {
            clock.parked(1).await;
            clock.advance(POLL);
        };
        tokio::join!(wait, time);
    }
}

async fn without_a_server_a_ticket_cannot_be_drawn_until_it_is_back(driver: DriverKind) {
    let mut server = Redis::new().start().unwrap();
    let config = Config::parse(&server.url()).unwrap().with_driver(driver);
    let clock = ManualClock::new();
    let connection = Connection::lazy(&config, Arc::new(clock.clone())).unwrap();
    let wake = Wake::new(&connection, "ns", Arc::new(clock.clone()));
    server.kill().unwrap();
    for _ in 0..3 {
        let error = wake.ticket().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
        clock.advance(Duration::from_secs(10));
    }
    server.restart().unwrap();
    wake.ticket().await.unwrap();
}

async fn a_refused_login_does_not_end_announcements(driver: DriverKind) {
    let server = Redis::new().start().unwrap();
    let admin = Scene::on(&server, driver, "admin").await;
    admin.other("CONFIG SET requirepass secret").await;
    let config = Config::parse(&server.url()).unwrap().with_driver(driver);
    let clock = ManualClock::new();
    let connection = Connection::lazy(&config, Arc::new(clock.clone())).unwrap();
    let wake = Wake::new(&connection, "ns", Arc::new(clock.clone()));
    let error = wake.ticket().await.unwrap_err();
    assert!(error.to_string().contains("NOAUTH"), "{error}");
    assert_eq!(wake.refused(), None);
    admin.other("CONFIG SET requirepass ").await;
    clock.advance(Duration::from_secs(10));
    assert!(wake.probe().await.unwrap());
}

macro_rules! with_each_driver {
    ($($case:ident;)*) => {
        #[cfg(feature = "redis")]
        mod redis {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::DriverKind::Redis).await;
            })*
        }

        #[cfg(feature = "fred")]
        mod fred {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::DriverKind::Fred).await;
            })*
        }
    };
}

with_each_driver! {
    a_push_by_anyone_wakes_and_marks_its_queue;
    a_push_between_ticket_and_wait_is_not_missed;
    the_end_of_a_pause_wakes;
    a_lost_connection_wakes_with_an_error_and_marks_everything;
    a_busy_worker_switches_announcements_off_and_an_idle_one_on_again;
    a_server_that_may_not_announce_is_polled;
    without_a_server_a_ticket_cannot_be_drawn_until_it_is_back;
    a_refused_login_does_not_end_announcements;
}
