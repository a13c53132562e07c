//! The title of a process, which `ps` shows in place of its command line.
//!
//! On Linux a title is written over the arguments of the process, and so is as long as those at
//! most. It is written through the file of the process' own memory, which takes no unsafe code and
//! no privilege. Elsewhere, and where the system refuses, titles are left alone.

use std::time::{SystemTime, UNIX_EPOCH};

/// The title of this process, in Resque's form: `<prefix>resque-<version>: <text>`.
#[derive(Clone, Debug)]
pub struct ProcessTitle {
    prefix: String,
    place: Option<Place>,
}

/// Where the arguments stand in memory.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u64,
    length: usize,
}

impl ProcessTitle {
    /// A title that begins with this prefix.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: format!("{prefix}resque-{}: ", env!("CARGO_PKG_VERSION")),
            place: place(),
        }
    }

    /// Shows a text.
    pub fn show(&self, text: &str) {
        if let Some(place) = self.place {
            let title = format!("{}{text}", self.prefix);
            if let Err(error) = place.write(title.as_bytes()) {
                tracing::debug!(%error, "the title of the process could not be written");
            }
        }
    }

    /// Shows which queue's jobs are performed: `Processing mail since 1795216845 [Send]`.
    pub fn show_processing(&self, queue: &str, since: SystemTime, class: Option<&str>) {
        let since = seconds(since);
        match class {
            Some(class) => self.show(&format!("Processing {queue} since {since} [{class}]")),
            None => self.show(&format!("Processing {queue} since {since}")),
        }
    }

    /// Shows which child was given a job: `Forked 4711 at 1795216845`.
    pub fn show_forked(&self, pid: u32, at: SystemTime) {
        self.show(&format!("Forked {pid} at {}", seconds(at)));
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// The place of the arguments of this process.
#[cfg(target_os = "linux")]
fn place() -> Option<Place> {
    place_in(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

#[cfg(not(target_os = "linux"))]
fn place() -> Option<Place> {
    None
}

/// The place of the arguments, the 48th and 49th field of the line about a process. The second one,
/// its name in parentheses, may hold anything.
#[cfg(any(target_os = "linux", test))]
fn place_in(stat: &str) -> Option<Place> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(45);
    let (start, end): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let length = usize::try_from(end.checked_sub(start)?).ok()?;
    (start > 0 && length > 1).then_some(Place { start, length })
}

impl Place {
    /// Writes a title, cut to what there is room for; the rest is filled with zeros, so that every
    /// argument stays a text with an end.
    fn write(self, title: &[u8]) -> std::io::Result<()> {
        use std::io::{Seek, SeekFrom, Write};

        let mut bytes = vec![0; self.length];
        let kept = title.len().min(self.length - 1);
        bytes[..kept].copy_from_slice(&title[..kept]);
        let mut memory = std::fs::OpenOptions::new()
            .write(true)
            .open("/proc/self/mem")?;
        memory.seek(SeekFrom::Start(self.start))?;
        memory.write_all(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_found_behind_any_name() {
        let fields: Vec<String> = (3..=52).map(|field| (field * 1_000).to_string()).collect();
        let stat = format!("1 (a) b (c)) {}", fields.join(" "));
        let place = place_in(&stat).unwrap();
        assert_eq!((place.start, place.length), (48_000, 1_000));
        assert!(place_in("1 (a) S 1 2").is_none());
        assert!(place_in("").is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_title_is_what_others_see() {
        let shown = || std::fs::read_to_string("/proc/self/cmdline").unwrap();
        ProcessTitle::new("app-").show("Waiting for mail");
        let wanted = concat!(
            "app-resque-",
            env!("CARGO_PKG_VERSION"),
            ": Waiting for mail"
        );
        let shown = shown();
        let shown = shown.trim_end_matches('\0');
        assert!(wanted.starts_with(shown) && shown.len() > 10, "{shown:?}");
    }
}
