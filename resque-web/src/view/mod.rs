//! What pages show and JSON tells: one file per page, each a query over the store that answers one
//! struct. Text in them is as it stands in the store; pages escape it.

mod backend;
mod clip;
mod given;
mod glance;
mod job;
mod moment;
mod overview;
pub(crate) mod paging;
mod queue;
mod queue_row;
mod queues;
mod redact;
mod work;
mod worker;
mod worker_row;
mod workers;
mod working;

pub(crate) use self::backend::BackendView;
pub(crate) use self::clip::clip;
pub(crate) use self::given::Given;
pub(crate) use self::glance::{Glance, Glances};
pub(crate) use self::job::JobView;
pub(crate) use self::moment::Moment;
pub(crate) use self::overview::Overview;
pub(crate) use self::queue::{Queue, QueueQuery, mark};
pub(crate) use self::queue_row::QueueRow;
pub(crate) use self::queues::{QueueOrder, Queues, QueuesQuery};
pub(crate) use self::redact::Redaction;
pub(crate) use self::work::Work;
pub(crate) use self::worker::{Worker, WorkerQuery};
pub(crate) use self::worker_row::WorkerRow;
pub(crate) use self::workers::{Workers, WorkersQuery};
pub(crate) use self::working::Working;
