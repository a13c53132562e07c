//! The HTTP interface under load: server and clients in one process, over loopback.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use futures::future::try_join_all;
use resque_web::HttpInterface;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Failure;
use crate::enqueue::{check, fill, share};
use crate::ledger::Ledger;
use crate::measure::{Measured, Stopwatch};
use crate::target::{QUEUE, Target};

/// `POST /q/bench` for each job, over connections that stay open, each one request after another.
pub(crate) async fn post(
    target: &Target,
    jobs: usize,
    connections: usize,
) -> Result<Measured, Failure> {
    let server = Server::start(target).await?;
    let watch = Stopwatch::start();
    let address = server.address;
    let samples = on_each(jobs, connections, move |share| post_each(address, share)).await?;
    let elapsed = watch.elapsed();
    server.stop().await?;
    let measured = Measured {
        jobs,
        elapsed,
        samples,
        ..Measured::default()
    };
    check(target, measured).await
}

/// A lease of one job and its acknowledgement for each job, over connections that stay open.
pub(crate) async fn lease(
    target: &Target,
    jobs: usize,
    connections: usize,
) -> Result<Measured, Failure> {
    fill(target, jobs, 1_000).await?;
    let server = Server::start(target).await?;
    let ledger = std::sync::Arc::new(Ledger::new(jobs));
    let watch = Stopwatch::start();
    let address = server.address;
    let noted = ledger.clone();
    let samples = on_each(jobs, connections, move |share| {
        lease_each(address, share, noted.clone())
    })
    .await?;
    let elapsed = watch.elapsed();
    server.stop().await?;
    Ok(Measured {
        jobs,
        elapsed,
        samples,
        lost: ledger.lost(),
        duplicated: ledger.duplicated(),
        ..Measured::default()
    })
}

/// Shares the jobs among so many connections.
async fn on_each<T>(
    jobs: usize,
    connections: usize,
    work: impl Fn(Range<usize>) -> T,
) -> Result<Vec<Duration>, Failure>
where
    T: Future<Output = Result<Vec<Duration>, Failure>> + Send + 'static,
{
    let connections = connections.clamp(1, jobs.max(1));
    let tasks = (0..connections).map(|one| tokio::spawn(work(share(jobs, connections, one))));
    let mut samples = Vec::with_capacity(jobs);
    for part in try_join_all(tasks).await? {
        samples.extend(part?);
    }
    Ok(samples)
}

async fn post_each(address: SocketAddr, numbers: Range<usize>) -> Result<Vec<Duration>, Failure> {
    let mut connection = Connection::open(address).await?;
    let path = format!("/q/{QUEUE}");
    let mut samples = Vec::with_capacity(numbers.len());
    for number in numbers {
        let watch = Stopwatch::start();
        let job = format!("{{\"class\":\"Noop\",\"args\":[{number}]}}");
        connection.post(&path, &job, 201).await?;
        samples.push(watch.elapsed());
    }
    Ok(samples)
}

async fn lease_each(
    address: SocketAddr,
    jobs: Range<usize>,
    ledger: std::sync::Arc<Ledger>,
) -> Result<Vec<Duration>, Failure> {
    let mut connection = Connection::open(address).await?;
    let path = format!("/q/{QUEUE}/lease?ttl=600");
    let mut samples = Vec::with_capacity(jobs.len());
    for _ in jobs {
        let watch = Stopwatch::start();
        let answer = connection.post(&path, "", 200).await?;
        let lease: serde_json::Value = serde_json::from_slice(answer)?;
        let lease = &lease["jobs"][0];
        let number = lease["job"]["args"][0]
            .as_u64()
            .ok_or("no job was leased")?;
        let receipt = serde_json::json!({ "receipt": lease["receipt"] }).to_string();
        connection.post("/lease/ack", &receipt, 204).await?;
        ledger.note(usize::try_from(number)?);
        samples.push(watch.elapsed());
    }
    Ok(samples)
}

/// The interface, listening.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<resque::Result<()>>,
}

impl Server {
    async fn start(target: &Target) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let stopped = async {
            // Whoever drops the other end wants the same.
            let _ = stopped.await;
        };
        let interface = HttpInterface::new(target.client.clone());
        let served = tokio::spawn(interface.serve(listener, stopped));
        Ok(Self {
            address,
            stop,
            served,
        })
    }

    async fn stop(self) -> Result<(), Failure> {
        drop(self.stop);
        Ok(self.served.await??)
    }
}

/// One connection without a client: as little as it takes to ask and to understand the answer.
struct Connection {
    socket: TcpStream,
    sent: Vec<u8>,
    /// What was read, of which the front is the answer.
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            sent: Vec::new(),
            read: Vec::new(),
        })
    }

    /// Sends a body and gives that of the answer, which must have this status.
    async fn post(&mut self, path: &str, body: &str, status: u16) -> Result<&[u8], Failure> {
        use std::io::Write;

        self.sent.clear();
        write!(
            self.sent,
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.socket.write_all(&self.sent).await?;
        self.read.clear();
        let (head, length) = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.read[..end])?;
                break (end + 4, length(head, status)?);
            }
            self.more().await?;
        };
        while self.read.len() < head + length {
            self.more().await?;
        }
        Ok(&self.read[head..head + length])
    }

    async fn more(&mut self) -> Result<(), Failure> {
        if self.socket.read_buf(&mut self.read).await? == 0 {
            return Err("the server has closed the connection".into());
        }
        Ok(())
    }
}

/// The length of a body, from the head of an answer.
fn length(head: &str, status: u16) -> Result<usize, Failure> {
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    if first.split(' ').nth(1) != Some(&status.to_string()) {
        return Err(format!("the server answers {first:?}, expected {status}").into());
    }
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok(length.map_or(Ok(0), |(_, length)| length.trim().parse())?)
}
