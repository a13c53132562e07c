//! Schedules in a file, in resque-scheduler's layout: YAML, each schedule under its name.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::{Schedule, ScheduleName};
use crate::wire::json::Kind;
use crate::{Error, Result};

impl Schedule {
    /// Reads a file of schedules, as resque-scheduler's `resque_schedule.yml`.
    ///
    /// Ruby's scheduler is taken to know the same file, so that the schedules are
    /// [shared with it](Schedule::shared_with_ruby).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when the file cannot be read or is no YAML,
    /// [`Error::InvalidSchedule`] with the schedule and the field that is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Vec<Self>> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| Error::InvalidSetting {
            setting: format!("the file of schedules {}", path.display()),
            reason: format!("it cannot be read: {error}"),
        })?;
        Self::from_yaml(&text, &path.display().to_string())
    }

    /// Reads schedules from YAML; `origin` is where it comes from, for messages.
    ///
    /// ```
    /// use resque_core::Schedule;
    ///
    /// let schedules = Schedule::from_yaml(
    ///     r"
    /// clear_leaderboards:
    ///   cron: 30 6 * * 1 Europe/Stockholm
    ///   class: ClearLeaderboards
    ///   queue: low
    /// send_emails:
    ///   every: [1h, first_in: 5m]
    ///   args: [weekly, {dry_run: false}]
    ///   queue: mail",
    ///     "schedules.yml",
    /// )?;
    /// assert_eq!(schedules[1].args_json(), r#"["weekly",{"dry_run":false}]"#);
    /// # Ok::<(), resque_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Schedule::load`].
    pub fn from_yaml(text: &str, origin: &str) -> Result<Vec<Self>> {
        let wrong = |reason: String| Error::InvalidSetting {
            setting: format!("the schedules of {origin}"),
            reason,
        };
        if text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Ok(Vec::new());
        }
        let all: BTreeMap<String, Map<String, Value>> =
            serde_saphyr::from_str(text).map_err(|error| {
                let error = error.to_string();
                // Behind it stands the place once more, drawn over several lines.
                let error = error.lines().next().unwrap_or_default();
                let error = error.strip_prefix("error: ").unwrap_or(error);
                wrong(format!(
                    "{error}; write each schedule as a map under its name"
                ))
            })?;
        let mut schedules = Vec::with_capacity(all.len());
        for (name, map) in all {
            let name = ScheduleName::new(name)?;
            let args = map
                .get("args")
                .map(|args| (kind_of(args), args.to_string().into_bytes()));
            let mut schedule = Self::from_members(&name, map, args)?;
            schedule.master = true;
            schedules.push(schedule);
        }
        Ok(schedules)
    }
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Bool,
        Value::Number(_) => Kind::Number,
        Value::String(_) => Kind::String,
        Value::Array(_) => Kind::Array,
        Value::Object(_) => Kind::Object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What resque-scheduler's users write.
    const FILE: &str = r#"
# Comments are comments.
CancelAbandonedOrders:
  cron: "*/5 * * * *"
queue_documents_for_indexing:
  every: "1h"
  class: "QueueDocuments"
  queue: high
  args:
  description: "This job queues all content for indexing in solr"
clear_leaderboards_contributors:
  cron: 30 6 * * 1 Europe/Stockholm
  class: ClearLeaderboards
  queue: low
  args: contributors
  rails_env: production
send_emails:
  every:
    - 15m
    - :first_in: 300
  args: [1, 2.5, {deep: [true, null]}]
  queue: mail
  catch_up: 3
  jitter: 30
only_by_hand: {class: Manual, queue: low}
"#;

    #[test]
    fn a_file_of_resque_scheduler_is_read() {
        let schedules = Schedule::from_yaml(FILE, "schedules.yml").unwrap();
        let told: Vec<_> = schedules
            .iter()
            .map(|one| {
                let queue = one.queue_name().map_or("-", |queue| queue.as_str());
                let timing = one
                    .timing()
                    .map_or("by hand".to_owned(), ToString::to_string);
                format!(
                    "{} {} {} {queue}: {timing}",
                    one.name(),
                    one.class(),
                    one.args_json()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "CancelAbandonedOrders CancelAbandonedOrders [] -: cron */5 * * * *",
                r#"clear_leaderboards_contributors ClearLeaderboards ["contributors"] low: cron 30 6 * * 1 Europe/Stockholm"#,
                "only_by_hand Manual [] low: by hand",
                "queue_documents_for_indexing QueueDocuments [] high: every 1h",
                r#"send_emails send_emails [1,2.5,{"deep":[true,null]}] mail: every 15m, first in 5m"#,
            ]
        );
        assert!(schedules.iter().all(Schedule::is_shared_with_ruby));
        assert_eq!(schedules[4].most_jitter().as_secs(), 30);
        assert!(!schedules[1].runs_in(None));
    }

    #[test]
    fn an_empty_file_has_no_schedules() {
        for text in ["", "\n# nothing yet\n"] {
            assert_eq!(Schedule::from_yaml(text, "f").unwrap().len(), 0);
        }
    }

    #[test]
    fn a_file_that_unfolds_without_end_is_refused() {
        let mut text = "a0: &a0 {args: [x, x, x, x, x, x, x, x, x]}\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let list = [&*before; 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} {{args: [{list}]}}\n"));
        }
        let deep = format!("a: {{args: {}}}", "[".repeat(100_000));
        for text in [text, deep] {
            let error = Schedule::from_yaml(&text, "f.yml").unwrap_err();
            assert!(matches!(error, Error::InvalidSetting { .. }), "{error}");
        }
    }

    #[test]
    fn mistakes_in_a_file_are_told_with_their_place() {
        for (text, told) in [
            ("- a\n- b\n", "the schedules of f.yml: "),
            ("a: 5\n", "the schedules of f.yml: "),
            ("a: {cron: [}\n", "the schedules of f.yml"),
            (
                "a:\n  cron: '0 6 * *'\n",
                "the schedule \"a\" cannot be used: cron: ",
            ),
            (
                "a:\n  queue: 7\n",
                "the schedule \"a\" cannot be used: queue: ",
            ),
            (
                "'': {every: 1m}\n",
                "the schedule \"\" cannot be used: name: ",
            ),
        ] {
            let error = Schedule::from_yaml(text, "f.yml").unwrap_err().to_string();
            assert!(error.starts_with(told), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let error = Schedule::load("/no/such/file.yml").unwrap_err().to_string();
        assert!(
            error.starts_with("the file of schedules /no/such/file.yml: "),
            "{error}"
        );
    }
}
