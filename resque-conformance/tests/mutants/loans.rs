//! Mutants that lend too much or too little, forget what they lent, or when.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use resque_core::{
    Backend, Cursor, Enqueue, HttpWorkerId, LARGEST_LENDING, LeaseChanges, Lent, Loan,
    LoanExtension, LoanPage, LoanReceipt, LoanRequest, LoanSettlement, Outcome, Page, Payload,
    PutBack, QueueList, Result, Settled, Tally,
};

use super::twist::{Twist, ability, locked};

/// A request for other numbers of jobs, for somebody else, or from other queues.
fn asking<'a>(
    from: &'a QueueList,
    at_most: usize,
    request: &LoanRequest<'_>,
    holder: Option<&'a HttpWorkerId>,
) -> LoanRequest<'a> {
    LoanRequest::new(from, at_most, request.until).by(holder)
}

/// The loan with other bytes.
fn with_payload(loan: &Loan, payload: Payload) -> Loan {
    let (receipt, queue) = (loan.receipt.clone(), loan.queue.clone());
    Loan::new(receipt, queue, payload, loan.since, loan.until).by(loan.holder.clone(), loan.attempt)
}

/// Changes each settlement before it is passed on.
async fn settle_changed(
    inner: &Backend,
    done: &[LoanSettlement],
    now: SystemTime,
    change: impl Fn(&mut LoanSettlement),
) -> Result<Vec<Settled>> {
    let mut done = done.to_vec();
    done.iter_mut().for_each(change);
    ability!(inner, loans).settle(&done, now).await
}

macro_rules! lends {
    ($(#[doc = $doc:literal] $name:ident: |$inner:ident, $request:ident, $now:ident| $body:expr;)+) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) struct $name;

        #[async_trait]
        impl Twist for $name {
            async fn lend(
                &self,
                $inner: &Backend,
                $request: &LoanRequest<'_>,
                $now: SystemTime,
            ) -> Result<Lent> {
                $body
            }
        }
    )+};
}

lends! {
    /// What is lent is handed over the last one first.
    LendsInReverse: |inner, request, now| {
        let mut lent = ability!(inner, loans).lend(request, now).await?;
        lent.loans.reverse();
        Ok(lent)
    };
    /// One job more than was asked for.
    LendsOneMore: |inner, request, now| {
        let more = asking(request.from, request.at_most + 1, request, request.holder);
        ability!(inner, loans).lend(&more, now).await
    };
    /// Never more than a hundred at once.
    LendsAHundred: |inner, request, now| {
        let fewer = asking(request.from, request.at_most.min(100), request, request.holder);
        ability!(inner, loans).lend(&fewer, now).await
    };
    /// Nobody has a name.
    LendsToNobody: |inner, request, now| {
        let nameless = asking(request.from, request.at_most, request, None);
        ability!(inner, loans).lend(&nameless, now).await
    };
    /// Nothing is lent by a pattern.
    LendsFromNamedQueues: |inner, request, now| {
        let at_most = if request.from.is_dynamic() { 0 } else { request.at_most };
        let fewer = asking(request.from, at_most, request, request.holder);
        ability!(inner, loans).lend(&fewer, now).await
    };
    /// Stopped queues lend like others.
    LendsFromStoppedQueues: |inner, request, now| {
        let control = ability!(inner, control);
        let mut stopped = inner.queues().queues().await?.queues;
        stopped.retain(|status| status.stopped);
        for status in &stopped {
            control.set_stopped(&status.name, false).await?;
        }
        let lent = ability!(inner, loans).lend(request, now).await;
        for status in &stopped {
            control.set_stopped(&status.name, true).await?;
        }
        lent
    };
    /// A pause is for workers only.
    LendsDuringAPause: |inner, request, now| {
        let control = ability!(inner, control);
        let paused = control.paused().await?;
        control.set_paused(false).await?;
        let lent = ability!(inner, loans).lend(request, now).await;
        control.set_paused(paused).await?;
        lent
    };
    /// What is lent is not noted.
    ForgetsLoans: |inner, request, now| {
        let lent = ability!(inner, loans).lend(request, now).await?;
        let forget = |loan: &Loan| {
            LoanSettlement::new(loan.receipt.clone(), Outcome::Discard, Tally::Nothing)
        };
        let forgotten: Vec<_> = lent.loans.iter().map(forget).collect();
        ability!(inner, loans).settle(&forgotten, now).await?;
        Ok(lent)
    };
    /// What is lent stays in its queue.
    LendsCopies: |inner, request, now| {
        let lent = ability!(inner, loans).lend(request, now).await?;
        let copy = |loan: &Loan| Enqueue::new(loan.queue.clone(), loan.payload.clone());
        let copies: Vec<_> = lent.loans.iter().take(1).map(copy).collect();
        inner.queues().push(&copies).await?;
        Ok(lent)
    };
    /// Bytes that are no text are replaced.
    LendsText: |inner, request, now| {
        let mut lent = ability!(inner, loans).lend(request, now).await?;
        for loan in &mut lent.loans {
            let text = loan.payload.to_text_lossy().into_owned();
            *loan = with_payload(loan, text.into());
        }
        Ok(lent)
    };
    /// It does not look at the time.
    LendsAtNoTime: |inner, request, _now| {
        ability!(inner, loans).lend(request, UNIX_EPOCH).await
    };
    /// Each loan is a first one.
    ForgetsLosses: |inner, request, now| {
        let mut lent = ability!(inner, loans).lend(request, now).await?;
        for loan in &mut lent.loans {
            loan.attempt = 1;
        }
        Ok(lent)
    };
    /// Nobody hears when a loan ends.
    HidesTheNextEnd: |inner, request, now| {
        let mut lent = ability!(inner, loans).lend(request, now).await?;
        lent.next_over = None;
        Ok(lent)
    };
}

/// Attempts are counted by the bytes of a job, whatever becomes of it.
#[derive(Debug, Default)]
pub(crate) struct CountsAllLoans {
    lent: Mutex<HashMap<Payload, u32>>,
}

#[async_trait]
impl Twist for CountsAllLoans {
    async fn lend(
        &self,
        inner: &Backend,
        request: &LoanRequest<'_>,
        now: SystemTime,
    ) -> Result<Lent> {
        let mut lent = ability!(inner, loans).lend(request, now).await?;
        let mut counts = locked(&self.lent);
        for loan in &mut lent.loans {
            let count = counts.entry(loan.payload.clone()).or_default();
            *count += 1;
            loan.attempt = *count;
        }
        Ok(lent)
    }
}

macro_rules! settles {
    ($(#[doc = $doc:literal] $name:ident: |$inner:ident, $done:ident, $now:ident| $body:expr;)+) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) struct $name;

        #[async_trait]
        impl Twist for $name {
            async fn settle_loans(
                &self,
                $inner: &Backend,
                $done: &[LoanSettlement],
                $now: SystemTime,
            ) -> Result<Vec<Settled>> {
                $body
            }
        }
    )+};
}

settles! {
    /// Who is late settles like anybody else.
    SettlesTooLate: |inner, done, _now| {
        ability!(inner, loans).settle(done, UNIX_EPOCH).await
    };
    /// The last second of a loan is too late already.
    SettlesTooEarly: |inner, done, now| {
        ability!(inner, loans).settle(done, now + Duration::from_secs(1)).await
    };
    /// A settlement is always said to apply.
    NeverSaysLost: |inner, done, now| {
        let settled = ability!(inner, loans).settle(done, now).await?;
        Ok(settled.into_iter().map(|_| Settled::Applied).collect())
    };
    /// What is behind a lost settlement is lost as well.
    StopsAtTheLost: |inner, done, now| {
        let mut settled = Vec::new();
        let mut lost = false;
        for one in done {
            let answer = match lost {
                true => vec![Settled::Lost],
                false => ability!(inner, loans).settle(std::slice::from_ref(one), now).await?,
            };
            lost |= matches!(answer[..], [Settled::Lost]);
            settled.extend(answer);
        }
        Ok(settled)
    };
    /// Released jobs go back the other way round.
    ReleasesInReverse: |inner, done, now| {
        let done: Vec<_> = done.iter().rev().cloned().collect();
        let mut settled = ability!(inner, loans).settle(&done, now).await?;
        settled.reverse();
        Ok(settled)
    };
    /// Nothing is counted.
    CountsNothing: |inner, done, now| {
        settle_changed(inner, done, now, |one| one.tally = Tally::Nothing).await
    };
    /// Leases stay as they are.
    LeavesLeases: |inner, done, now| {
        settle_changed(inner, done, now, |one| one.leases = None).await
    };
    /// Leases are given up also by what is lost.
    FreesForTheLost: |inner, done, now| {
        for changes in done.iter().filter_map(|one| one.leases.as_deref()) {
            let LeaseChanges { free, .. } = changes;
            ability!(inner, limits).free(free).await?;
        }
        ability!(inner, loans).settle(done, now).await
    };
    /// Failed jobs are dropped.
    DropsTheFailed: |inner, done, now| {
        settle_changed(inner, done, now, |one| {
            if matches!(one.outcome, Outcome::Failed(_)) {
                one.outcome = Outcome::Discard;
            }
        })
        .await
    };
    /// Nobody waits for a time.
    RetriesAtOnce: |inner, done, now| {
        settle_changed(inner, done, now, |one| {
            if matches!(one.outcome, Outcome::RetryAt { .. } | Outcome::Defer(_)) {
                one.outcome = Outcome::Release;
            }
        })
        .await
    };
    /// An unknown receipt settles some loan.
    SettlesAnything: |inner, done, now| {
        let page = ability!(inner, loans).list(None, 100, UNIX_EPOCH).await?;
        let known = |receipt: &LoanReceipt| page.loans.iter().any(|loan| loan.receipt == *receipt);
        settle_changed(inner, done, now, |one| {
            if let (false, Some(some)) = (known(&one.receipt), page.loans.first()) {
                one.receipt = some.receipt.clone();
            }
        })
        .await
    };
}

/// Loans are said to be extended, and are not.
#[derive(Debug)]
pub(crate) struct ExtendsNothing;

#[async_trait]
impl Twist for ExtendsNothing {
    async fn extend_loans(
        &self,
        _inner: &Backend,
        loans: &[LoanExtension],
        _now: SystemTime,
    ) -> Result<Vec<bool>> {
        Ok(vec![true; loans.len()])
    }
}

/// What is over is extended like anything else.
#[derive(Debug)]
pub(crate) struct ExtendsWhatIsOver;

#[async_trait]
impl Twist for ExtendsWhatIsOver {
    async fn extend_loans(
        &self,
        inner: &Backend,
        loans: &[LoanExtension],
        _now: SystemTime,
    ) -> Result<Vec<bool>> {
        ability!(inner, loans).extend(loans, UNIX_EPOCH).await
    }
}

macro_rules! puts_back {
    ($(#[doc = $doc:literal] $name:ident: |$inner:ident, $at_most:ident, $now:ident| $body:expr;)+) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) struct $name;

        #[async_trait]
        impl Twist for $name {
            async fn put_back(
                &self,
                $inner: &Backend,
                $at_most: usize,
                $now: SystemTime,
            ) -> Result<PutBack> {
                $body
            }
        }
    )+};
}

puts_back! {
    /// The last second of a loan is no part of it.
    PutsBackTooSoon: |inner, at_most, now| {
        ability!(inner, loans).put_back(at_most, now + Duration::from_secs(1)).await
    };
    /// Everything goes back at once.
    PutsBackAll: |inner, _at_most, now| {
        ability!(inner, loans).put_back(LARGEST_LENDING, now).await
    };
    /// One after the other, each before the one before.
    PutsBackInReverse: |inner, at_most, now| {
        let mut all = PutBack::default();
        for _ in 0..at_most {
            let one = ability!(inner, loans).put_back(1, now).await?;
            all.jobs += one.jobs;
            all.next_over = one.next_over;
            if one.jobs == 0 {
                break;
            }
        }
        Ok(all)
    };
    /// What goes back is there twice.
    PutsBackACopy: |inner, at_most, now| {
        let put_back = ability!(inner, loans).put_back(at_most, now).await?;
        if put_back.jobs > 0 {
            for status in inner.queues().queues().await?.queues {
                let first = inner.queues().peek(&status.name, Page::new(0, 1)).await?;
                let copy = |payload| Enqueue::new(status.name.clone(), payload);
                let copies: Vec<_> = first.into_iter().map(copy).collect();
                inner.queues().push(&copies).await?;
            }
        }
        Ok(put_back)
    };
}

/// One loan is always forgotten when they are counted.
#[derive(Debug)]
pub(crate) struct CountsOneMore;

#[async_trait]
impl Twist for CountsOneMore {
    async fn count_loans(&self, inner: &Backend) -> Result<u64> {
        Ok(ability!(inner, loans).count().await? + 1)
    }
}

/// What has run out is shown as if it had not.
#[derive(Debug)]
pub(crate) struct ListsWhatIsOver;

#[async_trait]
impl Twist for ListsWhatIsOver {
    async fn list_loans(
        &self,
        inner: &Backend,
        cursor: Option<&Cursor>,
        at_most: usize,
        _now: SystemTime,
    ) -> Result<LoanPage> {
        ability!(inner, loans)
            .list(cursor, at_most, UNIX_EPOCH)
            .await
    }
}

/// Each page is the first one.
#[derive(Debug)]
pub(crate) struct ListsTheFirstPage;

#[async_trait]
impl Twist for ListsTheFirstPage {
    async fn list_loans(
        &self,
        inner: &Backend,
        _cursor: Option<&Cursor>,
        at_most: usize,
        now: SystemTime,
    ) -> Result<LoanPage> {
        ability!(inner, loans).list(None, at_most, now).await
    }
}

/// Loans outlast a clear.
#[derive(Debug)]
pub(crate) struct ClearsWithoutLoans;

#[async_trait]
impl Twist for ClearsWithoutLoans {
    async fn clear(&self, inner: &Backend) -> Result<u64> {
        let page = ability!(inner, loans).list(None, 100, UNIX_EPOCH).await?;
        let cleared = inner.queues().clear().await?;
        for loan in page.loans {
            let job = Enqueue::new(loan.queue.clone(), loan.payload);
            inner.queues().push(&[job]).await?;
            let from = QueueList::one(loan.queue);
            let request = LoanRequest::new(&from, 1, loan.until);
            ability!(inner, loans).lend(&request, loan.since).await?;
        }
        Ok(cleared)
    }
}

macro_rules! finds {
    ($(#[doc = $doc:literal] $name:ident: |$inner:ident, $receipts:ident, $now:ident| $body:expr;)+) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub(crate) struct $name;

        #[async_trait]
        impl Twist for $name {
            async fn find_loans(
                &self,
                $inner: &Backend,
                $receipts: &[LoanReceipt],
                $now: SystemTime,
            ) -> Result<Vec<Option<Loan>>> {
                $body
            }
        }
    )+};
}

finds! {
    /// What is over is found like anything else.
    FindsWhatIsOver: |inner, receipts, _now| {
        ability!(inner, loans).find(receipts, UNIX_EPOCH).await
    };
    /// Loans are found in the order of their lending.
    FindsInOrderOfLending: |inner, receipts, now| {
        let mut found = ability!(inner, loans).find(receipts, now).await?;
        found.sort_by_key(|loan| loan.as_ref().map(|loan| loan.payload.to_text_lossy().into_owned()));
        Ok(found)
    };
    /// Who looks for a loan takes it.
    FindsAndTakes: |inner, receipts, now| {
        let found = ability!(inner, loans).find(receipts, now).await?;
        let taken: Vec<_> = found
            .iter()
            .flatten()
            .map(|loan| LoanSettlement::new(loan.receipt.clone(), Outcome::Discard, Tally::Nothing))
            .collect();
        ability!(inner, loans).settle(&taken, now).await?;
        Ok(found)
    };
}

/// Losses are remembered of a job that has failed.
#[derive(Debug, Default)]
pub(crate) struct RemembersLossesOfTheFailed {
    failed: Mutex<HashMap<Payload, u32>>,
}

#[async_trait]
impl Twist for RemembersLossesOfTheFailed {
    async fn lend(
        &self,
        inner: &Backend,
        request: &LoanRequest<'_>,
        now: SystemTime,
    ) -> Result<Lent> {
        let mut lent = ability!(inner, loans).lend(request, now).await?;
        let failed = locked(&self.failed);
        for loan in &mut lent.loans {
            loan.attempt += failed.get(&loan.payload).copied().unwrap_or(0);
        }
        Ok(lent)
    }

    async fn settle_loans(
        &self,
        inner: &Backend,
        done: &[LoanSettlement],
        now: SystemTime,
    ) -> Result<Vec<Settled>> {
        for settlement in done {
            let receipts = [settlement.receipt.clone()];
            let found = ability!(inner, loans).find(&receipts, now).await?;
            if let (Outcome::Failed(_), [Some(loan)]) = (&settlement.outcome, &found[..]) {
                locked(&self.failed).insert(loan.payload.clone(), loan.attempt - 1);
            }
        }
        ability!(inner, loans).settle(done, now).await
    }
}
