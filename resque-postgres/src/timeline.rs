//! Lists in order of time, page by page.

use resque_core::{Cursor, Error, Result};
use sqlx::postgres::PgRow;

use crate::stamp::Stamp;
use crate::store::{Store, bounded, gone};

/// A list whose rows come in order of a time and then of their number, `id`.
pub(crate) struct Timeline {
    pub(crate) what: &'static str,
    /// Shows the rows behind the time `$1` and the number `$2`, or all if these are null; at most `$3`.
    pub(crate) text: &'static str,
    /// The column with the time.
    pub(crate) time: &'static str,
}

impl Store {
    /// Reads one page, and the cursor behind it if there is more. The time is in a cursor because the
    /// row may be gone when it comes back.
    pub(crate) async fn page_of(
        &self,
        list: &Timeline,
        cursor: Option<&Cursor>,
        at_most: usize,
    ) -> Result<(Vec<PgRow>, Option<Cursor>)> {
        let (time, number) = cursor.map(place_of).transpose()?.unzip();
        // One more tells whether there is more.
        let limit = bounded(at_most as u64).saturating_add(1);
        let query = self.statement(list.text);
        let query = query.bind(time).bind(number).bind(limit);
        let mut rows = self.rows(list.what, query).await?;
        let has_more = rows.len() > at_most;
        rows.truncate(at_most);
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|row| {
            let time: Stamp = self.get(row, list.time)?;
            let number: i64 = self.get(row, "id")?;
            Ok::<_, Error>(Cursor::new(format!("{}:{number}", time.micros())))
        });
        let next = next.transpose()?;
        Ok((rows, next))
    }
}

/// The time and the number in a cursor.
fn place_of(cursor: &Cursor) -> Result<(Stamp, i64)> {
    let parse = |text: &str| {
        let (micros, number) = text.split_once(':')?;
        let time = Stamp::from_micros(micros.parse().ok()?)?;
        Some((time, number.parse().ok()?))
    };
    parse(cursor.as_str()).ok_or_else(|| gone("the cursor", cursor.as_str()))
}
