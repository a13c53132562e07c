//! Jobs are tried again by a real worker on every store: after errors, and after workers were lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod attempts;
mod lost_workers;
mod policies;
mod world;

/// One test for each store.
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        mod on_memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on_memory()).await;
            })+
        }

        mod on_redis {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on_redis().await).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::world::World::on_postgres().await).await;
            })+
        }
    };
}

use on_every_store;
