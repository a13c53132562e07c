//! Cron expressions with time zones.

use std::time::SystemTime;

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// What to write instead of what was not understood.
const HINT: &str = "write five fields (minute, hour, day, month, weekday), with seconds before them \
                    and a time zone behind them if need be: `30 6 * * 1`, `30 6 * * mon-fri Europe/Stockholm`";

/// Names for whole expressions, beside those that the parser knows itself.
const NICKNAMES: &[(&str, &str)] = &[("@midnight", "0 0 * * *"), ("@noon", "0 12 * * *")];

/// The words in which weekdays are written; everything else with letters at the end is a zone.
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// A cron expression.
#[derive(Clone, Debug)]
pub(super) struct Cron {
    /// As it was written.
    line: String,
    rule: croner::Cron,
    /// The zone at the end of the line.
    zone: Option<TimeZone>,
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to write.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let (fields, zone) = match line.rsplit_once(' ') {
            Some((fields, zone)) if is_zone(zone) => (fields, Some(zone_named(zone)?)),
            _ => (&*line, None),
        };
        let wrong = |why: String| format!("{line:?} is no cron expression ({why}); {HINT}");
        let nickname = NICKNAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(fields));
        let fields = nickname.map_or(fields, |(_, fields)| fields);
        // fugit counts weekdays from the end of the month; the parser has a letter for the last.
        let fields = fields.replace("#-1", "#L");
        let rule = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .build()
            .parse(&fields)
            .map_err(|error| wrong(error.to_string()))?;
        let cron = Self { rule, zone, line };
        let epoch = cron.zoned(SystemTime::UNIX_EPOCH);
        if epoch
            .and_then(|epoch| cron.rule.find_next_occurrence(&epoch, true).ok())
            .is_none()
        {
            let why = "there is no such day, it would never run".to_owned();
            return Err(format!(
                "{:?} is no cron expression ({why}); {HINT}",
                cron.line
            ));
        }
        Ok(cron)
    }

    /// The expression as it was written.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// Whether the line says which time zone it is in.
    pub(super) fn has_zone(&self) -> bool {
        self.zone.is_some()
    }

    /// The first time after this one.
    pub(super) fn next_after(&self, time: SystemTime) -> Option<SystemTime> {
        let time = self.zoned(time)?;
        let next = self.rule.find_next_occurrence(&time, false).ok()?;
        Some(next.timestamp().into())
    }

    /// The last time that is not after this one.
    pub(super) fn last_until(&self, time: SystemTime) -> Option<SystemTime> {
        let time = self.zoned(time)?;
        let last = self.rule.find_previous_occurrence(&time, true).ok()?;
        Some(last.timestamp().into())
    }

    /// The time in the zone of the expression, to the second.
    fn zoned(&self, time: SystemTime) -> Option<Zoned> {
        let second = Timestamp::try_from(time)
            .ok()?
            .as_millisecond()
            .div_euclid(1_000);
        let zone = self.zone.clone().unwrap_or_else(TimeZone::system);
        Some(Timestamp::from_second(second).ok()?.to_zoned(zone))
    }
}

/// Whether the last word of a line is meant as a time zone.
fn is_zone(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let mut rest = WEEKDAYS
        .iter()
        .fold(lower, |rest, day| rest.replace(day, ""));
    // The last weekday of a month.
    rest.retain(|c| c != 'l');
    word.starts_with(char::is_alphabetic) && rest.contains(char::is_alphabetic)
}

fn zone_named(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("{name:?} is no time zone; write one as Europe/Stockholm or UTC"))
}

#[cfg(test)]
#[path = "cron_tests.rs"]
mod tests;
