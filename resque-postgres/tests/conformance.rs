//! The backend under the conformance suite, on the shared server.

mod own_schema;
#[macro_use]
mod worlds;

use resque_conformance::{CaseName, World};
use resque_core::Result;

async fn world(case: CaseName) -> Result<World> {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    worlds::world(case, server.url()).await
}

suite! { world }
