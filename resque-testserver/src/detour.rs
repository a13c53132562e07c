//! A port in front of a server, on whose way there a test breaks the network.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::{Error, Result};

/// A loopback port that leads to a server, until the way is led elsewhere, cut, or silent.
///
/// ```no_run
/// use resque_testserver::{Detour, Postgres};
///
/// let server = Postgres::new().start()?;
/// let detour = Detour::to(server.url())?;
/// let url = detour.url(server.url());
/// // Clients of `url` reach the server, until the network swallows what they say.
/// detour.strand();
/// # Ok::<(), resque_testserver::Error>(())
/// ```
#[derive(Debug)]
pub struct Detour {
    shared: Arc<Shared>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    closed: AtomicBool,
    /// How many bytes more are carried to the server.
    allowance: AtomicU64,
}

/// No end to what is carried.
const UNLIMITED: u64 = u64::MAX;

#[derive(Debug)]
struct State {
    server: SocketAddr,
    ways: Vec<Way>,
}

/// One connection through the detour.
#[derive(Debug)]
struct Way {
    client: TcpStream,
    server: TcpStream,
    /// Whether the network has vanished under it.
    is_stranded: Arc<AtomicBool>,
}

impl Detour {
    /// Opens a port that leads to the server of this URL.
    ///
    /// # Errors
    ///
    /// The URL names no server that could be found, or there is no port to be had.
    pub fn to(url: &str) -> Result<Self> {
        let could_not = |cause| Error::caused_by("could not open a port", cause);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(could_not)?;
        let port = listener.local_addr().map_err(could_not)?.port();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                server: place(url)?.1,
                ways: Vec::new(),
            }),
            closed: AtomicBool::new(false),
            allowance: AtomicU64::new(UNLIMITED),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if accepting.closed.load(Ordering::Acquire) {
                    return;
                }
                // Without a server the client is dropped, and sees that its connection is closed.
                let _ = accepting.open(client);
            }
        });
        Ok(Self { shared, port })
    }

    /// Returns this URL with the detour instead of the server's own place.
    ///
    /// # Panics
    ///
    /// The URL names no server.
    pub fn url(&self, url: &str) -> String {
        let (there, _) = place(url).expect("the URL of a server");
        url.replacen(there, &format!("127.0.0.1:{}", self.port), 1)
    }

    /// Leads new connections to the server of this URL, and closes those that lead to the old one.
    ///
    /// # Errors
    ///
    /// The URL names no server that could be found.
    pub fn lead_to(&self, url: &str) -> Result<()> {
        let server = place(url)?.1;
        // In one step, so that no new connection to the new one is closed.
        let mut state = self.shared.state();
        state.server = server;
        state.close_ways();
        Ok(())
    }

    /// Closes all connections; new ones come about.
    pub fn cut(&self) {
        self.shared.state().close_ways();
    }

    /// Lets the network vanish under all connections: they stay open on both sides and carry nothing any
    /// more. New ones come about.
    pub fn strand(&self) {
        self.shared.strand();
    }

    /// Carries so many bytes more to the server; then the network vanishes, under new connections too. So
    /// a client comes to a halt in the middle of its work, always at the same place.
    pub fn carry_only(&self, bytes: u64) {
        self.shared.allowance.store(bytes, Ordering::Release);
    }

    /// Whether all bytes were carried that [`carry_only`](Self::carry_only) allowed.
    pub fn is_spent(&self) -> bool {
        self.shared.is_spent()
    }
}

impl State {
    fn close_ways(&mut self) {
        self.ways.drain(..).for_each(|way| {
            let _ = way.client.shutdown(Shutdown::Both);
            let _ = way.server.shutdown(Shutdown::Both);
        });
    }
}

impl Shared {
    /// Leads a client to the server.
    fn open(self: &Arc<Self>, client: TcpStream) -> std::io::Result<()> {
        client.set_nodelay(true)?;
        loop {
            let address = self.state().server;
            let server = TcpStream::connect(address)?;
            server.set_nodelay(true)?;
            let there = (client.try_clone()?, server.try_clone()?);
            let back = (server.try_clone()?, client.try_clone()?);
            let mut state = self.state();
            if self.closed.load(Ordering::Acquire) {
                return Ok(());
            }
            // It may lead elsewhere by now.
            if state.server != address {
                continue;
            }
            // Nothing is carried before it is noted what there is to close.
            let is_stranded = Arc::new(AtomicBool::new(self.is_spent()));
            let (stranded, shared) = (Arc::clone(&is_stranded), Arc::clone(self));
            thread::spawn(move || carry(there.0, there.1, &stranded, |count| shared.spend(count)));
            let stranded = Arc::clone(&is_stranded);
            thread::spawn(move || carry(back.0, back.1, &stranded, |_| true));
            state.ways.push(Way {
                client,
                server,
                is_stranded,
            });
            return Ok(());
        }
    }

    fn strand(&self) {
        let state = self.state();
        let ways = state.ways.iter();
        ways.for_each(|way| way.is_stranded.store(true, Ordering::Release));
    }

    /// Takes bytes off what may be carried; if that is spent by now, the network vanishes.
    fn spend(&self, bytes: usize) -> bool {
        let less = |left: u64| (left != UNLIMITED).then(|| left.saturating_sub(bytes as u64));
        let order = (Ordering::AcqRel, Ordering::Acquire);
        let _ = self.allowance.fetch_update(order.0, order.1, less);
        if self.is_spent() {
            self.strand();
        }
        !self.is_spent()
    }

    fn is_spent(&self) -> bool {
        self.allowance.load(Ordering::Acquire) == 0
    }

    /// The lock is never held while anything else is waited for.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies one direction until either side closes; what comes after the network has vanished is lost, the end
/// too.
fn carry(
    mut from: TcpStream,
    mut to: TcpStream,
    is_stranded: &AtomicBool,
    lets_pass: impl Fn(usize) -> bool,
) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).unwrap_or(0);
        let is_lost = is_stranded.load(Ordering::Acquire) || count > 0 && !lets_pass(count);
        if count == 0 {
            if !is_lost {
                let _ = to.shutdown(Shutdown::Both);
            }
            return;
        }
        if !is_lost && to.write_all(&buffer[..count]).is_err() {
            let _ = from.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// The `host:port` of a URL, as it is written and as an address.
fn place(url: &str) -> Result<(&str, SocketAddr)> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let there = authority.rsplit('@').next().unwrap_or_default();
    let found = there.to_socket_addrs().ok().and_then(|mut all| all.next());
    let address = found.ok_or_else(|| Error::new(format!("{there:?} is no place of a server")))?;
    Ok((there, address))
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        // Wakes the thread, which then sees that it is done.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        self.cut();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(50);

    /// A server that says its name to everybody, and then what it hears.
    fn server(name: &'static str) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let _ = client.write_all(name.as_bytes());
                thread::spawn(move || std::io::copy(&mut client.try_clone().unwrap(), &mut client));
            }
        });
        format!("test://user:secret@{address}/base?x=1")
    }

    fn client(detour: &Detour) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, detour.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    fn heard(mut stream: &TcpStream) -> String {
        let mut buffer = [0; 16];
        let count = stream.read(&mut buffer).unwrap_or(0);
        String::from_utf8_lossy(&buffer[..count]).into_owned()
    }

    #[test]
    fn it_leads_to_one_server_and_then_to_another() {
        let (one, other) = (server("one"), server("other"));
        let detour = Detour::to(&one).unwrap();
        let expected = format!("test://user:secret@127.0.0.1:{}/base?x=1", detour.port);
        assert_eq!(detour.url(&one), expected);
        let first = client(&detour);
        assert_eq!(heard(&first), "one");
        detour.lead_to(&other).unwrap();
        assert_eq!(heard(&first), "", "it was closed");
        assert_eq!(heard(&client(&detour)), "other");
    }

    #[test]
    fn the_network_vanishes_after_so_many_bytes() {
        let detour = Detour::to(&server("a")).unwrap();
        let mut first = client(&detour);
        assert_eq!(heard(&first), "a");
        detour.carry_only(4);
        first.write_all(b"bcd").unwrap();
        assert_eq!(heard(&first), "bcd");
        assert!(!detour.is_spent());
        first.write_all(b"ef").unwrap();
        for silent in [&first, &client(&detour)] {
            silent.set_read_timeout(Some(SHORT)).unwrap();
            assert_eq!(heard(silent), "");
        }
        assert!(detour.is_spent());
        detour.carry_only(9);
        assert_eq!(heard(&client(&detour)), "a");
    }

    #[test]
    fn a_stranded_connection_is_silent_and_open_and_new_ones_are_neither() {
        let detour = Detour::to(&server("a")).unwrap();
        let mut first = client(&detour);
        assert_eq!(heard(&first), "a");
        first.write_all(b"b").unwrap();
        assert_eq!(heard(&first), "b");
        detour.strand();
        first.write_all(b"c").unwrap();
        first.set_read_timeout(Some(SHORT)).unwrap();
        let silence = first.read(&mut [0]).unwrap_err().kind();
        assert!(
            matches!(
                silence,
                std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
            ),
            "{silence}"
        );
        assert_eq!(heard(&client(&detour)), "a");
        detour.cut();
        first.set_read_timeout(Some(LONG)).unwrap();
        assert_eq!(heard(&first), "", "it was closed");
    }
}
