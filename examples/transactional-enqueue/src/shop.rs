//! The shop.

use std::fmt;

use resque::Client;
use resque::postgres::{Config, Outbox, PostgresBackend};
use sqlx::PgPool;

use crate::Confirm;

/// Takes orders.
#[derive(Clone, Debug)]
pub struct Shop {
    pool: PgPool,
    outbox: Outbox,
}

/// Why an order was not taken. Nothing of it is left.
#[derive(Debug)]
pub enum OrderError {
    /// The job could not be enqueued.
    Enqueue(resque::Error),
    /// The database refused, or there is nothing of the item.
    Database(sqlx::Error),
}

impl Shop {
    /// Opens the shop that keeps its orders in this database, and its jobs too.
    ///
    /// # Errors
    ///
    /// As for [`resque::postgres::PostgresBackendBuilder::connect`].
    pub async fn open(pool: PgPool) -> resque::Result<Self> {
        let config = Config::new(pool.connect_options().as_ref().clone());
        let backend = PostgresBackend::over(pool.clone()).connect().await?;
        let outbox = Outbox::new(Client::new(backend), &config);
        Ok(Self { pool, outbox })
    }

    /// Takes an order: stores it, enqueues its confirmation and takes the item out of the stock, all
    /// or nothing.
    ///
    /// # Errors
    ///
    /// An [`OrderError`]; the transaction is then rolled back, with the job.
    pub async fn order(&self, item: &str, email: &str) -> Result<i64, OrderError> {
        let mut transaction = self.pool.begin().await?;
        let insert = "insert into orders (item, email) values ($1, $2) returning id";
        let order = sqlx::query_scalar(insert)
            .bind(item)
            .bind(email)
            .fetch_one(&mut *transaction)
            .await?;
        self.outbox
            .enqueue_in(&mut transaction, &Confirm { order })
            .await?;
        // Fails when nothing is left or there is no such item, and takes the job with it.
        sqlx::query("update stock set amount = amount - 1 where item = $1 returning amount")
            .bind(item)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(order)
    }
}

impl From<resque::Error> for OrderError {
    fn from(error: resque::Error) -> Self {
        Self::Enqueue(error)
    }
}

impl From<sqlx::Error> for OrderError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl fmt::Display for OrderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enqueue(_) => "the confirmation of the order could not be enqueued",
            Self::Database(_) => "the order could not be stored",
        })
    }
}

impl std::error::Error for OrderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(match self {
            Self::Enqueue(error) => error,
            Self::Database(error) => error,
        })
    }
}
