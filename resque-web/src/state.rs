//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use resque_core::{Client, SharedClock};

use crate::fault::Fault;
use crate::guard::{Protection, Secret};
use crate::live::Live;
use crate::view::{Glance, Glances, Moment, Pace, Redaction};

/// What can be said about the views.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The path under which browsers see the pages, if it was said.
    pub(crate) base_path: Option<String>,
    /// Which arguments are hidden.
    pub(crate) redaction: Redaction,
    /// How old numbers may be.
    pub(crate) freshness: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_path: None,
            redaction: Redaction::default(),
            freshness: Duration::from_secs(1),
        }
    }
}

/// What all handlers share. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct App {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    settings: Settings,
    glances: Glances,
    secret: Secret,
    live: Live,
}

impl App {
    pub(crate) fn new(client: Client, settings: Settings, protection: &Protection) -> Self {
        let glances = Glances::new(settings.freshness);
        Self {
            inner: Arc::new(Inner {
                client,
                settings,
                glances,
                secret: protection.secret.clone(),
                live: Live::new(),
            }),
        }
    }

    /// The store.
    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The time.
    pub(crate) fn clock(&self) -> &SharedClock {
        self.inner.client.clock()
    }

    /// Now, for people.
    pub(crate) fn now(&self) -> Moment {
        Moment::new(self.clock().now())
    }

    /// Which arguments are hidden.
    pub(crate) fn redaction(&self) -> &Redaction {
        &self.inner.settings.redaction
    }

    /// The path under which browsers see the pages, if it was said.
    pub(crate) fn base_path(&self) -> Option<&str> {
        self.inner.settings.base_path.as_deref()
    }

    /// What signs what must not be made up: forms, and the marks of jobs.
    pub(crate) fn secret(&self) -> &Secret {
        &self.inner.secret
    }

    /// The streams that keep pages up to date.
    pub(crate) fn live(&self) -> &Live {
        &self.inner.live
    }

    /// The store as a whole, no older than the freshness that was asked for.
    pub(crate) async fn glance(&self) -> Result<Arc<Glance>, Fault> {
        self.inner.glances.get(&self.inner.client).await
    }

    /// What a glance is compared with to tell how fast things go, if there is anything yet.
    pub(crate) async fn pace(&self, now: &Arc<Glance>) -> Option<Pace> {
        self.inner.glances.pace(now).await
    }

    /// Forgets the last glance, after a change.
    pub(crate) async fn changed(&self) {
        self.inner.glances.forget().await;
    }
}
