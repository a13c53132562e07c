//! What the conformance suite cannot say: what Postgres adds, and what can go wrong with it.

mod by_hand;
mod delayed;
mod disk;
mod enqueue_sql;
mod exchange;
mod exhaustion;
mod failover;
mod keyspace;
mod labour;
mod outages;
mod outbox;
mod pooled;
mod pushing;
mod records;
mod refusals;
mod roles;
mod schema;
mod silence;
mod skew;
mod strict;
mod support;
mod unique;
mod waiting;
mod worker;
