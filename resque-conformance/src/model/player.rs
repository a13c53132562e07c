//! Plays a history against a store and the model at once.

use resque_core::testing::{Fault, Faults, Operation};
use resque_core::{
    DeadWorker, Edit, EditTo, Enqueue, FailureRecord, FailureRetry, Left, LoanReceipt, QueueList,
    Receipt, Reservation, Settled, Settlement, WorkerId,
};

use super::history::{End, LISTS, Move, Op, QUEUES, Scope, WORKERS};
use super::reference::{Failed, Held, Model};
use crate::store::{Store, job, list, number, queue, worker};
use crate::{Broken, Verdict};

/// After so many seconds without a heartbeat a worker is taken for dead.
const SILENCE: u64 = 30;

/// A worker that a janitor has found to be silent, and since when.
#[derive(Clone)]
struct Diagnosis {
    at: usize,
    beat: u64,
    dead: DeadWorker,
    held: Option<Held>,
}

/// One history under way.
pub(super) struct Player {
    /// Two connections that lose replies; the workers take turns on them.
    pub(super) lossy: Vec<(Store, Faults)>,
    pub(super) store: Store,
    scope: Scope,
    pub(super) model: Model,
    /// What each worker believes to hold, with the model's serial number.
    beliefs: [Option<(Receipt, u64)>; WORKERS],
    /// The receipts of all loans of which a borrower heard, with the model's serial number.
    pub(super) receipts: Vec<(LoanReceipt, u64)>,
    /// What the janitor found when it last looked.
    diagnosis: Vec<Diagnosis>,
    pub(super) now: u64,
    last_number: u64,
}

impl Player {
    /// Plays a whole history in an empty store.
    pub(super) async fn play(stores: &[Store], scope: Scope, history: &[Op]) -> Verdict {
        let store = stores[0].clone();
        store.queues().clear().await?;
        let mut player = Self {
            lossy: stores.iter().map(Store::lossy).collect(),
            store,
            scope,
            model: Model::default(),
            beliefs: Default::default(),
            receipts: Vec::new(),
            diagnosis: Vec::new(),
            now: SILENCE,
            last_number: 0,
        };
        for (step, op) in history.iter().enumerate() {
            let told = |broken: Broken| broken.within(format!("step {}, {op:?}", step + 1));
            player.step(*op).await.map_err(told)?;
            player.compare().await.map_err(told)?;
        }
        Ok(())
    }

    async fn step(&mut self, op: Op) -> Verdict {
        match op {
            Op::Push(to, count) => self.push(to, count).await,
            Op::PushDue(to, after) => self.push_due(to, after).await,
            Op::Exchange {
                worker,
                end,
                list,
                lost,
            } => self.exchange(worker, end, list, lost).await,
            Op::AllAsk(at) => self.all_ask(&list(LISTS[at])).await,
            Op::Pop(at, at_most) => self.pop(&list(LISTS[at]), at_most).await,
            Op::Retry { place, keep } => self.retry(place, keep).await,
            Op::Forget(place) => self.forget(place).await,
            Op::Edit { queue, place, to } => self.edit(queue, place, to).await,
            Op::Delete(at) => self.delete(at).await,
            Op::Pass(seconds) => {
                self.now += seconds;
                Ok(())
            }
            Op::Beat(worker) => self.beat(worker).await,
            Op::Crash(worker) => {
                self.beliefs[worker] = None;
                Ok(())
            }
            Op::Diagnose => self.diagnose().await,
            Op::Recover { release } => self.recover(release).await,
            Op::Promote(at_most) => self.promote(at_most).await,
            Op::Stop(at, stopped) => self.stop(at, stopped).await,
            Op::Pause(paused) => self.pause(paused).await,
            Op::Lend {
                list,
                count,
                seconds,
                lost,
            } => self.lend(list, count, seconds, lost).await,
            Op::EndLoan { place, end, lost } => self.end_loan(place, end, lost).await,
            Op::ExtendLoan(place, seconds) => self.extend_loan(place, seconds).await,
            Op::PutBack(at_most) => self.put_back_loans(at_most).await,
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    async fn push(&mut self, to: usize, count: u64) -> Verdict {
        let numbers: Vec<u64> = (0..count).map(|_| self.next_number()).collect();
        numbers
            .iter()
            .for_each(|number| self.model.push(to, *number));
        self.store.push(QUEUES[to], numbers).await
    }

    async fn push_due(&mut self, to: usize, after: u64) -> Verdict {
        let due = self.model.free_time(self.now + after);
        let number = self.next_number();
        self.model.delayed.insert(due, (to, number));
        let due = Enqueue::at(queue(QUEUES[to]), job(number), self.store.at(due));
        self.store.queues().push(&[due]).await?;
        Ok(())
    }

    /// A worker that is on no registry, or was taken off it, registers before it asks.
    async fn register(&mut self, at: usize) -> Verdict {
        if self.model.beats[at].is_none() {
            self.model.beats[at] = Some(self.now);
            let now = self.store.at(self.now);
            self.store.workers().register(&[worker(at)], now).await?;
        }
        Ok(())
    }

    fn settlement(&self, at: usize, end: End, due: u64) -> Option<(Settlement, u64)> {
        let (receipt, serial) = self.beliefs[at].clone()?;
        let due = self.store.at(due);
        let settlement = match end {
            End::Done => Settlement::done(receipt),
            End::Failed => {
                // The record tells what the worker was doing, whether it still holds it or not.
                let held = self.model.held[at].as_ref();
                let (from, number) = held.map_or((0, 0), |held| (held.queue, held.number));
                Settlement::failed(receipt, self.store.record_of(QUEUES[from], number))
            }
            End::Release => Settlement::release(receipt),
            End::Discard => Settlement::discard(receipt),
            End::RetryAfter(_) => {
                let number = self.model.held[at].as_ref().map_or(0, |held| held.number);
                Settlement::retry_at(receipt, job(number), due)
            }
            End::DeferFor(_) => Settlement::defer(receipt, due),
        };
        Some((settlement, serial))
    }

    async fn exchange(
        &mut self,
        at: usize,
        end: Option<End>,
        from: Option<usize>,
        lost: bool,
    ) -> Verdict {
        self.register(at).await?;
        let after = match end {
            Some(End::RetryAfter(after) | End::DeferFor(after)) => after,
            _ => 0,
        };
        let due = self.model.free_time(self.now + after);
        let settled = end.and_then(|end| Some((self.settlement(at, end, due)?, end)));
        let mut applies = None;
        if let Some(((_, serial), end)) = &settled {
            applies = Some(self.model.settle(at, *serial, *end, due));
        }
        let from = from.map(|at| list(LISTS[at]));
        let given = from.as_ref().and_then(|from| self.model.ask(at, from));
        let done: Vec<_> = settled
            .into_iter()
            .map(|((settlement, _), _)| settlement)
            .collect();
        let want: Vec<WorkerId> = from.iter().map(|_| worker(at)).collect();
        let (lossy, faults) = &self.lossy[at % self.lossy.len()];
        if lost {
            faults.next(Operation::Exchange, Fault::ReplyLost);
        }
        let (from, now) = (from.unwrap_or_else(|| list("*")), self.store.at(self.now));
        let answer = lossy.queues().exchange(&done, &want, &from, now).await;
        if lost {
            ensure!(answer.is_err(), "the reply was to be lost");
            return Ok(());
        }
        let answer = answer?;
        let applied = answer
            .settled
            .first()
            .map(|s| matches!(s, Settled::Applied));
        ensure_eq!(applied, applies, "whether the settlement applied");
        if applied == Some(true) {
            self.beliefs[at] = None;
        }
        self.believe(at, given.as_ref(), answer.reserved.first())
    }

    /// What the worker was given must be what the model gave; then the worker believes it.
    fn believe(&mut self, at: usize, model: Option<&Held>, real: Option<&Reservation>) -> Verdict {
        let told = real.map(|real| (real.queue.to_string(), number(&real.payload)));
        let expected = model.map(|held| (QUEUES[held.queue].to_owned(), Some(held.number)));
        ensure_eq!(told, expected, "what worker {at} was given");
        if let (Some(model), Some(real)) = (model, real) {
            self.beliefs[at] = Some((real.receipt.clone(), model.serial));
        }
        Ok(())
    }

    async fn all_ask(&mut self, from: &QueueList) -> Verdict {
        let mut want = Vec::new();
        for at in 0..WORKERS {
            self.register(at).await?;
            want.push(worker(at));
        }
        let given: Vec<_> = (0..WORKERS).map(|at| self.model.ask(at, from)).collect();
        let now = self.store.at(self.now);
        let answer = self.store.queues().exchange(&[], &want, from, now).await?;
        for (at, model) in given.iter().enumerate() {
            let real = answer.reserved.iter().find(|real| real.worker == want[at]);
            self.believe(at, model.as_ref(), real)?;
        }
        Ok(())
    }

    async fn pop(&mut self, from: &QueueList, at_most: usize) -> Verdict {
        let expected = self.model.pop(from, at_most);
        let popped = self.store.queues().pop(from, at_most).await?;
        let popped: Vec<_> = popped
            .iter()
            .filter_map(|popped| number(&popped.payload))
            .collect();
        ensure_eq!(popped, expected, "what was popped");
        Ok(())
    }

    async fn retry(&mut self, place: usize, keep: bool) -> Verdict {
        if place >= self.model.failed.len() {
            return Ok(());
        }
        let Failed { queue, number, .. } = self.model.failed[place];
        self.model.push(queue, number);
        self.model.failed[place].retried = true;
        if !keep {
            self.model.failed.remove(place);
        }
        let mut retry = FailureRetry::new(self.store.failed().await?.remove(place).id);
        retry.keep = keep;
        let answers = self
            .store
            .failures()
            .retry(&[retry], self.store.at(self.now))
            .await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "the retry");
        Ok(())
    }

    async fn forget(&mut self, place: usize) -> Verdict {
        if place >= self.model.failed.len() {
            return Ok(());
        }
        self.model.failed.remove(place);
        let id = self.store.failed().await?.remove(place).id;
        let answers = self.store.failures().remove(&[id]).await?;
        ensure_matches!(answers.as_slice(), [Ok(())], "the removal");
        Ok(())
    }

    async fn edit(&mut self, from: usize, place: usize, to: Move) -> Verdict {
        let jobs = self.model.queues.get(&from);
        // A number that no job has, so that nothing is found.
        let number = jobs.and_then(|jobs| jobs.get(place).copied()).unwrap_or(0);
        let expected = self.model.edit(from, number, to);
        let edit = Edit {
            queue: queue(QUEUES[from]),
            payload: job(number),
            at_most: 1,
            to: match to {
                Move::Remove => EditTo::Nowhere,
                Move::Front => EditTo::Front,
                Move::To(other) => EditTo::Queue(queue(QUEUES[other])),
            },
        };
        ensure_eq!(
            self.store.queues().edit(&[edit]).await?,
            [expected],
            "jobs found"
        );
        Ok(())
    }

    async fn delete(&mut self, at: usize) -> Verdict {
        let jobs = self.model.queues.remove(&at).map_or(0, |jobs| jobs.len());
        let deleted = self.store.queues().delete_queue(&queue(QUEUES[at])).await?;
        ensure_eq!(deleted, jobs as u64, "jobs deleted");
        Ok(())
    }

    async fn beat(&mut self, at: usize) -> Verdict {
        let now = self.store.at(self.now);
        let gone = self
            .store
            .workers()
            .heartbeat(&[worker(at)], now)
            .await?
            .gone;
        ensure_eq!(
            gone.is_empty(),
            self.model.beats[at].is_some(),
            "whether it is registered"
        );
        if self.model.beats[at].is_some() {
            self.model.beats[at] = Some(self.now);
        }
        Ok(())
    }

    async fn diagnose(&mut self) -> Verdict {
        let before = self.now - SILENCE;
        let dead = self.store.workers().dead(self.store.at(before)).await?;
        let silent = self.model.dead(before);
        ensure_eq!(dead.len(), silent.len(), "the dead");
        self.diagnosis.clear();
        for (at, beat) in silent {
            let Some(dead) = dead.iter().find(|dead| dead.id == worker(at)).cloned() else {
                return Err(Broken::new(format!("worker {at} is not among the dead")));
            };
            let model = self.model.held[at].clone();
            let held = dead.holds.as_ref().map(|held| number(&held.payload));
            let expected = model.as_ref().map(|held| Some(held.number));
            ensure_eq!(held, expected, "what the dead worker {at} holds");
            self.diagnosis.push(Diagnosis {
                at,
                beat,
                dead,
                held: model,
            });
        }
        Ok(())
    }

    async fn recover(&mut self, release: bool) -> Verdict {
        for Diagnosis {
            at,
            beat,
            dead,
            held,
        } in self.diagnosis.clone()
        {
            let silent = self.model.beats[at] == Some(beat);
            if let (Some(model), Some(real)) = (held, &dead.holds) {
                let receipt = real.receipt.clone();
                let record = self.store.record_of(QUEUES[model.queue], model.number);
                let settled = self.store.settle(match release {
                    true => Settlement::release(receipt),
                    false => Settlement::recovered(receipt, record),
                });
                let applied = matches!(settled.await?, Settled::Applied);
                let expected = silent && self.model.recover(at, model.serial, release);
                ensure_eq!(
                    applied,
                    expected,
                    "whether the recovery of worker {at} applied"
                );
            }
            let left = self.store.workers().unregister(&[dead.leaving()]).await?;
            let stays = match self.model.beats[at] {
                Some(_) => !silent || self.model.held[at].is_some(),
                None => false,
            };
            ensure_eq!(left != [Left::Gone], stays, "whether worker {at} stays");
            if !stays {
                self.model.beats[at] = None;
            }
        }
        Ok(())
    }

    async fn promote(&mut self, at_most: usize) -> Verdict {
        let expected = self.model.promote(self.now, at_most);
        let now = self.store.at(self.now);
        let moved = self
            .store
            .delayed()?
            .promote("suite:1", now, at_most)
            .await?
            .moved;
        ensure_eq!(moved, expected, "jobs moved");
        Ok(())
    }

    async fn stop(&mut self, at: usize, stopped: bool) -> Verdict {
        if stopped {
            self.model.stopped.insert(at);
        } else {
            self.model.stopped.remove(&at);
        }
        let queue = queue(QUEUES[at]);
        Ok(self.store.control()?.set_stopped(&queue, stopped).await?)
    }

    async fn pause(&mut self, paused: bool) -> Verdict {
        self.model.paused = paused;
        Ok(self.store.control()?.set_paused(paused).await?)
    }

    /// Everything that can be seen in the store must be as in the model.
    async fn compare(&self) -> Verdict {
        let (store, model) = (&self.store, &self.model);
        let listing = store.queues().queues().await?;
        let names: Vec<_> = listing.names().map(ToString::to_string).collect();
        let expected: Vec<_> = model
            .queues
            .keys()
            .map(|at| QUEUES[*at].to_owned())
            .collect();
        ensure_eq!(names, expected, "the queues");
        for (at, jobs) in &model.queues {
            let waiting = store.numbers_in(QUEUES[*at]).await?;
            ensure_eq!(
                waiting,
                Vec::from_iter(jobs.iter().copied()),
                "queue {}",
                QUEUES[*at]
            );
            let stopped = listing.get(QUEUES[*at]).map(|status| status.stopped);
            ensure_eq!(
                stopped,
                Some(model.stopped.contains(at)),
                "stopped {}",
                QUEUES[*at]
            );
        }
        self.compare_workers().await?;
        let entries = store.failed().await?;
        let records = entries.iter().filter_map(|entry| entry.content.record());
        let told =
            |r: &FailureRecord| (number(&r.payload), r.queue.clone(), r.retried_at.is_some());
        let failed: Vec<_> = records.map(told).collect();
        let expected = model.failed.iter();
        let expected = expected.map(|f| (Some(f.number), QUEUES[f.queue].to_owned(), f.retried));
        ensure_eq!(failed, expected.collect::<Vec<_>>(), "the failed list");
        if self.scope.delayed {
            self.compare_delayed().await?;
        }
        if self.scope.loans {
            self.compare_loans().await?;
        }
        Ok(())
    }

    async fn compare_workers(&self) -> Verdict {
        let listing = self.store.workers().workers().await?;
        for at in 0..WORKERS {
            let status = listing.get(worker(at).as_str());
            ensure_eq!(
                status.is_some(),
                self.model.beats[at].is_some(),
                "worker {at} is there"
            );
            let held = status.and_then(|status| status.holds.as_ref());
            let held = held.map(|held| (held.queue.as_str(), number(&held.payload)));
            let expected = self.model.held[at].as_ref();
            let expected = expected.map(|held| (QUEUES[held.queue], Some(held.number)));
            ensure_eq!(held, expected, "what worker {at} holds");
        }
        for (name, expected) in [
            ("processed", self.model.processed),
            ("failed", self.model.failures),
        ] {
            ensure_eq!(self.store.workers().stat(name).await?, expected, "{name}");
        }
        Ok(())
    }

    async fn compare_delayed(&self) -> Verdict {
        let delayed = self.store.all_delayed().await?;
        let delayed: Vec<_> = delayed
            .iter()
            .map(|job| (job.due, number(&job.payload)))
            .collect();
        let expected = self.model.delayed.iter();
        let expected: Vec<_> = expected
            .map(|(due, (_, number))| (self.store.at(*due), Some(*number)))
            .collect();
        ensure_eq!(delayed, expected, "the delayed set");
        Ok(())
    }
}
