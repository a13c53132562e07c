//! Byte streams to the server: TCP, TLS, Unix sockets.

use std::io;
#[cfg(feature = "tls")]
use std::sync::Arc;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::{Configured, keepalive};
use crate::config::Address;

/// Whatever bytes travel over; one virtual call per read or write is nothing next to the system
/// call.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

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
    let settings = TcpKeepalive::new()
        .with_time(keepalive::TIME)
        .with_interval(keepalive::INTERVAL)
        .with_retries(keepalive::RETRIES);
    SockRef::from(&stream).set_tcp_keepalive(&settings)?;
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
