//! Times as Postgres keeps them: whole microseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use resque_core::{Error, Result};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{
    PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, Postgres,
};
use sqlx::{Decode, Encode, Type};

/// The types `timestamptz` and `timestamptz[]`, whose numbers are the same on every server.
const SCALAR: Oid = Oid(1184);
const ARRAY: Oid = Oid(1185);

/// Microseconds from 1970 to 2000, where Postgres begins to count.
const TO_2000: i64 = 946_684_800_000_000;

/// The first and the last microsecond that `timestamptz` holds, counted from 1970.
const RANGE: std::ops::RangeInclusive<i64> = -210_866_803_200_000_000..=i64::MAX;

/// A `timestamptz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    /// Microseconds since 1970.
    micros: i64,
}

impl Stamp {
    /// The last microsecond that has begun at `time`: what a clock shows.
    pub(crate) fn of(time: SystemTime) -> Result<Self> {
        let micros = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).ok(),
            Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000))
                .ok()
                .map(i64::wrapping_neg),
        };
        micros
            .filter(|micros| RANGE.contains(micros))
            .map(|micros| Self { micros })
            .ok_or_else(|| Error::InvalidSetting {
                setting: format!("the time {time:?}"),
                reason: "Postgres holds times from 4713 BC to 294276 AD".to_owned(),
            })
    }

    /// The first microsecond that does not begin before `time`: what is due then is never early.
    pub(crate) fn due(time: SystemTime) -> Result<Self> {
        let nearly = Duration::from_nanos(999);
        Self::of(time.checked_add(nearly).unwrap_or(time))
    }

    /// The time.
    pub(crate) fn time(self) -> SystemTime {
        let span = Duration::from_micros(self.micros.unsigned_abs());
        let time = if self.micros < 0 {
            UNIX_EPOCH.checked_sub(span)
        } else {
            UNIX_EPOCH.checked_add(span)
        };
        // Every time that Postgres holds fits into the system's.
        time.unwrap_or(UNIX_EPOCH)
    }

    /// Microseconds since 1970, for a cursor.
    pub(crate) fn micros(self) -> i64 {
        self.micros
    }

    /// The stamp of a cursor.
    pub(crate) fn from_micros(micros: i64) -> Option<Self> {
        RANGE.contains(&micros).then_some(Self { micros })
    }
}

impl Type<Postgres> for Stamp {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(SCALAR)
    }
}

impl PgHasArrayType for Stamp {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(ARRAY)
    }
}

impl Encode<'_, Postgres> for Stamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode(self.micros - TO_2000, buffer)
    }
}

impl Decode<'_, Postgres> for Stamp {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("a time came as text".into());
        }
        let since_2000 = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        // Infinity is beyond the range, and as good as its end.
        let micros = since_2000.saturating_add(TO_2000);
        Ok(Self {
            micros: micros.clamp(*RANGE.start(), *RANGE.end()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: i64) -> SystemTime {
        let span = Duration::from_nanos(nanos.unsigned_abs());
        if nanos < 0 {
            UNIX_EPOCH - span
        } else {
            UNIX_EPOCH + span
        }
    }

    #[test]
    fn a_clock_rounds_down_and_what_is_due_rounds_up() {
        for (nanos, clock, due) in [
            (0, 0, 0),
            (1, 0, 1),
            (999, 0, 1),
            (1_000, 1, 1),
            (1_001, 1, 2),
            (-1, -1, 0),
            (-1_000, -1, -1),
            (-1_001, -2, -1),
        ] {
            assert_eq!(Stamp::of(at(nanos)).unwrap().micros(), clock, "{nanos}");
            assert_eq!(Stamp::due(at(nanos)).unwrap().micros(), due, "{nanos}");
        }
        let exact = at(1_795_215_600_123_456_000);
        assert_eq!(Stamp::of(exact).unwrap().time(), exact);
        assert_eq!(Stamp::of(at(-5_000)).unwrap().time(), at(-5_000));
    }

    #[test]
    fn a_time_that_postgres_cannot_hold_is_refused() {
        let far = UNIX_EPOCH + Duration::from_secs(10_000_000_000_000);
        let error = Stamp::of(far).unwrap_err().to_string();
        assert!(error.contains("294276"), "{error}");
    }
}
