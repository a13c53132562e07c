//! What a worker logs for whoever follows it with `VERBOSE`; alone in its process, whose log it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use resque_core::Client;
use resque_core::worker::{Worker, WorkerEnv};
use resque_memory::MemoryBackend;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Keeps the messages of one level and what is louder.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn messages(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Message(self));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Message<'a>(&'a Log);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

#[tokio::test]
async fn the_log_follows_each_job() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    let backend = MemoryBackend::new().backend();
    let client = Client::new(backend.clone());
    client.enqueue_raw("q", "Ok", &()).await.unwrap();
    client.enqueue_raw("q", "Fail", &()).await.unwrap();
    let env = WorkerEnv::from_vars([("QUEUE", "q"), ("COUNT", "1"), ("INTERVAL", "0")]).unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let shows = shown.clone();
    let worker = Worker::builder(backend)
        .env(&env)
        .on_span(move |span, ctx| {
            assert!(!span.is_disabled());
            shows.lock().unwrap().push(ctx.class().to_owned());
        })
        .register_fn("Ok", |_: (), _| async { Ok(()) })
        .register_fn("Fail", |_: (), _| async { Err("no".into()) });
    worker.build().unwrap().run().await.unwrap();
    assert_eq!(*shown.lock().unwrap(), ["Ok", "Fail"]);
    assert_eq!(
        log.messages(),
        [
            "the worker starts",
            "started",
            "done",
            "started",
            "failed",
            "the worker has stopped"
        ]
    );
}
