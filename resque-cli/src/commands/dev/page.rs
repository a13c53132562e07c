//! The web page of the session.

use std::future::pending;

use resque::Client;
use resque_web::Dashboard;
use tokio::net::TcpListener;

use crate::failure::Failure;

/// Opens the page on a free port of this machine, as long as the runtime lives, and answers its
/// address.
pub(super) async fn open(client: Client) -> Result<String, Failure> {
    let trouble = |source| {
        Failure::io(
            "open the web page on 127.0.0.1; --no-web does without",
            source,
        )
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(trouble)?;
    let address = listener.local_addr().map_err(trouble)?;
    let page = Dashboard::new(client).serve(listener, pending());
    tokio::spawn(async move {
        if let Err(error) = page.await {
            tracing::warn!(%error, "the web page has ended");
        }
    });
    Ok(format!("http://{address}/"))
}
