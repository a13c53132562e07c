//! Serves the dashboard of a store that has some of everything, to look at while changing it:
//! `cargo run -p resque-web --example gallery`, then open the address that it prints.

use std::error::Error;
use std::time::{Duration, SystemTime};

use resque_core::{
    Backend, Client, Clock, Enqueue, FailureRecord, Payload, QueueList, QueueName, Sample,
    Schedule, Settlement, SystemClock, WorkerId,
};
use resque_memory::MemoryBackend;
use resque_web::Dashboard;
use tokio::net::TcpListener;

/// Queues, and how many jobs wait in them.
const QUEUES: [(&str, usize); 7] = [
    ("critical", 3),
    ("mailers", 1_284),
    ("thumbnails", 97),
    ("search:index", 41_205),
    ("billing", 712),
    ("exports", 0),
    ("low", 8_317),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let backend = MemoryBackend::new().backend();
    let client = Client::new(backend.clone());
    fill(&client, &backend).await?;
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("http://{}/", listener.local_addr()?);
    Dashboard::new(client)
        .serve(listener, std::future::pending())
        .await?;
    Ok(())
}

async fn fill(client: &Client, backend: &Backend) -> Result<(), Box<dyn Error>> {
    let now = SystemClock::new().now();
    for (queue, length) in QUEUES {
        let name = QueueName::new(queue)?;
        backend.queues().create_queue(&name).await?;
        let jobs = (0..length).map(|n| Enqueue::new(name.clone(), job(queue, n)));
        backend.queues().push(&jobs.collect::<Vec<_>>()).await?;
    }
    client.stop_queue("exports").await?;
    work(backend, now).await?;
    hostile(backend).await?;
    later(backend, now).await?;
    recurring(client).await?;
    history(client, now).await?;
    for n in (0..37_u64).rev() {
        let exception = ["Timeout::Error", "ActiveRecord::RecordNotFound", "panic"][n as usize % 3];
        let error = "the upstream did not answer within 30 seconds";
        let failed_at = now - Duration::from_secs(n * n * 61);
        let record = FailureRecord::new(failed_at, job("mailers", n as usize), exception, error)
            .on("web1~k3x9q:4711-0:*", "mailers")
            .backtrace(vec!["app/mailers/welcome.rb:12:in `perform'".to_owned()]);
        backend.failures().record(&[record]).await?;
    }
    Ok(())
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

/// Jobs that wait for their time.
async fn later(backend: &Backend, now: SystemTime) -> Result<(), Box<dyn Error>> {
    let name = QueueName::new("mailers")?;
    let due = |n: usize| now + Duration::from_secs(40 + (n * n * 97) as u64);
    let jobs = (0..64).map(|n| Enqueue::at(name.clone(), job("mailers", n), due(n)));
    let jobs: Vec<_> = jobs.collect();
    backend.queues().push(&jobs).await?;
    Ok(())
}

/// Recurring jobs, one of them switched off.
async fn recurring(client: &Client) -> Result<(), Box<dyn Error>> {
    let schedules = client.schedules()?;
    let nightly = Schedule::raw("nightly-archive", "Archive", &(44, "master"))?
        .queue("low")?
        .cron("0 3 * * * Europe/Stockholm")?
        .description("Packs what was finished yesterday");
    let often = Schedule::raw("poll-prices", "Prices::Poll", &[("EUR", "USD")])?
        .queue("critical")?
        .every(Duration::from_secs(90))?;
    let off = Schedule::raw("weekly-report", "Report", &["sales"])?
        .queue("exports")?
        .cron("30 6 * * 1")?
        .enabled(false);
    schedules.set_all(&[nightly, often, off]).await?;
    Ok(())
}

/// What the last two days looked like: busy by day, quiet by night, and an hour of trouble.
async fn history(client: &Client, now: SystemTime) -> Result<(), Box<dyn Error>> {
    const MINUTES: u32 = 2 * 24 * 60;
    let history = client.history()?;
    let (mut processed, mut failed, mut failures) = (0, 0, 0);
    for minute in 0..MINUTES {
        let wave = (f64::from(minute) / 1_440.0 * std::f64::consts::TAU).sin() + 1.05;
        let trouble = (MINUTES - 170..MINUTES - 110).contains(&minute);
        let noise = f64::from(minute * 7_919 % 97) / 97.0;
        let done = (wave * 900.0 * (0.6 + noise)) as i64;
        processed += done;
        let broken = if trouble { done / 5 } else { done / 400 };
        failed += broken;
        failures += broken.unsigned_abs();
        let mut sample = Sample::new(processed, failed);
        let depth = wave * 420.0 * noise + if trouble { 21_000.0 * noise } else { 0.0 };
        sample.queued = Some(depth as u64);
        sample.delayed = Some(64);
        sample.failures = failures;
        sample.latency_ms = Some((depth * 11.0) as u64);
        let at = now - Duration::from_secs(60) * (MINUTES - minute);
        history.record(at, &sample).await?;
    }
    Ok(())
}

/// What somebody puts in who means harm, and what somebody puts in by mistake.
async fn hostile(backend: &Backend) -> Result<(), Box<dyn Error>> {
    let name = QueueName::new("<script>alert('queue')</script> \u{202e}gnp.exe")?;
    let long = format!(r#"{{"class":"Long","args":["{}"]}}"#, "x".repeat(1 << 20));
    let payloads = [
        r#"{"class":"<img src=x onerror=alert(1)>","args":["\"><script>alert(1)</script>"]}"#
            .to_owned(),
        "not json \u{0} \u{1b}[31m".to_owned(),
        long,
    ];
    let jobs = payloads.map(|payload| Enqueue::new(name.clone(), Payload::new(payload)));
    backend.queues().push(&jobs).await?;
    Ok(())
}

/// Two hosts of workers; some work, one is silent.
async fn work(backend: &Backend, now: SystemTime) -> Result<(), Box<dyn Error>> {
    let mut workers = Vec::new();
    for (host, token, pid, slots) in [("web1", "k3x9q", 4711, 4), ("web2.eu-west", "p0m2z", 88, 6)]
    {
        for slot in 0..slots {
            workers.push(WorkerId::compose(
                host,
                token,
                pid,
                slot,
                "critical,mailers,*",
            )?);
        }
    }
    let started = now - Duration::from_secs(8_040);
    backend.workers().register(&workers, started).await?;
    let (queues, all) = (backend.queues(), QueueList::all());
    for round in 0..40_u64 {
        let at = now - Duration::from_secs(4_000 - round * 90);
        let given = queues.exchange(&[], &workers, &all, at).await?.reserved;
        let done = given.into_iter().map(|job| Settlement::done(job.receipt));
        queues
            .exchange(&done.collect::<Vec<_>>(), &[], &all, at)
            .await?;
    }
    // The last one of each host rests.
    let busy = ["billing", "mailers", "search:index", "low", "thumbnails"];
    for (n, worker) in (0_u64..).zip(workers.iter().filter(|worker| !worker.pid().ends_with('3'))) {
        let from = QueueList::new([busy[n as usize % busy.len()]])?;
        let at = now - Duration::from_secs(n * n * 11 + 2);
        queues
            .exchange(&[], std::slice::from_ref(worker), &from, at)
            .await?;
    }
    backend.workers().heartbeat(&workers[..9], now).await?;
    Ok(())
}
