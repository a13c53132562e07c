//! Asking for a Docker daemon without a Docker client.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns whether a Docker daemon answers at `DOCKER_HOST` or the usual socket.
pub fn docker_answers() -> bool {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| DEFAULT_HOST.to_owned());
    ping(&host).unwrap_or(false)
}

fn ping(host: &str) -> std::io::Result<bool> {
    if let Some(path) = host.strip_prefix("unix://") {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        return says_ok(stream);
    }
    let address = host
        .trim_start_matches("tcp://")
        .trim_start_matches("http://");
    for address in address.to_socket_addrs()? {
        if let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) {
            stream.set_read_timeout(Some(PATIENCE))?;
            return says_ok(stream);
        }
    }
    Ok(false)
}

/// A daemon answers `GET /_ping` with status 200.
fn says_ok(mut stream: impl Read + Write) -> std::io::Result<bool> {
    stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(status.starts_with(b"HTTP/1.") && status.ends_with(b" 200"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answered_with(answer: &'static [u8]) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("tcp://{}", listener.local_addr().unwrap());
        let daemon = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 128];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /_ping"));
            stream.write_all(answer).unwrap();
        });
        let answer = ping(&host).unwrap();
        daemon.join().unwrap();
        answer
    }

    #[test]
    fn status_200_is_a_daemon_and_anything_else_is_none() {
        assert!(answered_with(b"HTTP/1.1 200 OK\r\n\r\nOK"));
        assert!(!answered_with(b"HTTP/1.1 403 Forbidden\r\n\r\n"));
    }

    #[test]
    fn a_missing_socket_is_no_daemon() {
        assert!(ping("unix:///nowhere/docker.sock").is_err());
    }
}
