//! What a reply from the server costs here, whoever asks.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use resque::{Clock, SystemClock};

use crate::Failure;
use crate::measure::{Measured, Stopwatch};
use crate::target::Target;

/// Sends a `PING` every 20 ms over a socket of its own and waits for the reply: two wake-ups of an
/// idle processor, of which a job that is picked up needs five at least.
pub(crate) async fn ping(target: &Target, times: usize) -> Result<Measured, Failure> {
    let mut socket = TcpStream::connect(target.address().ok_or("a PING needs redis://host:port")?)?;
    socket.set_nodelay(true)?;
    let clock = SystemClock::new();
    let mut samples = Vec::with_capacity(times);
    let watch = Stopwatch::start();
    for _ in 0..times {
        clock.sleep(Duration::from_millis(20)).await;
        let asked = clock.monotonic();
        socket.write_all(b"PING\r\n")?;
        let mut reply = [0; 7];
        socket.read_exact(&mut reply)?;
        if reply != *b"+PONG\r\n" {
            return Err("the server answers no PING without a password".into());
        }
        samples.push(clock.monotonic().saturating_sub(asked));
    }
    Ok(Measured {
        jobs: times,
        elapsed: watch.elapsed(),
        samples,
        ..Measured::default()
    })
}
