//! The path under which browsers see the dashboard behind a proxy.

use resque_core::Error;

/// The first parts of our own paths. Behind a proxy that takes the base path away nobody could tell
/// such a page from one below a base path that begins the same.
const OURS: &[&str] = &[
    "api",
    "assets",
    "backend",
    "delayed",
    "failed",
    "failure",
    "healthz",
    "live",
    "metrics",
    "overview",
    "pause",
    "queue",
    "queues",
    "readyz",
    "resume",
    "schedule",
    "schedules",
    "search",
    "stats",
    "stats.txt",
    "worker",
    "workers",
    "working",
];

/// Reads a base path: without slashes around it, with one before it; nothing for the root.
///
/// # Errors
///
/// [`Error::InvalidSetting`] says what is wrong and what to do.
pub(crate) fn read(path: &str) -> Result<String, Error> {
    let path = match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    };
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let reason = if let Some(part) = parts.iter().find(|part| !is_plain(part)) {
        format!(
            "its part {part:?} is not made of letters, digits, '-', '_', '.' and '~' alone; \
             say a plain path such as /jobs"
        )
    } else if let Some(first) = parts.first().filter(|first| OURS.contains(first)) {
        format!("/{first} is a page of the dashboard itself; say another path such as /jobs")
    } else {
        return Ok(path);
    };
    Err(Error::InvalidSetting {
        setting: format!("the base path {path:?}"),
        reason,
    })
}

/// Whether a part of a path means itself, to browsers, to proxies and to our router.
fn is_plain(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    !matches!(part, "" | "." | "..") && part.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_taken() {
        for path in [
            "",
            "/",
            "/jobs",
            "jobs/",
            "/admin/jobs",
            "/x/queue",
            "/a-b_c.d~e",
        ] {
            read(path).unwrap();
        }
        assert_eq!(read("//admin/jobs/").unwrap(), "/admin/jobs");
        assert_eq!(read("/").unwrap(), "");
    }

    #[test]
    fn other_paths_are_refused_with_what_to_do() {
        for path in [
            "/queue",
            "/queues/x",
            "/api",
            "/stats.txt",
            "/{jobs}",
            "/a//b",
            "/a/../b",
            "/a b",
            "/a?b",
            "/a#b",
            "/gr\u{f6}\u{df}e",
            "/%6a",
            "/*",
            "/:a",
            "/a\nb",
            "/\"x",
        ] {
            let error = read(path).unwrap_err().to_string();
            assert!(error.contains("/jobs"), "{path}: {error}");
        }
    }
}
