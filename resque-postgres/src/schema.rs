//! The schema that everything is kept in, and statements in it.

use std::borrow::Cow;
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
    literal: Arc<str>,
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
                literal: literal(name).into(),
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
        let text = self.with_other_dollars(text);
        let mut parts = text.split("resque.");
        let mut sql = parts
            .next()
            .unwrap_or_default()
            .replace("'resque'", &self.literal);
        for part in parts {
            if sql.ends_with('\'') {
                // A name inside a literal, such as that of a sequence, is quoted twice.
                sql.pop();
                let inside = literal(&format!("{}.", self.identifier));
                sql.push_str(inside.strip_suffix('\'').unwrap_or(&inside));
            } else {
                sql.push_str(&self.identifier);
                sql.push('.');
            }
            sql.push_str(&part.replace("'resque'", &self.literal));
        }
        sql.into()
    }

    /// The text with other quotes around the bodies of functions, where the name would end them.
    fn with_other_dollars<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.name.contains('$') {
            return Cow::Borrowed(text);
        }
        let mut suffixes = (0..).map(|number| format!("x{number}$"));
        let suffix = suffixes.find(|suffix| !self.name.contains(suffix.as_str()));
        let suffix = suffix.unwrap_or_default();
        let mut changed = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            let (before, quote) = rest.split_at(start);
            changed.push_str(before);
            let tag = quote.get(1..).unwrap_or_default();
            let length = tag.bytes().take_while(u8::is_ascii_lowercase).count();
            let (word, behind) = tag.split_at(length);
            changed.push('$');
            changed.push_str(word);
            rest = match behind.strip_prefix('$') {
                Some(behind) => {
                    changed.push_str(&suffix);
                    behind
                }
                // A parameter.
                None => behind,
            };
        }
        changed.push_str(rest);
        Cow::Owned(changed)
    }
}

fn quoted(name: &str, quote: char) -> String {
    let doubled = name.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{doubled}{quote}")
}

/// The name as a literal, which means the same whatever a session takes a backslash for.
fn literal(name: &str) -> String {
    let plain = quoted(name, '\'');
    match name.contains('\\') {
        true => format!("E{}", plain.replace('\\', r"\\")),
        false => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quoting_are_quoted() {
        for (name, sql) in [
            ("resque", r#"select 'resque' from "resque".jobs"#),
            ("My Shop", r#"select 'My Shop' from "My Shop".jobs"#),
            (r#"a"b'c\"#, r#"select E'a"b''c\\' from "a""b'c\".jobs"#),
            ("a$$b", r#"select 'a$$b' from "a$$b".jobs"#),
            ("größe.x", r#"select 'größe.x' from "größe.x".jobs"#),
        ] {
            let schema = Schema::new(name).unwrap();
            assert_eq!(&*schema.sql("select 'resque' from resque.jobs"), sql);
        }
    }

    #[test]
    fn a_name_inside_a_literal_is_quoted_twice() {
        for (name, sql) in [
            ("resque", r#"nextval('"resque".back')"#),
            (r#"a"b'c"#, r#"nextval('"a""b''c".back')"#),
            (r"a\b", r#"nextval(E'"a\\b".back')"#),
        ] {
            let schema = Schema::new(name).unwrap();
            assert_eq!(&*schema.sql("nextval('resque.back')"), sql);
        }
    }

    #[test]
    fn the_body_of_a_function_does_not_end_with_a_name() {
        let text = "as $$ from resque.a where $1 $$; do $do$ $2$do$";
        for (name, sql) in [
            ("a", r#"as $$ from "a".a where $1 $$; do $do$ $2$do$"#),
            (
                "a$$b",
                r#"as $x0$ from "a$$b".a where $1 $x0$; do $dox0$ $2$dox0$"#,
            ),
            (
                "$x0$",
                r#"as $x1$ from "$x0$".a where $1 $x1$; do $dox1$ $2$dox1$"#,
            ),
        ] {
            assert_eq!(&*Schema::new(name).unwrap().sql(text), sql);
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
