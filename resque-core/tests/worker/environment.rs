//! Resque's variables act on a worker, or are said to do nothing.

use std::time::Duration;

use resque_core::Clock;
use resque_core::worker::{StopReason, Worker, WorkerBuilder, WorkerEnv};

use crate::world::{Gate, World, start};

fn env(vars: &[(&str, &str)]) -> WorkerEnv {
    WorkerEnv::from_vars(vars.iter().copied()).unwrap()
}

fn without_effect(builder: &WorkerBuilder) -> Vec<&'static str> {
    let all = builder.without_effect();
    all.iter().map(|one| one.variable).collect()
}

#[test]
fn queues_and_their_slots_come_from_the_environment() {
    let world = World::new();
    let env = env(&[("QUEUES", "high, low"), ("COUNT", "3")]);
    let builder = Worker::builder(world.store.clone()).env(&env);
    assert!(without_effect(&builder).is_empty());
    let slots = builder.build().unwrap().handle().snapshot().slots;
    assert_eq!(slots.len(), 3);
    assert!(slots[0].worker.as_str().ends_with(":high,low"));
}

#[test]
fn queues_named_by_the_program_win_wherever_it_names_them() {
    let world = World::new();
    let env = env(&[("QUEUE", "low"), ("COUNT", "3")]);
    let plain = || Worker::builder(world.store.clone());
    for builder in [plain().queues("x").env(&env), plain().env(&env).queues("x")] {
        assert_eq!(without_effect(&builder), ["QUEUES"]);
        let slots = builder.build().unwrap().handle().snapshot().slots;
        assert_eq!(slots.len(), 3);
        assert!(slots[0].worker.as_str().ends_with(":x"));
    }
    let pools = plain().env(&env).pool("x", 2);
    assert_eq!(without_effect(&pools), ["QUEUES", "COUNT"]);
    let slots = pools.build().unwrap().handle().snapshot().slots;
    assert_eq!(slots.len(), 2);
}

#[test]
fn what_the_program_would_have_to_do_is_not_passed_over() {
    let world = World::new();
    let env = env(&[
        ("QUEUE", "mail"),
        ("BACKGROUND", "1"),
        ("GRACEFUL_TERM", "1"),
        ("FAILURE_BACKEND", "redis_multi_queue"),
    ]);
    let deaf = Worker::builder(world.store.clone()).env(&env);
    let all = ["BACKGROUND", "GRACEFUL_TERM", "FAILURE_BACKEND"];
    assert_eq!(without_effect(&deaf), all);
    let mut env = env;
    // As a program does that has left the terminal by itself.
    env.background = false;
    let obedient = Worker::builder(world.store.clone())
        .env(&env)
        .handle_signals();
    assert_eq!(without_effect(&obedient), ["FAILURE_BACKEND"]);
}

#[tokio::test]
async fn a_worker_without_an_interval_leaves_when_idle_and_writes_its_process_id() {
    let world = World::new();
    let place = std::env::temp_dir().join(format!("resque-env-{}.pid", std::process::id()));
    let env = env(&[("INTERVAL", "0"), ("PIDFILE", place.to_str().unwrap())]);
    let report = start(world.worker().env(&env)).end().await;
    assert_eq!(report.reason, StopReason::Idle);
    let written = std::fs::read_to_string(&place).unwrap();
    std::fs::remove_file(&place).unwrap();
    assert_eq!(written, std::process::id().to_string());
}

#[tokio::test]
async fn a_stop_takes_its_times_from_the_environment() {
    let world = World::new();
    let env = env(&[
        ("RESQUE_PRE_SHUTDOWN_TIMEOUT", "2"),
        ("RESQUE_TERM_TIMEOUT", "3"),
    ]);
    world.push("Gate", 0..1).await;
    let gate = Gate::new();
    let mut worker = start(gate.on(world.worker()).env(&env));
    worker.started().await;
    let before = world.clock.monotonic();
    worker.handle.stop_now();
    let flow = world.flow();
    let report = worker.end().await;
    drop(flow);
    assert_eq!(report.released, 1);
    let took = world.clock.monotonic().saturating_sub(before);
    assert!(took >= Duration::from_secs(5), "{took:?}");
}
