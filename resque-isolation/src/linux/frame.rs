//! Messages as frames: their length in four bytes, then their bytes.

use std::io;
use std::os::unix::net::UnixStream as StdStream;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// The largest message; a payload that is larger than this is no job but a mistake.
const LARGEST: usize = 1 << 30;

/// Reads frames.
#[derive(Debug)]
pub(super) struct Reader {
    stream: OwnedReadHalf,
    buffer: BytesMut,
}

impl Reader {
    pub(super) fn new(stream: OwnedReadHalf) -> Self {
        Self {
            stream,
            buffer: BytesMut::with_capacity(4_096),
        }
    }

    /// The next frame; `None` at the end. It may be dropped while it waits and loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(frame) = take(&mut self.buffer)? {
                return Ok(Some(frame));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }
}

/// Takes the first frame out of what was read, if it is there as a whole.
fn take(buffer: &mut BytesMut) -> io::Result<Option<Bytes>> {
    let Some(head) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*head) as usize;
    if length > LARGEST {
        return Err(io::Error::other(format!(
            "a message of {length} bytes was announced"
        )));
    }
    if buffer.len() < 4 + length {
        buffer.reserve(4 + length - buffer.len());
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// Writes a frame that consists of two parts.
pub(super) async fn write(
    stream: &mut OwnedWriteHalf,
    first: &[u8],
    second: &[u8],
) -> io::Result<()> {
    stream.write_all(&of(first, second)?).await
}

/// Writes a frame where nothing else is to be done meanwhile.
pub(super) fn write_now(mut stream: &StdStream, bytes: &[u8]) -> io::Result<()> {
    io::Write::write_all(&mut stream, &of(bytes, b"")?)
}

/// A frame that consists of two parts.
pub(super) fn of(first: &[u8], second: &[u8]) -> io::Result<BytesMut> {
    let length = first.len() + second.len();
    let head = u32::try_from(length)
        .ok()
        .filter(|_| length <= LARGEST)
        .ok_or_else(|| io::Error::other(format!("a message of {length} bytes is too long")))?;
    let mut frame = BytesMut::with_capacity(4 + length);
    frame.extend_from_slice(&head.to_le_bytes());
    frame.extend_from_slice(first);
    frame.extend_from_slice(second);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn frames_arrive_as_they_were_sent() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (_keep, mut sender) = ours.into_split();
        let mut reader = Reader::new(theirs.into_split().0);
        let large = vec![7; 100_000];
        let sending = async {
            write(&mut sender, b"one", b"").await.unwrap();
            write(&mut sender, b"", b"").await.unwrap();
            write(&mut sender, b"head", &large).await.unwrap();
            drop(sender);
        };
        let reading = async {
            assert_eq!(reader.next().await.unwrap().unwrap(), "one");
            assert_eq!(reader.next().await.unwrap().unwrap(), "");
            let third = reader.next().await.unwrap().unwrap();
            assert_eq!((&third[..4], third.len()), (&b"head"[..], 100_004));
            assert!(reader.next().await.unwrap().is_none());
        };
        tokio::join!(sending, reading);
    }

    #[tokio::test]
    async fn half_a_frame_and_an_absurd_one_are_errors() {
        for bytes in [&b"\x05\0\0\0ab"[..], b"\xff\xff\xff\xff"] {
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            ours.write_all(bytes).await.unwrap();
            drop(ours);
            let mut reader = Reader::new(theirs.into_split().0);
            assert!(reader.next().await.is_err(), "{bytes:?}");
        }
    }
}
