//! Asking a Redis whether it is ready, without a client library.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the server at a Unix socket takes commands.
pub(super) fn socket_is_ready(path: &Path, password: Option<&str>) -> bool {
    let stream = UnixStream::connect(path);
    stream.is_ok_and(|stream| {
        stream.set_read_timeout(Some(PATIENCE)).is_ok() && answers(stream, password)
    })
}

/// Whether the server at an address takes commands.
pub(super) fn address_is_ready(address: impl ToSocketAddrs, password: Option<&str>) -> bool {
    let Ok(mut addresses) = address.to_socket_addrs() else {
        return false;
    };
    addresses.any(|address| {
        let stream = TcpStream::connect_timeout(&address, PATIENCE);
        stream.is_ok_and(|stream| {
            stream.set_read_timeout(Some(PATIENCE)).is_ok() && answers(stream, password)
        })
    })
}

/// Ready is who does not say `-LOADING`. A refusal for lack of rights comes from a server that is up.
fn answers(mut stream: impl Read + Write, password: Option<&str>) -> bool {
    let mut commands = Vec::new();
    if let Some(password) = password {
        commands.extend(command(&["AUTH", password]));
    }
    commands.extend(command(&["PING"]));
    // Closes the connection, so that the answer has an end.
    commands.extend(command(&["QUIT"]));
    let mut answer = String::new();
    let sent = stream.write_all(&commands);
    sent.is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && ["+PONG", "-NOAUTH", "-NOPERM"]
            .iter()
            .any(|word| answer.contains(word))
}

fn command(words: &[&str]) -> Vec<u8> {
    let words = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()));
    let text: Vec<_> = words.collect();
    format!("*{}\r\n{}", text.len(), text.concat()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says `answer` whatever it is asked.
    struct Scripted(&'static [u8]);

    impl Read for Scripted {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn pong_and_refusals_are_ready_and_loading_is_not() {
        assert!(answers(Scripted(b"+PONG\r\n+OK\r\n"), None));
        assert!(answers(
            Scripted(b"+OK\r\n+PONG\r\n+OK\r\n"),
            Some("secret")
        ));
        assert!(answers(
            Scripted(b"-NOAUTH Authentication required.\r\n"),
            None
        ));
        assert!(!answers(
            Scripted(b"-LOADING Redis is loading the dataset in memory\r\n"),
            None
        ));
        assert!(!answers(Scripted(b""), None));
    }

    #[test]
    fn commands_are_length_prefixed_so_that_passwords_may_hold_anything() {
        assert_eq!(
            command(&["AUTH", "a b\r\n"]),
            b"*2\r\n$4\r\nAUTH\r\n$5\r\na b\r\n\r\n"
        );
    }
}
