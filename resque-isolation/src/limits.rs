//! How much of the machine a job may use.

use std::time::Duration;

/// How much of the machine the process of a job may use; nothing is limited unless it is said.
///
/// ```
/// use std::time::Duration;
/// use resque_isolation::Limits;
///
/// let limits = Limits::new()
///     .address_space(512 << 20)
///     .cpu_time(Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    address_space: Option<u64>,
    cpu_seconds: Option<u64>,
}

impl Limits {
    /// No limits.
    pub const fn new() -> Self {
        Self {
            address_space: None,
            cpu_seconds: None,
        }
    }

    /// The process may have so many bytes of address space; allocations beyond fail, which ends a
    /// Rust program with SIGABRT.
    pub const fn address_space(mut self, bytes: u64) -> Self {
        self.address_space = Some(bytes);
        self
    }

    /// A job may use so much time of the processor, counted in started seconds; then its process
    /// gets SIGXCPU.
    pub const fn cpu_time(mut self, time: Duration) -> Self {
        let started = time.as_secs() + (time.subsec_nanos() > 0) as u64;
        self.cpu_seconds = Some(started);
        self
    }
}

/// The limits as they travel to a child, in an argument.
#[cfg(target_os = "linux")]
impl Limits {
    pub(crate) fn to_argument(self) -> String {
        let number = |limit: Option<u64>| limit.map_or_else(String::new, |limit| limit.to_string());
        format!(
            "{}/{}",
            number(self.address_space),
            number(self.cpu_seconds)
        )
    }

    pub(crate) fn from_argument(argument: &str) -> Option<Self> {
        let number = |text: &str| match text {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let (address_space, cpu_seconds) = argument.split_once('/')?;
        Some(Self {
            address_space: number(address_space)?,
            cpu_seconds: number(cpu_seconds)?,
        })
    }

    /// Limits the address space of this process for good.
    pub(crate) fn confine(self) -> std::io::Result<()> {
        if let Some(bytes) = self.address_space {
            set(rustix::process::Resource::As, bytes)?;
        }
        Ok(())
    }

    /// Gives this process its time from now on. What it has used before does not count.
    pub(crate) fn grant_time(self) -> std::io::Result<()> {
        if let Some(seconds) = self.cpu_seconds {
            let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
            let used = u64::try_from(used.tv_sec).unwrap_or_default();
            let used = used + u64::from(used > 0);
            set(rustix::process::Resource::Cpu, used.saturating_add(seconds))?;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn set(resource: rustix::process::Resource, limit: u64) -> std::io::Result<()> {
    let mut limits = rustix::process::getrlimit(resource);
    limits.current = Some(limits.maximum.map_or(limit, |maximum| maximum.min(limit)));
    Ok(rustix::process::setrlimit(resource, limits)?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn limits_survive_the_way_to_a_child() {
        let all = Limits::new()
            .address_space(1 << 40)
            .cpu_time(Duration::from_millis(1_500));
        assert_eq!(all.to_argument(), "1099511627776/2");
        for limits in [all, Limits::new(), Limits::new().address_space(1)] {
            assert_eq!(Limits::from_argument(&limits.to_argument()), Some(limits));
        }
        assert_eq!(Limits::from_argument("a/1"), None);
        assert_eq!(Limits::from_argument("1"), None);
    }
}
