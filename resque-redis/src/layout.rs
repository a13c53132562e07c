//! Where failures go.

/// Where the records of failed jobs are kept.
///
/// All processes of a fleet, of whatever language, have to agree on one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureLayout {
    /// In one list, `failed`: Resque's default, `Resque::Failure::Redis`.
    #[default]
    Single,
    /// In one list for each queue, `<queue>_failed`, their names in the set `failed_queues`:
    /// `Resque::Failure::RedisMultiQueue`.
    PerQueue,
}
