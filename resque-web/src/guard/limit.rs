//! Wrong passwords, counted by address.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use resque_core::SharedClock;

/// How many wrong logins an address has at once.
const AT_ONCE: u32 = 10;
/// How long until it has one more.
const EVERY: Duration = Duration::from_secs(6);
/// How many counters there are. Addresses share them by chance, so that the memory is bounded.
const COUNTERS: usize = 4_096;

/// The counters.
#[derive(Debug)]
pub(super) struct Logins {
    clock: SharedClock,
    /// Where an address counts is a secret of this process, so that nobody can choose whom to
    /// share a counter with.
    place: RandomState,
    /// The time at which each has all its logins back.
    full_at: Mutex<Vec<Duration>>,
    /// Logins that were right, each by a number that only this process can reckon: whoever has the
    /// right one does not wait for others of the same address that have not.
    right: Mutex<HashSet<u64>>,
}

impl Logins {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            place: RandomState::new(),
            full_at: Mutex::new(vec![Duration::ZERO; COUNTERS]),
            right: Mutex::default(),
        }
    }

    /// How long an address has to wait before it may try again.
    pub(super) fn wait(&self, address: Option<IpAddr>) -> Option<Duration> {
        let full_at = self.lock()[self.index(address)];
        let owed = full_at.saturating_sub(self.clock.monotonic());
        let most = EVERY * (AT_ONCE - 1);
        (owed > most).then(|| owed - most)
    }

    /// Counts a wrong login.
    pub(super) fn wrong(&self, address: Option<IpAddr>) {
        let now = self.clock.monotonic();
        let index = self.index(address);
        let mut full_at = self.lock();
        let most = now + EVERY * AT_ONCE;
        full_at[index] = (full_at[index].max(now) + EVERY).min(most);
    }

    /// Remembers a login that was right.
    pub(super) fn right(&self, address: Option<IpAddr>, login: &[u8]) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= COUNTERS {
            right.clear();
        }
        right.insert(self.number(address, login));
    }

    /// Whether this login was right lately.
    pub(super) fn was_right(&self, address: Option<IpAddr>, login: &[u8]) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.contains(&self.number(address, login))
    }

    fn number(&self, address: Option<IpAddr>, login: &[u8]) -> u64 {
        self.place.hash_one((address.map(network), login))
    }

    fn index(&self, address: Option<IpAddr>) -> usize {
        let hash = self.place.hash_one(address.map(network));
        // Fewer counters than 32 bits count.
        (hash % COUNTERS as u64) as usize
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Duration>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address, or the network that one subscriber has all of.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mask = u128::MAX << 64;
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use resque_core::ManualClock;

    use super::*;

    #[test]
    fn after_ten_wrong_logins_there_is_one_every_six_seconds() {
        let clock = ManualClock::new();
        let logins = Logins::new(Arc::new(clock.clone()));
        let address = Some("192.0.2.1".parse().unwrap());
        for _ in 0..AT_ONCE {
            assert_eq!(logins.wait(address), None);
            logins.wrong(address);
        }
        let wait = logins.wait(address).unwrap();
        assert_eq!(wait, EVERY);
        clock.advance(wait);
        assert_eq!(logins.wait(address), None);
        logins.wrong(address);
        assert_eq!(logins.wait(address), Some(EVERY));
        clock.advance(EVERY * AT_ONCE);
        for _ in 0..AT_ONCE {
            assert_eq!(logins.wait(address), None);
            logins.wrong(address);
        }
    }

    #[test]
    fn who_was_right_is_known_from_the_same_address() {
        let logins = Logins::new(Arc::new(ManualClock::new()));
        let address = Some("192.0.2.1".parse().unwrap());
        assert!(!logins.was_right(address, b"Bearer good"));
        logins.right(address, b"Bearer good");
        assert!(logins.was_right(address, b"Bearer good"));
        assert!(!logins.was_right(address, b"Bearer guess"));
        assert!(!logins.was_right(None, b"Bearer good"));
        for number in 0..COUNTERS {
            logins.right(address, number.to_string().as_bytes());
        }
        assert!(!logins.was_right(address, b"Bearer good"), "no bound");
    }

    #[test]
    fn all_addresses_of_a_subscriber_count_together() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let two: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        let other: IpAddr = "2001:db8:1:3::1".parse().unwrap();
        assert_eq!(network(one), network(two));
        assert_ne!(network(one), network(other));
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
