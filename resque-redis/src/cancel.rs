//! Marks on jobs that are to be ended.

use async_trait::async_trait;
use resque_core::{CancelJobs, Receipt, Result};

use crate::driver::Batch;
use crate::receipt::{self, Known, Token};
use crate::scripts::MARK;
use crate::store::{CHUNK, Store, bytes_of, list_of, number_of};

/// For how many seconds a mark stays.
const LIFE: u32 = 86_400;

#[async_trait]
impl CancelJobs for Store {
    async fn mark(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        const WHAT: &str = "mark jobs";
        let mut marked = vec![false; jobs.len()];
        for (part, answers) in jobs.chunks(CHUNK).zip(marked.chunks_mut(CHUNK)) {
            let mut call = self.call(&MARK, 4 * part.len() + 1, 120 * part.len());
            call.arg(LIFE);
            let mut places = Vec::with_capacity(part.len());
            for (place, receipt) in part.iter().enumerate() {
                let Some(token) = Token::of(receipt) else {
                    continue;
                };
                call.arg(receipt.worker().as_str());
                match token.known {
                    Known::Receipt(known) => {
                        call.arg(receipt::suffix(known)).arg("").arg(known);
                    }
                    Known::Digest(digest) => {
                        call.arg(digest).arg("h").arg(digest);
                    }
                }
                places.push(place);
            }
            if places.is_empty() {
                continue;
            }
            let replies = list_of(self.script(WHAT, &call).await?);
            for (place, reply) in places.into_iter().zip(replies) {
                answers[place] = number_of(&reply) == 1;
            }
        }
        Ok(marked)
    }

    async fn marked(&self, jobs: &[Receipt]) -> Result<Vec<bool>> {
        let mut marked = Vec::with_capacity(jobs.len());
        for part in jobs.chunks(CHUNK) {
            let mut batch = Batch::with_capacity(part.len() + 1, 160 * part.len());
            batch.command("MGET");
            for receipt in part {
                batch.arg(self.keys.cancel(receipt.worker().as_str()));
            }
            let marks = list_of(self.one("look for marks", &batch).await?);
            for (receipt, mark) in part.iter().zip(marks) {
                let mark = bytes_of(mark);
                marked.push(!mark.is_empty() && is_meant(receipt, &mark));
            }
        }
        Ok(marked)
    }
}

fn is_meant(receipt: &Receipt, mark: &[u8]) -> bool {
    let token = Token::of(receipt);
    token.is_some_and(|token| match token.known {
        Known::Receipt(known) | Known::Digest(known) => known.as_bytes() == mark,
    })
}
