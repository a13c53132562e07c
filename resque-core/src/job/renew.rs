//! The next job in the memory of an ended one.
//!
//! Threads that count up and down what all jobs share (who performs them, the environment, the
//! queue's name) slow each other down, so a worker that performs one short job after another passes
//! these on.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::cancellation::Cancellation;
use super::context::Shared;
use super::performer::Read;
use super::{Attempt, JobContext, Performer};
use crate::Reservation;

impl Performer {
    /// Prepares a worker's job as [`prepare`](Self::prepare) does, in what an ended job of this
    /// performer leaves, unless somebody keeps it.
    pub(crate) fn prepare_in(&self, mut used: JobContext, reservation: &Reservation) -> JobContext {
        let Some(shared) = Arc::get_mut(&mut used.shared) else {
            return self.prepare(reservation.into());
        };
        shared.renew(reservation, self.read(&reservation.payload));
        used
    }
}

impl Shared {
    /// Becomes the context of another job, which is in the hands of a worker.
    fn renew(&mut self, reservation: &Reservation, read: Read<'_>) {
        self.attempt.renew(reservation);
        self.attempt.number = read.number().unwrap_or(1);
        self.attempt.enqueued_at = read.enqueued_at();
        let Read {
            args,
            history,
            found,
        } = read;
        self.args = args;
        self.history = history;
        let same = matches!((&found, &self.registration),
            (Ok(found), Ok(known)) if Arc::ptr_eq(found, known));
        if !same {
            self.registration = found.map(Cow::into_owned);
        }
        self.cancellation = Cancellation::default();
        self.failure_hooks_ran = AtomicBool::new(false);
        self.performed = AtomicBool::new(false);
    }
}

impl Attempt {
    /// Becomes the attempt at a worker's job; what stays the same is left alone.
    fn renew(&mut self, reservation: &Reservation) {
        if self.queue.as_ref() != Some(&reservation.queue) {
            self.queue = Some(reservation.queue.clone());
        }
        self.payload = reservation.payload.clone();
        self.worker = Some(reservation.worker.clone());
        self.number = 1;
        self.since = Some(reservation.since);
        self.enqueued_at = None;
        self.redelivered = reservation.redelivered;
    }
}
