//! The demo classes, and the jobs to start with.

use std::time::Duration;

use resque::{Handlers, Job, JobContext, JobError, JobResult};
use serde::{Deserialize, Serialize};

/// What is enqueued at the start, as it might be typed.
pub(super) const FIRST: [&str; 9] = [
    r#"Quick ["Ada"]"#,
    "Slow [4]",
    r#"Fail ["the file is gone"]"#,
    "Slow [7]",
    r#"Quick ["Grace"]"#,
    "Panic",
    "Slow [2]",
    r#"Quick ["Edsger"]"#,
    r#"Quick ["later"] +12"#,
];

/// The demo classes with their arguments, for people.
pub(super) const CLASSES: [(&str, &str); 4] = [
    (r#"Quick ["name"]"#, "is done in no time"),
    ("Slow [5]", "takes five seconds and reports progress"),
    (r#"Fail ["message"]"#, "fails"),
    (
        r#"Panic ["message"]"#,
        "panics, which is a failure like any other",
    ),
];

/// Where jobs of unknown classes go unless another queue is named.
const OTHER_QUEUE: &str = "default";
/// The steps in which a slow job reports.
const STEPS: u32 = 10;
/// The longest that a slow job may take.
const AN_HOUR: f64 = 3600.0;

/// Everything that is performed here.
pub(super) fn handlers() -> Handlers {
    Handlers::new()
        .register::<Quick>()
        .register::<Slow>()
        .register::<Fail>()
        .register::<Panic>()
}

/// The queue that a class goes to unless another one is named.
pub(super) fn queue_of(class: &str) -> &'static str {
    match class {
        Quick::CLASS => Quick::QUEUE,
        Slow::CLASS => Slow::QUEUE,
        Fail::CLASS => Fail::QUEUE,
        Panic::CLASS => Panic::QUEUE,
        _ => OTHER_QUEUE,
    }
}

/// Is done in no time.
#[derive(Debug, Serialize, Deserialize)]
struct Quick {
    #[serde(default)]
    name: String,
}

impl Job for Quick {
    const CLASS: &'static str = "Quick";
    const QUEUE: &'static str = "quick";

    async fn perform(self, ctx: &JobContext) -> JobResult {
        // Long enough to be seen.
        ctx.clock().sleep(Duration::from_millis(80)).await;
        ctx.progress(1, 1, format!("hello, {}", self.name));
        Ok(())
    }
}

/// Takes its time and reports progress.
#[derive(Debug, Serialize, Deserialize)]
struct Slow {
    #[serde(default = "five")]
    seconds: f64,
}

fn five() -> f64 {
    5.0
}

impl Job for Slow {
    const CLASS: &'static str = "Slow";
    const QUEUE: &'static str = "slow";

    async fn perform(self, ctx: &JobContext) -> JobResult {
        if !(0.0..=AN_HOUR).contains(&self.seconds) {
            return Err(JobError::new(
                "ArgumentError",
                format!("{} is no number of seconds from 0 to 3600", self.seconds),
            ));
        }
        let step = Duration::from_secs_f64(self.seconds) / STEPS;
        for done in 1..=STEPS {
            ctx.clock().sleep(step).await;
            ctx.progress(done.into(), STEPS.into(), format!("part {done} of {STEPS}"));
        }
        Ok(())
    }
}

/// Fails.
#[derive(Debug, Serialize, Deserialize)]
struct Fail {
    #[serde(default)]
    message: Option<String>,
}

impl Job for Fail {
    const CLASS: &'static str = "Fail";
    const QUEUE: &'static str = "risky";

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        let message = self.message.unwrap_or_else(|| "it was to fail".to_owned());
        Err(JobError::new("Demo::Failure", message))
    }
}

/// Panics, which is a failure like any other.
#[derive(Debug, Serialize, Deserialize)]
struct Panic {
    #[serde(default)]
    message: Option<String>,
}

impl Job for Panic {
    const CLASS: &'static str = "Panic";
    const QUEUE: &'static str = "risky";

    async fn perform(self, _ctx: &JobContext) -> JobResult {
        let message = self.message.unwrap_or_else(|| "it was to panic".to_owned());
        std::panic::panic_any(message)
    }
}
