//! A tiny model of a store, and random histories that a real one must live through like it.
//!
//! A history is a list of operations: pushes, exchanges with lost replies, crashes, janitors, and
//! so on. After each of them everything that can be seen in the store is compared with the model.
//! A history that fails is made as short as possible before it is shown.
//!
//! How many histories are played and where they begin can be set by the environment:
//! `RESQUE_MODEL_CASES` (default 24) and `RESQUE_MODEL_SEED` (default 0).

mod history;
mod loans;
mod player;
mod reference;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::Handle;

pub(crate) use self::history::Scope;
use self::player::Player;
use crate::{Broken, Verdict, World};

/// Plays random histories of a kind against the world's store.
pub(crate) async fn histories(world: &World, scope: Scope) -> Verdict {
    let stores = [world.store(), world.twin().await?];
    let cases = world.histories();
    let seed = setting("RESQUE_MODEL_SEED", 0);
    let runtime = Handle::current();
    let playing = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new_with_rng(config(cases), rng(seed));
        let played = runner.run(&history::strategy(scope), |history| {
            let play = Player::play(&stores, scope, &history);
            let played = runtime.block_on(play);
            played.map_err(|broken| TestCaseError::fail(broken.to_string()))
        });
        played.map_err(|error| told(error, seed))
    });
    playing.await?.map_err(Broken::elsewhere)
}

fn config(cases: Option<u32>) -> Config {
    let usual = || u32::try_from(setting("RESQUE_MODEL_CASES", 24)).unwrap_or(u32::MAX);
    Config {
        cases: cases.unwrap_or_else(usual),
        failure_persistence: None,
        // A slow store shall show a longer history rather than run into its time limit.
        max_shrink_time: 20_000,
        ..Config::default()
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// The same seed gives the same histories on every machine.
fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

fn told(error: TestError<Vec<history::Op>>, seed: u64) -> String {
    match error {
        TestError::Fail(reason, history) => {
            let steps: Vec<_> = history.iter().map(|op| format!("  {op:?}")).collect();
            format!("{reason}\nafter (seed {seed}):\n{}", steps.join("\n"))
        }
        TestError::Abort(reason) => format!("no history could be played: {reason}"),
    }
}
