//! What a pool sends: what has ended, and the slots that want jobs.

use futures::FutureExt;

use super::{Appetite, Pool};
use crate::worker::exchange::{self, LARGEST_EXCHANGE, Round};

impl Pool {
    /// Sends what there is to send, as far as exchanges may be under way at once.
    pub(super) fn send_rounds(&mut self) {
        if self.recovering.is_some() {
            return;
        }
        while self.in_flight.len() < self.most_in_flight() {
            let fetch = self.may_fetch();
            let asks = fetch && !matches!(self.appetite, Appetite::Waiting(_)) && !self.is_asking();
            let able = if asks {
                self.free.len() + self.unsure.len()
            } else {
                0
            };
            let enough = match self.in_flight.len() {
                0 => 1,
                // A second exchange is worth a round trip only if it carries its share.
                _ => self.slots.div_ceil(4),
            };
            if self.ended.len() + able < enough {
                return;
            }
            let round = self.round(fetch);
            self.in_flight_jobs += round.batch.len();
            let (core, from) = (self.core.clone(), self.from.clone());
            let sent = exchange::send(core, self.link.connection(), from, round);
            self.in_flight.push(sent.boxed());
        }
    }

    fn most_in_flight(&self) -> usize {
        match self.appetite {
            Appetite::Eager => self.core.settings.exchanges_in_flight,
            Appetite::Careful(_) | Appetite::Waiting(_) => 1,
        }
    }

    /// Whether the slots are asking with a ticket already.
    fn is_asking(&self) -> bool {
        !matches!(self.appetite, Appetite::Eager) && !self.in_flight.is_empty()
    }

    fn may_fetch(&self) -> bool {
        if !self.orders.borrow().fetch {
            return false;
        }
        let may = self.core.vitals.may_reserve();
        if !may {
            self.core.vitals.want();
        }
        may
    }

    /// The next exchange: what has ended, and if the pool may fetch, all slots that are free or
    /// become free with it.
    fn round(&mut self, fetch: bool) -> Round {
        let batch = self.ended.take(LARGEST_EXCHANGE);
        let mut round = Round {
            draws_ticket: fetch && !matches!(self.appetite, Appetite::Eager),
            batch,
            ..Round::default()
        };
        if !fetch {
            return round;
        }
        let mut table = self.core.slots.lock();
        let mut fresh = Vec::new();
        round.slots.append(&mut self.unsure);
        for ended in round.batch.jobs() {
            let slot = ended.running.slot;
            if table.is_asking(slot) {
                round.slots.push(slot);
            } else {
                fresh.push(slot);
            }
        }
        let room = LARGEST_EXCHANGE.saturating_sub(round.slots.len() + fresh.len());
        let room = room.min(self.appetite.most_free_slots());
        let keep = self.free.len().saturating_sub(room);
        fresh.extend(self.free.drain(keep..).rev());
        round.asked_before = round.slots.len();
        round.slots.append(&mut fresh);
        round.want = round.slots.iter().map(|slot| table.ask(*slot)).collect();
        round
    }
}
