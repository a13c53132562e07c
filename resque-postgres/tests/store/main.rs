//! What the conformance suite cannot say: what Postgres adds, and what can go wrong with it.

mod enqueue_sql;
mod exchange;
mod keyspace;
mod outages;
mod outbox;
mod pooled;
mod pushing;
mod records;
mod refusals;
mod roles;
mod schema;
mod support;
mod waiting;
mod worker;
