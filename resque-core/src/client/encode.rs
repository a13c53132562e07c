//! Jobs as bytes.

use std::ops::Range;

use bytes::Bytes;
use serde::Serialize;

use crate::args;
use crate::wire::payload;
use crate::{Error, Payload, Result};

/// A payload, and where its arguments stand in it.
#[derive(Clone, Debug)]
pub(super) struct Encoded {
    pub(super) payload: Payload,
    args: Range<usize>,
}

impl Encoded {
    pub(super) fn new<A: Serialize + ?Sized>(class: &str, args: &A) -> Result<Self> {
        let mut buffer = Vec::with_capacity(128);
        let args = write(&mut buffer, class, args)?;
        Ok(Self {
            payload: Payload::from(buffer),
            args,
        })
    }

    pub(super) fn args(&self) -> Bytes {
        self.payload.clone().into_bytes().slice(self.args.clone())
    }
}

/// Encodes many jobs with few allocations: neighbours share a block of memory.
#[derive(Default)]
pub(super) struct Encoder {
    block: Vec<u8>,
    /// Where the payloads in the block end, and where their arguments stand.
    ends: Vec<(usize, Range<usize>)>,
    encoded: Vec<Encoded>,
}

impl Encoder {
    /// Large enough to be rare, small enough that a payload that is kept for long (a failed job)
    /// keeps little else alive.
    const BLOCK: usize = 8 * 1024;

    pub(super) fn with_capacity(jobs: usize) -> Self {
        Self {
            encoded: Vec::with_capacity(jobs),
            ..Self::default()
        }
    }

    pub(super) fn add<A: Serialize + ?Sized>(&mut self, class: &str, args: &A) -> Result<()> {
        if self.block.capacity() == 0 {
            self.block.reserve(Self::BLOCK + 256);
        }
        let start = self.block.len();
        let args = write(&mut self.block, class, args)?;
        let within = args.start - start..args.end - start;
        self.ends.push((self.block.len(), within));
        if self.block.len() >= Self::BLOCK {
            self.seal();
        }
        Ok(())
    }

    /// Gives the block to its payloads and begins another one.
    fn seal(&mut self) {
        let block = Bytes::from(std::mem::take(&mut self.block));
        let mut start = 0;
        self.encoded.extend(self.ends.drain(..).map(|(end, args)| {
            let payload = Payload::new(block.slice(start..end));
            start = end;
            Encoded { payload, args }
        }));
    }

    pub(super) fn finish(mut self) -> Vec<Encoded> {
        self.seal();
        self.encoded
    }
}

/// Writes a payload behind what is in the buffer, and answers where the arguments stand.
fn write<A: Serialize + ?Sized>(
    buffer: &mut Vec<u8>,
    class: &str,
    args: &A,
) -> Result<Range<usize>> {
    payload::begin(buffer, class);
    let start = buffer.len();
    args::write_json(args, buffer).map_err(|source| Error::Encode {
        class: class.to_owned(),
        source: source.into(),
    })?;
    let end = buffer.len();
    payload::end(buffer);
    Ok(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_memory_and_keep_their_bytes() {
        let mut encoder = Encoder::default();
        let count: u64 = 1_000;
        for number in 0..count {
            encoder.add("Archive", &(number, "masterbrew")).unwrap();
        }
        let encoded = encoder.finish();
        assert_eq!(encoded.len() as u64, count);
        for (number, encoded) in encoded.iter().enumerate() {
            let single = Encoded::new("Archive", &(number, "masterbrew")).unwrap();
            assert_eq!(encoded.payload, single.payload);
            assert_eq!(encoded.args(), format!("[{number},\"masterbrew\"]"));
            assert_eq!(encoded.args(), single.args());
        }
    }

    #[test]
    fn what_cannot_be_json_names_the_class() {
        let error = Encoded::new("Archive", &(f64::NAN,)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the arguments of Archive cannot be written as JSON"
        );
        assert!(std::error::Error::source(&error).is_some());
    }
}
