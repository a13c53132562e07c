//! Slots of their own for some queues.

use std::str::FromStr;

use resque::QueueList;

/// Some slots that serve some queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pool {
    pub(super) queues: QueueList,
    pub(super) slots: usize,
}

impl FromStr for Pool {
    type Err = String;

    /// Reads `high,low:16`; queue names may have colons themselves.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "say which queues and how many slots, such as high,low:16".to_owned();
        let (queues, slots) = text.rsplit_once(':').ok_or_else(wrong)?;
        let slots = slots.trim().parse().map_err(|_| wrong())?;
        if slots == 0 {
            return Err("a pool needs at least one slot".to_owned());
        }
        let queues = queues
            .parse()
            .map_err(|error: resque::Error| error.to_string())?;
        Ok(Self { queues, slots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_colon_divides() {
        let pool: Pool = "mail:eu,low:16".parse().unwrap();
        assert_eq!(
            (pool.queues.to_string().as_str(), pool.slots),
            ("mail:eu,low", 16)
        );
        for wrong in [
            "", "high", "high:", "high:x", "high:0", ":4", "!a:4", "high:-1",
        ] {
            assert!(wrong.parse::<Pool>().is_err(), "{wrong}");
        }
    }
}
