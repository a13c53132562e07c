use std::time::Duration;

use resque_core::{Clock, Enqueued, Error, ManualClock, NewJob, Pushed};

use crate::support::{Archive, client_at};

#[tokio::test]
async fn prepared_jobs_are_put_in_by_somebody_else() {
    let clock = ManualClock::new();
    let client = client_at(&clock);
    let due = clock.now() + Duration::from_secs(60);
    let jobs = [
        NewJob::of(&Archive::new(1)),
        NewJob::of(&Archive::new(2)).after(Duration::from_secs(60)),
    ];
    let now = clock.now();
    let prepared = client.prepare(jobs, async move { Ok(now) }).await.unwrap();
    assert!(client.queues().await.unwrap().is_empty());
    assert_eq!(prepared.items()[0].due, None);
    assert_eq!(prepared.items()[1].due, Some(due));
    let pushed = [Pushed::Queued { length: 7 }, Pushed::Delayed];
    assert_eq!(
        prepared.pushed(&pushed).await.unwrap(),
        [Enqueued::Queued { length: 7 }, Enqueued::Delayed { due }]
    );
}

#[tokio::test]
async fn an_answer_too_few_is_noticed_and_the_time_is_asked_only_if_needed() {
    let client = client_at(&ManualClock::new());
    let never = async { Err(Error::NoClass) };
    let prepared = client.prepare([NewJob::of(&Archive::new(1))], never).await;
    let error = prepared.unwrap().pushed(&[]).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    let later = NewJob::of(&Archive::new(1)).after(Duration::from_secs(60));
    let asked = client.prepare([later], async { Err(Error::NoClass) }).await;
    assert!(matches!(asked, Err(Error::NoClass)));
}
