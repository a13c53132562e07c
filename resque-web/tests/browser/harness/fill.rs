//! A store that has some of everything.

use std::time::{Duration, SystemTime};

use resque_core::{
    Backend, Client, Clock, Enqueue, FailureRecord, NewJob, Payload, QueueList, QueueName, Sample,
    Schedule, Settlement, SystemClock, WorkerId,
};

/// Queues, and how many jobs wait in them.
const QUEUES: [(&str, usize); 7] = [
    ("critical", 3),
    ("mailers", 1_284),
    ("thumbnails", 97),
    ("search:index", 4_120),
    ("billing", 712),
    ("exports", 0),
    ("low", 2_317),
];

/// A host with workers.
pub(crate) const HOST_WORKER: &str = "web1~k3x9q:4711-0:critical,mailers,*";

/// The time so many minutes ago.
pub(crate) fn minutes_ago(minutes: u64) -> SystemTime {
    SystemClock::new().now() - Duration::from_secs(60 * minutes)
}

/// Puts in some of everything.
pub(crate) async fn fill(client: &Client) {
    let backend = client.backend().expect("a client of a store").clone();
    for (queue, length) in QUEUES {
        client.create_queue(queue).await.unwrap();
        let name = QueueName::new(queue).unwrap();
        let jobs = (0..length).map(|n| Enqueue::new(name.clone(), job(queue, n)));
        let jobs: Vec<_> = jobs.collect();
        backend.queues().push(&jobs).await.unwrap();
    }
    client.stop_queue("exports").await.unwrap();
    work(&backend).await;
    failures(client).await;
    for n in 1..40_u64 {
        let again = NewJob::raw("Reminder", &(n, "in time"));
        let again = again.to("mailers").after(Duration::from_secs(n * n * 97));
        client.submit(again).await.unwrap();
    }
    schedules(client).await;
    history(client).await;
}

fn job(queue: &str, n: usize) -> Payload {
    let text = match queue {
        "mailers" => format!(
            r#"{{"class":"WelcomeMailer","args":[{n},{{"locale":"de","token":"s3cr3t"}}]}}"#
        ),
        "search:index" => format!(
            r#"{{"class":"Search::Index","args":["Product",{}]}}"#,
            9_007_199_254_740_993_u64 + n as u64
        ),
        "billing" => format!(
            r#"{{"class":"Invoice","args":[{{"customer":{n},"amount":"129.00","currency":"EUR"}}]}}"#
        ),
        _ => format!(r#"{{"class":"Archive","args":[{n},"master"]}}"#),
    };
    Payload::new(text)
}

/// Two hosts of workers; some work, one is silent.
async fn work(backend: &Backend) {
    let mut workers = Vec::new();
    for (host, token, pid, slots) in [("web1", "k3x9q", 4711, 4), ("web2.eu-west", "p0m2z", 88, 6)]
    {
        for slot in 0..slots {
            let queues = "critical,mailers,*";
            workers.push(WorkerId::compose(host, token, pid, slot, queues).unwrap());
        }
    }
    let registry = backend.workers();
    registry.register(&workers, minutes_ago(134)).await.unwrap();
    let (queues, all) = (backend.queues(), QueueList::all());
    for round in 0..20_u64 {
        let at = minutes_ago(60 - round);
        let given = queues.exchange(&[], &workers, &all, at).await.unwrap();
        let done = given.reserved.into_iter();
        let done: Vec<_> = done.map(|job| Settlement::done(job.receipt)).collect();
        queues.exchange(&done, &[], &all, at).await.unwrap();
    }
    let busy = ["billing", "mailers", "search:index", "low", "thumbnails"];
    // The last one of each host rests.
    let busy_workers = workers.iter().filter(|worker| !worker.pid().ends_with('3'));
    for (n, worker) in (0_u64..).zip(busy_workers) {
        let from = QueueList::new([busy[n as usize % busy.len()]]).unwrap();
        let at = minutes_ago(n * n / 7);
        let one = std::slice::from_ref(worker);
        queues.exchange(&[], one, &from, at).await.unwrap();
    }
    registry
        .heartbeat(&workers[..9], minutes_ago(0))
        .await
        .unwrap();
    // The last worker was heard of long ago.
    registry
        .heartbeat(&workers[9..], minutes_ago(90))
        .await
        .unwrap();
}

async fn failures(client: &Client) {
    let kinds = [
        ("Timeout::Error", "the upstream did not answer within 30 s"),
        (
            "ActiveRecord::RecordNotFound",
            "Couldn't find Customer with 'id'=1203",
        ),
        (
            "panic",
            "index out of bounds: the len is 3 but the index is 7",
        ),
    ];
    // As they happen: the newest one is recorded last.
    for n in (0..37_u64).rev() {
        let (exception, error) = kinds[n as usize % 3];
        let (queue, n) = (["mailers", "billing"][n as usize % 2], n as usize);
        let failed_at = minutes_ago((n * n) as u64);
        let record = FailureRecord::new(failed_at, job(queue, n), exception, error)
            .on(HOST_WORKER, queue)
            .backtrace(vec![
                "app/mailers/welcome.rb:12:in `perform'".to_owned(),
                "app/workers/base.rb:7:in `block in perform'".to_owned(),
                "lib/instrument.rb:44:in `measure'".to_owned(),
            ]);
        client.failures().unwrap().record(record).await.unwrap();
    }
}

async fn schedules(client: &Client) {
    let known = [
        (
            "nightly-archive",
            "Archive",
            "0 3 * * * Europe/Stockholm",
            "Moves what is old to cold storage",
        ),
        ("digest", "DigestMailer", "30 7 * * 1-5", ""),
        ("sitemap", "Sitemap::Build", "*/20 * * * *", ""),
    ];
    for (name, class, line, description) in known {
        let schedule = Schedule::raw(name, class, &(44, "masterbrew")).unwrap();
        let schedule = schedule.queue("low").unwrap().cron(line).unwrap();
        let schedule = match description {
            "" => schedule,
            text => schedule.description(text),
        };
        client.schedules().unwrap().set(&schedule).await.unwrap();
    }
    client
        .schedules()
        .unwrap()
        .disable("sitemap")
        .await
        .unwrap();
}

/// A day in the life of the store: a slow night, a busy noon.
async fn history(client: &Client) {
    let Ok(history) = client.history() else {
        return;
    };
    let (mut processed, mut failed) = (1_204_551_i64, 3_180_i64);
    for minute in (0..1_440_u32).rev().step_by(5) {
        let hour = f64::from(minute) / 60.0;
        let busy = (1.0 + (hour / 24.0 * std::f64::consts::TAU).sin()) * 900.0 + 80.0;
        processed += busy as i64;
        failed += i64::from(minute % 7);
        let mut sample = Sample::new(processed, failed);
        sample.queued = Some(busy as u64 * 5);
        sample.delayed = Some(u64::from(minute / 9));
        sample.failures = 37;
        sample.latency_ms = Some(busy as u64 * 4);
        let at = minutes_ago(u64::from(minute));
        history.record(at, &sample).await.unwrap();
    }
    let stats = client.stats().unwrap();
    stats.set("processed", processed).await.unwrap();
    stats.set("failed", failed).await.unwrap();
}
