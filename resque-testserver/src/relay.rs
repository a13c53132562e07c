//! A Unix socket in front of a server that only has a port, as one in a container.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::local::Home;
use crate::{Error, Result};

/// Passes bytes on until it is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    socket: PathBuf,
    closed: Arc<AtomicBool>,
    // Removes the socket when it is dropped.
    _home: Home,
}

impl Relay {
    pub(crate) fn start(address: &str, port: u16) -> Result<Self> {
        let home = Home::new("KILL")?;
        let socket = home.path().join("relay.sock");
        let listener = UnixListener::bind(&socket)
            .map_err(|cause| Error::caused_by("could not listen on a Unix socket", cause))?;
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let server = (address.to_owned(), port);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if is_closed.load(Ordering::Acquire) {
                    return;
                }
                // Without a server the client is dropped, and sees that its connection is closed.
                if let Ok(server) = TcpStream::connect((server.0.as_str(), server.1)) {
                    let _ = connect(client, server);
                }
            }
        });
        Ok(Self {
            socket,
            closed,
            _home: home,
        })
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Release);
        // Wakes the thread, which then sees that it is done.
        let _ = UnixStream::connect(&self.socket);
    }
}

/// Copies both ways until either side closes.
fn connect(client: UnixStream, server: TcpStream) -> io::Result<()> {
    let (mut from_client, mut to_client) = (client.try_clone()?, client);
    let (mut from_server, mut to_server) = (server.try_clone()?, server);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn bytes_go_both_ways_and_the_end_too() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Relay::start("127.0.0.1", listener.local_addr().unwrap().port()).unwrap();
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut heard = String::new();
            stream.read_to_string(&mut heard).unwrap();
            stream.write_all(heard.to_uppercase().as_bytes()).unwrap();
        });
        let mut client = UnixStream::connect(relay.socket()).unwrap();
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut heard = String::new();
        client.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "HELLO");
        server.join().unwrap();
    }

    #[test]
    fn without_a_server_the_connection_is_closed() {
        // Nobody listens on the first port.
        let relay = Relay::start("127.0.0.1", 1).unwrap();
        let mut client = UnixStream::connect(relay.socket()).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}
