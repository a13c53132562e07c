//! What a push and a pop cost here, whoever asks.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use resque::{Clock, SystemClock};

use crate::Failure;
use crate::measure::{Measured, Stopwatch};
use crate::target::{Target, list_key};

/// Pushes a job every 20 ms over a blocking socket and pops it again, by bare commands and one after
/// the other: two replies, which wake an idle processor four times. A job that is picked up needs
/// these as well (push, announcement, question, answer), and wakes a thread of the application's.
pub(crate) async fn push_and_pop(target: &Target, times: usize) -> Result<Measured, Failure> {
    let address = target.address().ok_or("this needs redis://host:port")?;
    let mut bare = Bare::connect(address)?;
    let key = list_key();
    let clock = SystemClock::new();
    let mut samples = Vec::with_capacity(times);
    let watch = Stopwatch::start();
    for _ in 0..times {
        clock.sleep(Duration::from_millis(20)).await;
        let asked = clock.monotonic();
        bare.call(&format!("RPUSH {key} job\r\n"), 1)?;
        bare.call(&format!("LPOP {key}\r\n"), 2)?;
        samples.push(clock.monotonic().saturating_sub(asked));
    }
    Ok(Measured {
        jobs: times,
        elapsed: watch.elapsed(),
        samples,
        ..Measured::default()
    })
}

/// A socket without a client.
struct Bare {
    socket: BufReader<TcpStream>,
    line: String,
}

impl Bare {
    fn connect(address: &str) -> Result<Self, Failure> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket: BufReader::new(socket),
            line: String::new(),
        })
    }

    /// Sends a command and reads the lines of its reply.
    fn call(&mut self, command: &str, lines: usize) -> Result<(), Failure> {
        self.socket.get_mut().write_all(command.as_bytes())?;
        for _ in 0..lines {
            self.line.clear();
            self.socket.read_line(&mut self.line)?;
            if self.line.is_empty() || self.line.starts_with('-') {
                return Err(format!("the server answers {:?}", self.line.trim_end()).into());
            }
        }
        Ok(())
    }
}
