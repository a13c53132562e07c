//! The keys of the namespace.

use async_trait::async_trait;
use bytes::Bytes;
use resque_core::{Keyspace, Result};

use crate::driver::Batch;
use crate::store::{CHUNK, Store, bytes_of, list_of};

#[async_trait]
impl Keyspace for Store {
    fn namespace(&self) -> &str {
        self.keys.namespace()
    }

    fn key(&self, parts: &[&str]) -> String {
        self.keys.key(&parts.join(":"))
    }

    async fn keys(&self) -> Result<Vec<String>> {
        let mut names = std::collections::HashSet::new();
        let mut cursor = Bytes::from_static(b"0");
        loop {
            let (next, keys) = self.scan(&cursor).await?;
            names.extend(keys);
            if &next[..] == b"0" {
                break;
            }
            cursor = next;
        }
        let rest = |key: Bytes| {
            let rest = &key[self.keys.prefix().len().min(key.len())..];
            String::from_utf8_lossy(rest).into_owned()
        };
        Ok(names.into_iter().map(rest).collect())
    }

    async fn server_facts(&self) -> Result<Vec<(String, String)>> {
        let mut batch = Batch::new();
        batch.command("INFO");
        let text = bytes_of(self.one("ask the server about itself", &batch).await?);
        let text = String::from_utf8_lossy(&text);
        let facts = text.lines().filter_map(|line| line.split_once(':'));
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Ok(facts.map(own).collect())
    }
}

impl Store {
    /// Removes every key of the namespace, and answers how many.
    pub(crate) async fn clear_namespace(&self) -> Result<u64> {
        let mut cleared = 0;
        let mut cursor = Bytes::from_static(b"0");
        loop {
            let (next, keys) = self.scan(&cursor).await?;
            for part in keys.chunks(CHUNK) {
                let mut batch = Batch::with_capacity(part.len() + 1, 40 * part.len());
                batch.command("UNLINK");
                for key in part {
                    batch.arg(key);
                }
                let reply = self.one("clear the namespace", &batch).await?;
                cleared += crate::store::number_of(&reply);
            }
            if &next[..] == b"0" {
                return Ok(cleared);
            }
            cursor = next;
        }
    }

    /// One step through the keys of the namespace: where to go on, and keys, some maybe twice.
    async fn scan(&self, cursor: &Bytes) -> Result<(Bytes, Vec<Bytes>)> {
        let mut batch = Batch::new();
        batch
            .command("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(pattern(self.keys.prefix()))
            .arg("COUNT")
            .arg(CHUNK);
        let mut reply = list_of(self.one("walk through the keys", &batch).await?).into_iter();
        match (reply.next(), reply.next()) {
            (Some(next), Some(keys)) => Ok((
                bytes_of(next),
                list_of(keys).into_iter().map(bytes_of).collect(),
            )),
            _ => Err(self.odd_reply("walk through the keys")),
        }
    }
}

/// The glob that matches everything behind `prefix`, whatever characters that has.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 8);
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_with_glob_characters_means_itself() {
        assert_eq!(pattern("resque:"), "resque:*");
        assert_eq!(pattern(r"a*[b]\?:"), r"a\*\[b\]\\\?:*");
    }
}
