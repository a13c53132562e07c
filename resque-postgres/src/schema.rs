//! The schema that everything is kept in, and statements in it.

use std::sync::Arc;

use resque_core::Result;

use crate::config::invalid;

/// The longest name that Postgres keeps whole, in bytes.
const LONGEST: usize = 63;

/// The name of a schema; it is also the channel of its announcements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    name: Arc<str>,
    identifier: Arc<str>,
}

impl Schema {
    /// Checks and takes a name.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let flaw = if name.is_empty() {
            "it is empty; leave it out for `resque`"
        } else if name.len() > LONGEST {
            "it is longer than the 63 bytes that Postgres keeps of a name"
        } else if name.contains('\0') {
            "it contains NUL"
        } else if name.starts_with("pg_") || name == "information_schema" {
            "Postgres keeps names like this for itself"
        } else {
            return Ok(Self {
                name: name.into(),
                identifier: quoted(name, '"').into(),
            });
        };
        Err(invalid("namespace", format!("{name:?}: {flaw}")))
    }

    /// The name as it is.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The name, quoted as an identifier.
    pub(crate) fn identifier(&self) -> &str {
        &self.identifier
    }

    /// A statement that is written for the schema `resque`, for this one.
    pub(crate) fn sql(&self, text: &str) -> Arc<str> {
        let literal = quoted(&self.name, '\'');
        let quoted_inside = self.identifier.replace('\'', "''");
        let mut parts = text.split("resque.");
        let mut sql = parts
            .next()
            .unwrap_or_default()
            .replace("'resque'", &literal);
        for part in parts {
            // A name inside a literal, such as that of a sequence, is quoted twice.
            let is_inside = sql.ends_with('\'');
            sql.push_str(if is_inside {
                &quoted_inside
            } else {
                &self.identifier
            });
            sql.push('.');
            sql.push_str(&part.replace("'resque'", &literal));
        }
        sql.into()
    }
}

fn quoted(name: &str, quote: char) -> String {
    let doubled = name.replace(quote, &format!("{quote}{quote}"));
    // A backslash means itself in a plain literal, as long as the server keeps to the standard.
    format!("{quote}{doubled}{quote}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quoting_are_quoted() {
        for (name, sql) in [
            ("resque", r#"select 'resque' from "resque".jobs"#),
            ("My Shop", r#"select 'My Shop' from "My Shop".jobs"#),
            (r#"a"b'c\"#, r#"select 'a"b''c\' from "a""b'c\".jobs"#),
            ("größe.x", r#"select 'größe.x' from "größe.x".jobs"#),
        ] {
            let schema = Schema::new(name).unwrap();
            assert_eq!(&*schema.sql("select 'resque' from resque.jobs"), sql);
        }
    }

    #[test]
    fn names_that_cannot_work_say_why() {
        for (name, why) in [
            ("", "empty"),
            (&*"x".repeat(64), "63 bytes"),
            ("a\0b", "NUL"),
            ("pg_jobs", "for itself"),
            ("information_schema", "for itself"),
        ] {
            let error = Schema::new(name).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(Schema::new(&"x".repeat(63)).is_ok());
    }
}
