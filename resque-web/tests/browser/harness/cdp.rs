//! What WebDriver itself has no words for: Chromium's own protocol and its logs.

use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of Chromium's driver that is no part of WebDriver.
#[derive(Debug)]
pub(super) struct Vendor {
    path: &'static str,
    body: Value,
}

impl Vendor {
    /// A command of the protocol that the developer tools speak.
    pub(super) fn devtools(command: &str, parameters: &Value) -> Self {
        Self {
            path: "goog/cdp/execute",
            body: json!({"cmd": command, "params": parameters}),
        }
    }

    /// What a log has taken up since it was read last.
    pub(super) fn log(kind: &str) -> Self {
        Self {
            path: "se/log",
            body: json!({"type": kind}),
        }
    }
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
