//! What pages show and JSON tells: one file per page, each a query over the store that answers one
//! struct. Text in them is as it stands in the store; pages escape it.

mod clip;
mod given;
mod glance;
mod job;
mod moment;
mod overview;
mod queue_row;
mod redact;
mod work;

pub(crate) use self::clip::clip;
pub(crate) use self::given::Given;
pub(crate) use self::glance::{Glance, Glances};
pub(crate) use self::job::JobView;
pub(crate) use self::moment::Moment;
pub(crate) use self::overview::Overview;
pub(crate) use self::queue_row::QueueRow;
pub(crate) use self::redact::Redaction;
pub(crate) use self::work::Work;
