//! Several jobs in hand when the worker stops, on every backend.

use resque::postgres::{Config, Migrator};

use crate::worker::{CHILDREN, ITSELF, Worker, sleep};

/// Stops a worker of this store with three jobs in hand and one behind them.
fn come_back_in_order(url: &str) {
    let jobs = [60_001, 60_002, 60_003, 60_004].map(sleep);
    let jobs = jobs.each_ref().map(String::as_str);
    let released = |n| format!(r#"{{"class":"Sleep","args":[{n}],"rs":{{"releases":1}}}}"#);
    let wanted = [60_001, 60_002, 60_003].map(released);
    let soon = [("RESQUE_TERM_TIMEOUT", "0.2")];
    for by in [CHILDREN, ITSELF] {
        let arguments = [&["--url", url, "--slots", "3"], by].concat();
        let worker = Worker::start(&arguments, &soon, &jobs);
        for _ in 0..3 {
            worker.performed_by();
        }
        worker.signal("TERM");
        let left = worker.left();
        let wanted = wanted.iter().map(String::as_str).chain([jobs[3]]);
        assert_eq!(left.queued(), wanted.collect::<Vec<_>>(), "{by:?}");
        assert_eq!(left.stats(), (0, 0));
        clear(url);
    }
}

/// Leaves nothing behind in a store.
fn clear(url: &str) {
    wait_for(async { resque::connect(url).await?.queues().clear().await.map(drop) });
}

fn wait_for(call: impl Future<Output = resque::Result<()>>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(call).unwrap();
}

#[test]
fn in_memory() {
    come_back_in_order("memory:");
}

#[test]
fn in_redis() {
    let server = resque_testserver::shared_redis().unwrap();
    let namespace = format!("signals-{}", resque_testserver::this_run());
    come_back_in_order(&format!("{}?namespace={namespace}", server.url()));
}

#[test]
fn in_postgres() {
    let server = resque_testserver::shared_postgres().unwrap();
    let namespace = format!("signals-{}", resque_testserver::this_run());
    let url = format!("{}?namespace={namespace}", server.url());
    let migrator = || Migrator::new(Config::parse(&url).unwrap());
    wait_for(async { migrator().up().await.map(drop) });
    come_back_in_order(&url);
    wait_for(async { migrator().down_to(0).await.map(drop) });
}
