//! Asking a Postgres whether it is ready, without a client library.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Version 3.0 of the protocol, and the parameters of a client that will go away at once.
const START: &[u8] = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";

/// Whether the server at a Unix socket takes connections.
pub(super) fn socket_is_ready(path: &Path) -> bool {
    let stream = UnixStream::connect(path);
    stream.is_ok_and(|stream| stream.set_read_timeout(Some(PATIENCE)).is_ok() && welcomes(stream))
}

/// Whether the server at an address takes connections.
pub(super) fn address_is_ready(address: impl ToSocketAddrs) -> bool {
    let Ok(mut addresses) = address.to_socket_addrs() else {
        return false;
    };
    addresses.any(|address| {
        let stream = TcpStream::connect_timeout(&address, PATIENCE);
        stream
            .is_ok_and(|stream| stream.set_read_timeout(Some(PATIENCE)).is_ok() && welcomes(stream))
    })
}

/// A server that starts up answers with an error, one that is ready with its way of authentication.
fn welcomes(mut stream: impl Read + Write) -> bool {
    let length = u32::try_from(START.len() + 4).expect("a few bytes");
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(START);
    let mut kind = [0];
    stream.write_all(&message).is_ok() && stream.read_exact(&mut kind).is_ok() && kind == *b"R"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says `answer` whatever it is asked, and keeps what it was asked.
    struct Scripted<'a>(&'static [u8], &'a mut Vec<u8>);

    impl Read for Scripted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Scripted<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_demand_for_authentication_is_ready_and_an_error_is_not() {
        let mut asked = Vec::new();
        assert!(welcomes(Scripted(b"R\0\0\0\x08\0\0\0\0", &mut asked)));
        assert_eq!(
            usize::from(asked[3]),
            asked.len(),
            "the message starts with its length"
        );
        assert!(!welcomes(Scripted(b"E\0\0\0\x20SFATAL", &mut asked)));
        assert!(!welcomes(Scripted(b"", &mut asked)));
    }
}
