//! Loans and workers over HTTP, just as faulty.

use std::time::SystemTime;

use async_trait::async_trait;

use super::Faulty;
use crate::testing::Operation;
use crate::{
    Cursor, HttpCounts, HttpTally, HttpWorker, HttpWorkerId, HttpWorkers, JobLoans, Lent, Loan,
    LoanExtension, LoanPage, LoanReceipt, LoanRequest, LoanSettlement, PutBack, QueueName, Result,
    Settled,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl JobLoans for Faulty {
    async fn lend(&self, request: &LoanRequest<'_>, now: SystemTime) -> Result<Lent> {
        let loans = self.inner_loans(Operation::Lend)?;
        self.call(Operation::Lend, loans.lend(request, now)).await
    }

    async fn settle(&self, done: &[LoanSettlement], now: SystemTime) -> Result<Vec<Settled>> {
        let loans = self.inner_loans(Operation::SettleLoans)?;
        self.call(Operation::SettleLoans, loans.settle(done, now))
            .await
    }

    async fn extend(&self, loans: &[LoanExtension], now: SystemTime) -> Result<Vec<bool>> {
        let inner = self.inner_loans(Operation::ExtendLoans)?;
        self.call(Operation::ExtendLoans, inner.extend(loans, now))
            .await
    }

    async fn find(&self, receipts: &[LoanReceipt], now: SystemTime) -> Result<Vec<Option<Loan>>> {
        let loans = self.inner_loans(Operation::FindLoans)?;
        self.call(Operation::FindLoans, loans.find(receipts, now))
            .await
    }

    async fn put_back(&self, at_most: usize, now: SystemTime) -> Result<PutBack> {
        let loans = self.inner_loans(Operation::PutBack)?;
        self.call(Operation::PutBack, loans.put_back(at_most, now))
            .await
    }

    async fn count(&self) -> Result<u64> {
        let loans = self.inner_loans(Operation::CountLoans)?;
        self.call(Operation::CountLoans, loans.count()).await
    }

    async fn list(
        &self,
        cursor: Option<&Cursor>,
        at_most: usize,
        now: SystemTime,
    ) -> Result<LoanPage> {
        let loans = self.inner_loans(Operation::ListLoans)?;
        self.call(Operation::ListLoans, loans.list(cursor, at_most, now))
            .await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl HttpWorkers for Faulty {
    async fn register(
        &self,
        worker: &HttpWorkerId,
        queue: &QueueName,
        now: SystemTime,
    ) -> Result<()> {
        let workers = self.inner_http_workers(Operation::RegisterHttp)?;
        let call = workers.register(worker, queue, now);
        self.call(Operation::RegisterHttp, call).await
    }

    async fn unregister(&self, worker: &HttpWorkerId, queue: &QueueName) -> Result<bool> {
        let workers = self.inner_http_workers(Operation::UnregisterHttp)?;
        let call = workers.unregister(worker, queue);
        self.call(Operation::UnregisterHttp, call).await
    }

    async fn count(&self, tallies: &[HttpTally], now: SystemTime) -> Result<()> {
        let workers = self.inner_http_workers(Operation::CountHttp)?;
        self.call(Operation::CountHttp, workers.count(tallies, now))
            .await
    }

    async fn counts(&self, queue: &QueueName) -> Result<HttpCounts> {
        let workers = self.inner_http_workers(Operation::HttpCounts)?;
        self.call(Operation::HttpCounts, workers.counts(queue))
            .await
    }

    async fn forget_counts(&self, queue: &QueueName) -> Result<()> {
        let workers = self.inner_http_workers(Operation::ForgetHttpCounts)?;
        let call = workers.forget_counts(queue);
        self.call(Operation::ForgetHttpCounts, call).await
    }

    async fn workers(&self, queue: Option<&QueueName>) -> Result<Vec<HttpWorker>> {
        let workers = self.inner_http_workers(Operation::HttpWorkers)?;
        self.call(Operation::HttpWorkers, workers.workers(queue))
            .await
    }

    async fn worker(&self, id: &HttpWorkerId) -> Result<Option<HttpWorker>> {
        let workers = self.inner_http_workers(Operation::HttpWorker)?;
        self.call(Operation::HttpWorker, workers.worker(id)).await
    }

    async fn prune(&self, before: SystemTime) -> Result<u64> {
        let workers = self.inner_http_workers(Operation::PruneHttp)?;
        self.call(Operation::PruneHttp, workers.prune(before)).await
    }
}
