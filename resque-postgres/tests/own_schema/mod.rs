//! A schema of a test's own, which goes with it where the server stays.

use std::ops::Deref;
use std::{env, thread};

use resque_postgres::Config;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// The way to a schema.
pub(crate) struct OwnSchema {
    config: Config,
    url: String,
}

impl OwnSchema {
    /// What `config` leads to, on the server at `url`.
    pub(crate) fn of(config: Config, url: &str) -> Self {
        let url = url.to_owned();
        Self { config, url }
    }

    /// Whether others use the server, and will use it when this test has ended.
    pub(crate) fn stays(&self) -> bool {
        env::var("RESQUE_TEST_POSTGRES_URL").is_ok_and(|url| url == self.url)
    }
}

impl Deref for OwnSchema {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.config
    }
}

impl Drop for OwnSchema {
    fn drop(&mut self) {
        if !self.stays() {
            return;
        }
        let schema = self.config.namespace().replace('"', "\"\"");
        let url = self.url.clone();
        // A runtime of its own: the test's, if there is one, waits here.
        let dropping = thread::spawn(move || dropped(&url, &schema));
        match dropping.join() {
            Ok(Ok(())) => {}
            outcome => eprintln!("a schema stays behind: {outcome:?}"),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn dropped(url: &str, schema: &str) -> sqlx::Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    // Somebody whom the test has left behind may hold a table.
    let text = format!("set lock_timeout = '10s'; drop schema if exists \"{schema}\" cascade");
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection);
    done.await.map(drop)
}
