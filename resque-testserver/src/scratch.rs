//! Temporary directories, free ports and names.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{self, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::{env, fs, io, process};

use crate::{Error, Result};

/// Ports below those that systems hand out to outgoing connections. A client that keeps dialling a server
/// which is down would otherwise be given the server's own port sooner or later, and reach itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Where temporary files go if the chosen directory does not do.
const USUAL: &str = "/tmp";

/// The longest path of a directory that does: below it are sockets, and the path of a socket has no more
/// than 104 bytes on some systems.
const LONGEST: usize = 60;

/// Returns where temporary files of tests go: the system's choice, or else `/tmp`, if sockets have no room
/// there, or the users do not get there that root drops to.
pub fn temporary() -> PathBuf {
    let chosen = path::absolute(env::temp_dir());
    let chosen = chosen.ok().filter(|chosen| does(chosen));
    chosen.unwrap_or_else(|| USUAL.into())
}

fn does(directory: &Path) -> bool {
    has_room(directory) && (!is_root() || directory.ancestors().all(is_open))
}

fn has_room(directory: &Path) -> bool {
    directory.as_os_str().len() <= LONGEST
}

/// Whether everybody gets to what is in a directory.
fn is_open(directory: &Path) -> bool {
    const SEARCH: u32 = 0o001;
    directory
        .metadata()
        .is_ok_and(|about| about.mode() & SEARCH != 0)
}

/// Whether this process is root's: what it makes itself is.
fn is_root() -> bool {
    let own = Path::new("/proc/self");
    own.metadata().is_ok_and(|process| process.uid() == 0)
}

/// Creates an empty directory that no other process uses.
pub(crate) fn directory() -> Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = temporary().join(format!("resque-test-{}-{number}", process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            // Left behind by an earlier process with this id.
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
            Err(cause) => {
                return Err(Error::caused_by(
                    format!("could not create {}", path.display()),
                    cause,
                ));
            }
        }
    }
}

/// Finds a loopback port that nobody listens on, each time another one: a server that is down for a while finds
/// its own again. Another process may take it before the caller does.
pub(crate) fn free_port() -> Result<u16> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let width = u64::from(PORTS.end - PORTS.start);
    let candidates = (0..1_000).map(|_| {
        let offset = u16::try_from(random() % width).expect("less than the width of a u16 range");
        PORTS.start + offset
    });
    let port = first_free(candidates.filter(|port| !given.contains(port)))?;
    given.insert(port);
    Ok(port)
}

fn first_free(mut candidates: impl Iterator<Item = u16>) -> Result<u16> {
    candidates
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(|| Error::new("no free loopback port"))
}

/// The standard library's hasher keys are its only source of randomness.
pub(crate) fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

/// Returns a text that no other run of tests has, to name what this one makes on a server that others
/// use too, or use later. (Numbers of processes are the same in every container.)
pub fn this_run() -> &'static str {
    static RUN: LazyLock<String> = LazyLock::new(|| format!("{:08x}", random() >> 32));
    &RUN
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn directories_are_new_and_empty() {
        let (one, other) = (directory().unwrap(), directory().unwrap());
        assert_ne!(one, other);
        for path in [one, other] {
            assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
            fs::remove_dir(path).unwrap();
        }
    }

    #[test]
    fn a_run_keeps_its_name() {
        assert_eq!(this_run().len(), 8);
        assert_eq!(this_run(), this_run());
    }

    #[test]
    fn sockets_have_room_in_temporary_directories_and_every_server_gets_there() {
        assert!(temporary().is_absolute() && does(Path::new(USUAL)));
        assert!(has_room(Path::new(&"d".repeat(LONGEST))));
        assert!(!does(Path::new(&format!("/{}", "d".repeat(LONGEST)))));
        let made = directory().unwrap();
        for (mode, open) in [(0o701, true), (0o770, false)] {
            fs::set_permissions(&made, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open(&made), open, "{mode:o}");
        }
        fs::remove_dir(made).unwrap();
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let held = held
            .local_addr()
            .map(|address| (address.port(), held))
            .unwrap();
        let free = free_port().unwrap();
        assert!(PORTS.contains(&free));
        assert_eq!(first_free([held.0, free].into_iter()).unwrap(), free);
        assert!(first_free([held.0].into_iter()).is_err());
    }
}
