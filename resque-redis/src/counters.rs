//! The counters `stat:<name>`.

use resque_core::{Error, Result};

use crate::driver::{Batch, Value};
use crate::store::Store;

impl Store {
    /// The value of a counter.
    pub(crate) async fn counter(&self, name: &str) -> Result<i64> {
        let key = self.keys.stat(name);
        let mut batch = Batch::new();
        batch.command("GET").arg(&key);
        match self.on_key("read a counter", &key, &batch).await? {
            Value::Nil => Ok(0),
            value => self.number_at(&key, &value),
        }
    }

    /// Sets a counter.
    pub(crate) async fn set_counter(&self, name: &str, value: i64) -> Result<()> {
        let key = self.keys.stat(name);
        let mut batch = Batch::new();
        batch.command("SET").arg(&key).arg(value);
        self.on_key("set a counter", &key, &batch).await.map(drop)
    }

    /// Adds to a counter, and answers its new value.
    pub(crate) async fn add_to_counter(&self, name: &str, by: i64) -> Result<i64> {
        let key = self.keys.stat(name);
        let mut batch = Batch::new();
        batch.command("INCRBY").arg(&key).arg(by);
        let sum = self.on_key("add to a counter", &key, &batch).await?;
        self.number_at(&key, &sum)
    }

    /// Removes a counter.
    pub(crate) async fn remove_counter(&self, name: &str) -> Result<()> {
        let key = self.keys.stat(name);
        let mut batch = Batch::new();
        batch.command("DEL").arg(&key);
        self.on_key("remove a counter", &key, &batch)
            .await
            .map(drop)
    }

    fn number_at(&self, key: &str, value: &Value) -> Result<i64> {
        value.as_int().ok_or_else(|| Error::Corrupt {
            place: format!("the key {key} on Redis at {}", self.place()),
            found: String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned(),
            expected: self.keys.kind_of(key).to_owned(),
        })
    }
}
