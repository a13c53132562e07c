//! The lines of a batch, as they come.
//!
//! They are read on a thread of their own, because reading cannot be broken off: a producer that
//! pauses holds up neither what it has written before, nor whoever wants the command to end.

use std::fs::File;
use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;
use std::thread;

use tokio::sync::mpsc;

use crate::failure::Failure;

/// How many bytes are read at once, and how many such blocks wait to be looked at.
const BLOCK: usize = 64 * 1024;
const AHEAD: usize = 8;
/// How much of a line is kept; Redis takes no longer text anyway, and what is cut off is no job.
const LONGEST: usize = 512 * 1024 * 1024;

/// What is read next.
#[derive(Debug)]
pub(super) enum Next {
    /// A line, which is in [`Lines::text`].
    Line,
    /// The end; there was nothing behind the line before.
    End,
    /// Nothing can be read any more, though it was not the end. A line that had only begun is none.
    Broken(io::Error),
}

/// A file, line by line, whatever bytes it has.
#[derive(Debug)]
pub(super) struct Lines {
    /// Blocks of bytes; an empty one is the end.
    blocks: mpsc::Receiver<io::Result<Vec<u8>>>,
    block: Cursor<Vec<u8>>,
    text: Vec<u8>,
    /// Whether `text` is a whole line, which has been handed out.
    whole: bool,
    ended: bool,
    number: u64,
}

impl Lines {
    /// Opens a file, or the standard input if that is its name.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Self::read(io::stdin());
        }
        let file = File::open(path);
        let open = |source| Failure::io(format!("open {}", path.display()), source);
        Self::read(file.map_err(open)?)
    }

    fn read(source: impl Read + Send + 'static) -> Result<Self, Failure> {
        let (sender, blocks) = mpsc::channel(AHEAD);
        thread::Builder::new()
            .name("resque-batch".to_owned())
            .spawn(move || read_blocks(source, &sender))
            .map_err(|source| Failure::io("start a thread that reads", source))?;
        Ok(Self {
            blocks,
            block: Cursor::default(),
            text: Vec::new(),
            whole: false,
            ended: false,
            number: 0,
        })
    }

    /// The number of the line before, the first being 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The line that was read last.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Reads on. It may be dropped while it waits, and called again.
    pub(super) async fn next(&mut self) -> Result<Next, Failure> {
        if std::mem::take(&mut self.whole) {
            self.text.clear();
        }
        while !self.take_from_block() {
            if self.ended {
                return Ok(Next::End);
            }
            match self.blocks.recv().await {
                Some(Ok(block)) if block.is_empty() => {
                    self.ended = true;
                    if !self.text.is_empty() {
                        break;
                    }
                }
                Some(Ok(block)) => self.block = Cursor::new(block),
                Some(Err(error)) => return Ok(Next::Broken(error)),
                None => return Err(Failure::Crashed("the thread that reads")),
            }
        }
        self.whole = true;
        self.number += 1;
        Ok(Next::Line)
    }

    /// Takes what the block has of the line, and answers whether that ends with it.
    fn take_from_block(&mut self) -> bool {
        let before = self.text.len();
        // Reading from memory cannot fail.
        let read = self.block.read_until(b'\n', &mut self.text).unwrap_or(0);
        let ends = read > 0 && self.text.last() == Some(&b'\n');
        self.text.truncate(LONGEST.max(before));
        ends
    }
}

/// Reads to the end, no faster than somebody looks at it.
fn read_blocks(mut source: impl Read, blocks: &mpsc::Sender<io::Result<Vec<u8>>>) {
    loop {
        let mut block = vec![0; BLOCK];
        let read = match source.read(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read,
        };
        let is_last = matches!(read, Ok(0) | Err(_));
        let read = read.map(|length| {
            block.truncate(length);
            block
        });
        if blocks.blocking_send(read).is_err() || is_last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out these pieces one by one, and then an error.
    struct Pieces(Vec<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("the disk is gone"));
            }
            let piece = self.0.remove(0);
            into[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    async fn told(pieces: &[&'static [u8]]) -> (Vec<String>, Next) {
        let mut lines = Lines::read(Pieces(pieces.to_vec())).unwrap();
        let mut all = Vec::new();
        loop {
            match lines.next().await.unwrap() {
                Next::Line => {
                    let text = String::from_utf8_lossy(lines.text());
                    all.push(format!("{} {}", lines.number(), text.trim_end()));
                }
                last => return (all, last),
            }
        }
    }

    #[tokio::test]
    async fn lines_are_put_together_from_what_comes() {
        let (lines, last) = told(&[b"on", b"e\n\ntwo\nth", b"ree", b""]).await;
        assert_eq!(lines, ["1 one", "2 ", "3 two", "4 three"]);
        assert!(matches!(last, Next::End), "{last:?}");
    }

    #[tokio::test]
    async fn a_line_that_had_only_begun_when_reading_broke_off_is_none() {
        let (lines, last) = told(&[b"one\ntw"]).await;
        assert_eq!(lines, ["1 one"]);
        assert!(matches!(last, Next::Broken(_)), "{last:?}");
    }
}
