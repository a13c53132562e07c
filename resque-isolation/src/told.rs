//! What a worker tells its children alone.

use std::sync::OnceLock;

/// What this process was told when it started.
static TOLD: OnceLock<Vec<(String, String)>> = OnceLock::new();

/// What the worker told this child with [`Processes::tell`](crate::Processes::tell); `None` in any
/// other process.
#[must_use]
pub fn told(name: &str) -> Option<&'static str> {
    let mut all = TOLD.get()?.iter();
    all.find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// Notes what this process was told. Only the first time counts.
#[cfg(target_os = "linux")]
pub(crate) fn note(told: Vec<(String, String)>) {
    let _ = TOLD.set(told);
}
