//! A form that was sent.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::state::App;

/// A form: what it is about, and the page it leads back to.
#[derive(Debug)]
pub(crate) struct Sent<T> {
    /// What is to be changed.
    pub(crate) change: T,
    /// The page it leads back to.
    pub(crate) back: String,
}

/// What every form carries besides what it is about.
#[derive(Debug, Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &App) -> Result<Self, Fault> {
        let form = Bytes::from_request(request, app).await;
        let form = form.map_err(|error| Fault::misused(error.body_text()))?;
        let Back { back } = read(&form)?;
        let change = read(&form)?;
        Ok(Self { change, back })
    }
}

fn read<T: DeserializeOwned>(form: &[u8]) -> Result<T, Fault> {
    serde_urlencoded::from_bytes(form)
        .map_err(|error| Fault::misused(format!("The form cannot be read: {error}.")))
}
