//! The style sheet, the script and the icon, under names that change with their content.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::state::App;

/// Whoever has it need never ask again, because another content has another name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file that pages refer to.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Where it is, below the base path.
    pub(crate) path: String,
    content: &'static str,
    content_type: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, content: &'static str, content_type: &'static str) -> Self {
        let digest = hex(&Sha256::digest(content.as_bytes())[..8]);
        Self {
            path: format!("/assets/{stem}.{digest}.{extension}"),
            content,
            content_type,
        }
    }
}

/// How everything looks.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let css = include_str!("../assets/resque.css");
    Asset::new("resque", "css", css, "text/css; charset=utf-8")
});

/// What makes the pages live.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let js = include_str!("../assets/resque.js");
    Asset::new("resque", "js", js, "text/javascript; charset=utf-8")
});

/// The icon in the tab of a browser.
pub(crate) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let svg = include_str!("../assets/resque.svg");
    Asset::new("resque", "svg", svg, "image/svg+xml")
});

/// The routes of the files.
pub(crate) fn router() -> Router<App> {
    let mut router = Router::new();
    for asset in [&STYLE, &SCRIPT, &ICON] {
        let answer = move || async move {
            let headers = [
                (CONTENT_TYPE, asset.content_type),
                (CACHE_CONTROL, FOR_EVER),
            ];
            (headers, asset.content).into_response()
        };
        router = router.route(&asset.path, get(answer));
    }
    router
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
