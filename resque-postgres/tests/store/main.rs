//! What the conformance suite cannot say: what Postgres adds, and what can go wrong with it.

mod abilities;
mod another_server;
mod by_hand;
mod crossing;
mod delayed;
mod disk;
mod enqueue_sql;
mod exchange;
mod exhaustion;
mod failover;
mod forged;
mod hindrances;
mod keyspace;
mod labour;
mod little_room;
mod old_snapshot;
mod outages;
mod outbox;
#[path = "../own_schema/mod.rs"]
mod own_schema;
mod pooled;
mod pushing;
mod records;
mod refusals;
mod refused_rows;
mod roles;
mod schema;
mod silence;
mod skew;
mod strict;
mod support;
mod unique;
mod waiting;
mod worker;
