//! Byte streams to the server: TCP, TLS, Unix sockets.

use std::io;
#[cfg(feature = "tls")]
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::Configured;
use crate::config::Address;

/// Whatever bytes travel over; one virtual call per read or write is nothing next to the system call.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// When an idle peer is asked whether it still lives, how often and how many times: a waiting connection never writes,
/// so nothing else would tell it that its server vanished without a word.
pub(crate) const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(15))
    .with_interval(Duration::from_secs(5))
    .with_retries(3);

/// Opens the stream that a configuration asks for.
pub(crate) async fn open_stream(configured: &Configured) -> io::Result<Box<dyn Stream>> {
    match &configured.config.address {
        Address::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        Address::Tcp { host, port } => {
            let stream = tcp(host, *port).await?;
            #[cfg(feature = "tls")]
            if let Some(tls) = &configured.tls {
                return Ok(Box::new(encrypted(stream, host, Arc::clone(tls)).await?));
            }
            Ok(Box::new(stream))
        }
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE)?;
    Ok(stream)
}

#[cfg(feature = "tls")]
async fn encrypted(
    stream: TcpStream,
    host: &str,
    config: Arc<rustls::ClientConfig>,
) -> io::Result<impl Stream> {
    let name =
        rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    tokio_rustls::TlsConnector::from(config)
        .connect(name, stream)
        .await
}
