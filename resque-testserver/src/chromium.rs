//! A real browser for tests of pages: Chromium, steered through its own driver.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use crate::guard::Guard;
use crate::program::Program;
use crate::{Error, Result, find_program, scratch, untouched};

/// How long the driver may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends all processes of the group `$told` and removes the directory `$1`, into which they may
/// still be writing at first.
const CLEAN_UP: &str = r#"
[ -n "$told" ] && kill -s KILL -- "-$told"
tries=0
until rm -rf -- "$1" || [ "$tries" -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
"#;

/// A driver for Chromium, which ends with all browsers it has started when this value is dropped or
/// the test process ends.
#[derive(Debug)]
pub struct ChromeDriver {
    port: u16,
    browser: PathBuf,
    home: PathBuf,
    profiles: AtomicU32,
    // In this order: the driver ends, then whatever it has left behind.
    _driver: Mutex<Program>,
    _guard: Guard,
}

/// Returns the driver that all tests of this process share; the first caller starts it.
///
/// # Errors
///
/// Chromium or its driver is not installed, or did not start; the text says what to do.
pub fn shared_chromedriver() -> Result<&'static ChromeDriver> {
    static SHARED: OnceLock<Result<ChromeDriver>> = OnceLock::new();
    SHARED
        .get_or_init(ChromeDriver::start)
        .as_ref()
        .map_err(Clone::clone)
}

impl ChromeDriver {
    fn start() -> Result<Self> {
        let browser = installed("chromium", "chromium")?;
        let driver = installed("chromedriver", "chromium-driver")?;
        let home = scratch::directory()?;
        let mut guard = Guard::new(CLEAN_UP, &[home.as_os_str()])?;
        let mut command = untouched::command(driver);
        // It chooses a free port itself and says which. Everything that it starts shares its group.
        command
            .arg("--port=0")
            .current_dir(&home)
            .env("TMPDIR", &home)
            .env("HOME", &home)
            .stderr(Stdio::null())
            .process_group(0);
        let driver = Program::start(command)?;
        guard.tell(&driver.id().to_string())?;
        let port = loop {
            if let Some(port) = port_in(&driver.line(PATIENCE)?) {
                break port;
            }
        };
        Ok(Self {
            port,
            browser,
            home,
            profiles: AtomicU32::new(0),
            _driver: Mutex::new(driver),
            _guard: guard,
        })
    }

    /// Returns where WebDriver requests go.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the browser's program.
    pub fn browser(&self) -> &Path {
        &self.browser
    }

    /// Returns the command line of another browser: without a window, with a profile of its own,
    /// and quiet towards the rest of the world.
    pub fn arguments(&self) -> Vec<String> {
        let number = self.profiles.fetch_add(1, Ordering::Relaxed);
        let profile = self.home.join(format!("profile-{number}"));
        let mut words = vec![format!("--user-data-dir={}", profile.display())];
        let more = [
            "--headless=new",
            "--disable-gpu",
            // It takes rights that neither root nor the users of a container have, and all that is looked
            // at is ours.
            "--no-sandbox",
            // The shared memory of a container is small.
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
            "--lang=en-US",
        ];
        words.extend(more.map(str::to_owned));
        words
    }
}

fn installed(program: &str, package: &str) -> Result<PathBuf> {
    find_program(program).ok_or_else(|| {
        Error::new(format!(
            "there is no `{program}` for tests in a browser (Debian: apt-get install {package}). \
             `cargo xtask test` installs what is missing on Debian."
        ))
    })
}

/// The port in `ChromeDriver was started successfully on port 40123.`
fn port_in(line: &str) -> Option<u16> {
    let (_, port) = line.split_once("started successfully on port ")?;
    port.trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_what_the_driver_says() {
        let line = "ChromeDriver was started successfully on port 40123.";
        assert_eq!(port_in(line), Some(40_123));
        assert_eq!(port_in("Starting ChromeDriver 156.0 on port 0"), None);
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let error = installed("no-such-browser", "a-package").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`no-such-browser`") && text.contains("apt-get install a-package"));
    }
}
