//! The backend under the conformance suite, behind a PgBouncer in transaction mode.
//!
//! Nobody tells it of the pooler, and all worlds share its few sessions.

mod own_schema;
#[macro_use]
mod worlds;

use std::sync::OnceLock;

use resque_conformance::{CaseName, World};
use resque_core::Result;
use resque_testserver::{PgBouncer, Postgres, PostgresServer};

async fn world(case: CaseName) -> Result<World> {
    static SHARED: OnceLock<(PostgresServer, PgBouncer)> = OnceLock::new();
    let (_, pooler) = SHARED.get_or_init(|| {
        let server = Postgres::new().start().expect("a Postgres server");
        let pooler = PgBouncer::before(&server, &["default_pool_size = 8"]).expect("a PgBouncer");
        (server, pooler)
    });
    worlds::world(case, pooler.url()).await
}

suite! { world }
