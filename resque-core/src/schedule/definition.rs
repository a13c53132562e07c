//! Definitions of schedules as resque-scheduler keeps them:
//! `{"class":"Archive","args":[1,"x"],"every":["1h",{"first_in":300}],"queue":"mail"}`.
//!
//! What we add, `jitter`, `catch_up` and `enabled`, are members that Ruby's scheduler ignores.

use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{CatchUp, Schedule, ScheduleName, Timing, options, span};
use crate::wire::json::{self, Kind, members};
use crate::wire::payload::list_of_args;
use crate::{Error, Result};

/// The members that a schedule is made of; all others are kept as they are.
const KNOWN: &[&str] = &[
    "class",
    "args",
    "cron",
    "every",
    "queue",
    "description",
    "rails_env",
    "env",
    "persist",
    "jitter",
    "catch_up",
    "enabled",
];

impl Schedule {
    /// Reads a definition that is kept in a store.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`] with the field that is wrong.
    pub fn from_definition(name: &ScheduleName, definition: &[u8]) -> Result<Self> {
        let no_object = |reason: String| Error::schedule(name.as_str(), "definition", reason);
        let map: Map<String, Value> = serde_json::from_slice(definition)
            .map_err(|error| no_object(format!("it is no JSON object ({error})")))?;
        // Straight from the text, so that big numbers stay what they are.
        let found = members(definition).map_err(|error| no_object(error.to_string()))?;
        let args = found.flatten().filter(|member| member.is("args")).last();
        let args = args.map(|args| (args.value().kind(), args.value().raw().to_vec()));
        let mut schedule = Self::from_members(name, map, args)?;
        schedule.master = true;
        Ok(schedule)
    }

    /// Reads the members of a definition; `args` are their kind and text.
    pub(super) fn from_members(
        name: &ScheduleName,
        map: Map<String, Value>,
        args: Option<(Kind, Vec<u8>)>,
    ) -> Result<Self> {
        let fields = Fields { name, map };
        let class = fields.text("class")?.unwrap_or(name.as_str()).to_owned();
        let args = match &args {
            None => "[]".into(),
            Some((kind, raw)) => {
                let text =
                    std::str::from_utf8(raw).map_err(|_| fields.wrong("args", "no UTF-8"))?;
                list_of_args(*kind, text)
            }
        };
        let args = RawValue::from_string(args.into_owned())
            .map_err(|error| fields.wrong("args", error.to_string()))?;
        let mut schedule = Self::with_args(name.clone(), &class, args)?;
        if let Some(queue) = fields.text("queue")?.filter(|queue| !queue.is_empty()) {
            schedule = schedule.queue(queue)?;
        }
        schedule.timing = fields.timing()?;
        schedule.description = fields.text("description")?.map(str::to_owned);
        schedule.jitter = fields.jitter()?;
        schedule.catch_up = fields.catch_up()?;
        schedule.enabled = fields.flag("enabled")?.unwrap_or(true);
        schedule.persist = fields.flag("persist")?.unwrap_or(false);
        schedule.environments = fields.environments()?;
        let others = fields.map.into_iter();
        schedule.others = others.filter(|(key, _)| !KNOWN.contains(&&**key)).collect();
        Ok(schedule)
    }

    /// The definition, as stores keep it.
    #[must_use]
    pub fn definition(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        let mut member = |name: &str, value: &[u8]| {
            out.push(if out.is_empty() { b'{' } else { b',' });
            json::write_string(&mut out, name);
            out.push(b':');
            out.extend_from_slice(value);
        };
        let text = |text: &str| {
            let mut out = Vec::with_capacity(text.len() + 2);
            json::write_string(&mut out, text);
            out
        };
        member("class", &text(&self.class));
        member("args", self.args.get().as_bytes());
        if let Some(timing) = &self.timing {
            let (field, value) = options::write(timing);
            member(field, value.to_string().as_bytes());
        }
        if let Some(queue) = &self.queue {
            member("queue", &text(queue.as_str()));
        }
        if let Some(description) = &self.description {
            member("description", &text(description));
        }
        if !self.environments.is_empty() {
            member("rails_env", &text(&self.environments.join(",")));
        }
        if !self.jitter.is_zero() {
            member("jitter", &text(&span::text(self.jitter)));
        }
        if self.catch_up != CatchUp::default() {
            member("catch_up", &text(&self.catch_up.to_string()));
        }
        for (name, value) in &self.others {
            member(name, value.to_string().as_bytes());
        }
        out.push(b'}');
        out
    }
}

/// The members of one definition.
struct Fields<'a> {
    name: &'a ScheduleName,
    map: Map<String, Value>,
}

impl Fields<'_> {
    fn wrong(&self, field: &str, reason: impl Into<String>) -> Error {
        Error::schedule(self.name.as_str(), field, reason)
    }

    /// A member; one that is null is none.
    fn get(&self, field: &str) -> Option<&Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    fn text(&self, field: &str) -> Result<Option<&str>> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(field, format!("{other} is no text"))),
        }
    }

    fn flag(&self, field: &str) -> Result<Option<bool>> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => {
                Err(self.wrong(field, format!("{other} is neither; write true or false")))
            }
        }
    }

    /// Cron counts before every, as in resque-scheduler; without either it runs when told to.
    fn timing(&self) -> Result<Option<Timing>> {
        for field in ["cron", "every"] {
            if let Some(value) = self.get(field) {
                let timing = options::read(field, value);
                return timing.map(Some).map_err(|reason| self.wrong(field, reason));
            }
        }
        Ok(None)
    }

    fn jitter(&self) -> Result<Duration> {
        let read = |value: &Value| options::span_of(value);
        let jitter = self.get("jitter").map(read).transpose();
        Ok(jitter
            .map_err(|reason| self.wrong("jitter", reason))?
            .unwrap_or_default())
    }

    fn catch_up(&self) -> Result<CatchUp> {
        let Some(value) = self.get("catch_up") else {
            return Ok(CatchUp::default());
        };
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        CatchUp::parse(&text).map_err(|reason| self.wrong("catch_up", reason))
    }

    /// `rails_env` or `env`, separated by commas.
    fn environments(&self) -> Result<Vec<String>> {
        let named = match self.text("rails_env")? {
            None => self.text("env")?,
            named => named,
        };
        let each = named.unwrap_or_default().split([',', ' ']);
        Ok(each
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect())
    }
}

#[cfg(test)]
#[path = "definition_tests.rs"]
mod tests;
