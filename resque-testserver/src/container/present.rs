//! A server in a container, by way of a Docker daemon.

use std::ffi::OsStr;
use std::future::Future;
use std::sync::OnceLock;
use std::thread;

use testcontainers::core::IntoContainerPort;
use testcontainers::runners::AsyncRunner;
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt, TestcontainersError,
};
use tokio::runtime::{Builder, Runtime};

use super::Image;
use crate::guard::Guard;
use crate::local::{PATIENCE, last_lines};
use crate::{Error, Result, poll_until, scratch};

/// How often other ports are tried when somebody was quicker.
const PORT_ATTEMPTS: u32 = 5;

/// Removes the container `$1`. The daemon is asked by its own client, else by plain HTTP.
const CLEAN_UP: &str = r#"
docker rm --force --volumes "$1" && exit
case "${DOCKER_HOST:-unix:///var/run/docker.sock}" in
unix://*) curl --silent --request DELETE --unix-socket "${DOCKER_HOST#unix://}" "http://docker/containers/$1?force=1&v=1" ;;
esac
"#;

/// One running container.
#[derive(Debug)]
pub(crate) struct Container {
    /// `None` only while it is being dropped.
    container: Option<Box<ContainerAsync<GenericImage>>>,
    // Removes the container too, if this process does not come to it.
    _guard: Guard,
}

impl Container {
    /// Starts a container and waits until `ready` says so, given the address that its ports are reached at.
    /// `image` is asked again when somebody else took one of its ports.
    pub(crate) fn start(
        mut image: impl FnMut() -> Result<Image>,
        ready: impl Fn(&str) -> bool,
    ) -> Result<(Self, String)> {
        let mut attempt = 1;
        let (container, guard) = loop {
            let image = image()?;
            // Named and guarded first: an attempt that fails half-way leaves a container behind.
            let name = format!("resque-test-{}-{:x}", std::process::id(), scratch::random());
            let guard = Guard::new(CLEAN_UP, &[OsStr::new(&name)])?;
            match wait_for(request(&image, &name).start()) {
                Ok(container) => break (container, guard),
                Err(cause) if attempt < PORT_ATTEMPTS && lost_its_port(&cause) => attempt += 1,
                Err(cause) => return Err(could_not("start", &image, cause)),
            }
        };
        let address = wait_for(container.get_host());
        let container = Self {
            container: Some(Box::new(container)),
            _guard: guard,
        };
        let address = address
            .map_err(|cause| failed("find", cause))?
            .to_string()
            .replace("localhost", "127.0.0.1");
        container.wait_until(|| ready(&address))?;
        Ok((container, address))
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.order("kill", |container| {
            wait_for(container.stop_with_timeout(Some(0)))
        })
    }

    pub(crate) fn restart(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        self.kill()?;
        self.order("restart", |container| wait_for(container.start()))?;
        self.wait_until(ready)
    }

    pub(crate) fn pause(&mut self) -> Result<()> {
        self.order("pause", |container| wait_for(container.pause()))
    }

    pub(crate) fn resume(&mut self) -> Result<()> {
        self.order("resume", |container| wait_for(container.unpause()))
    }

    fn order(
        &self,
        what: &str,
        order: impl FnOnce(
            &ContainerAsync<GenericImage>,
        ) -> std::result::Result<(), TestcontainersError>,
    ) -> Result<()> {
        let Some(container) = &self.container else {
            return Ok(());
        };
        order(container).map_err(|cause| failed(what, cause))
    }

    fn wait_until(&self, ready: impl Fn() -> bool) -> Result<()> {
        let answer = poll_until(PATIENCE, || match ready() {
            true => Some(true),
            false => (!self.is_running()).then_some(false),
        });
        let what = match answer {
            Some(true) => return Ok(()),
            Some(false) => "ended at once",
            None => "does not answer",
        };
        Err(Error::new(format!(
            "the server in the container {what}; its last words:\n{}",
            self.last_words()
        )))
    }

    fn is_running(&self) -> bool {
        let Some(container) = &self.container else {
            return false;
        };
        wait_for(container.is_running()).unwrap_or(false)
    }

    /// The end of the container's log, for an error message.
    fn last_words(&self) -> String {
        let Some(container) = &self.container else {
            return String::new();
        };
        let streams = [
            wait_for(container.stdout_to_vec()),
            wait_for(container.stderr_to_vec()),
        ];
        let text = streams.into_iter().flatten().flatten().collect::<Vec<_>>();
        last_lines(&text)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(container) = self.container.take() {
            // The guard tries again.
            let _ = wait_for(container.rm());
        }
    }
}

fn request(image: &Image, name: &str) -> ContainerRequest<GenericImage> {
    let mut request = GenericImage::new(image.name.to_owned(), image.tag.clone())
        .with_cmd(image.command.clone())
        .with_container_name(name);
    for (key, value) in &image.variables {
        request = request.with_env_var(key, value);
    }
    for (here, there) in &image.ports {
        request = request.with_mapped_port(*here, there.tcp());
    }
    for (here, there) in &image.files {
        request = request.with_copy_to(there.as_str(), here.as_path());
    }
    request
}

/// Runs a call of the Docker client to its end, whether or not the caller is inside an async runtime.
///
/// All calls share one runtime, because the client keeps connections that belong to it.
fn wait_for<F>(call: F) -> F::Output
where
    F: Future + Send,
    F::Output: Send,
{
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let builder = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        builder.expect("a runtime needs only a thread")
    });
    thread::scope(|scope| scope.spawn(|| runtime.block_on(call)).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn lost_its_port(error: &TestcontainersError) -> bool {
    let text = format!("{error:?}").to_lowercase();
    text.contains("port is already allocated") || text.contains("address already in use")
}

fn could_not(what: &str, image: &Image, cause: TestcontainersError) -> Error {
    Error::caused_by(
        format!(
            "could not {what} a container of {}:{}",
            image.name, image.tag
        ),
        cause,
    )
}

fn failed(what: &str, cause: TestcontainersError) -> Error {
    Error::caused_by(format!("could not {what} the container"), cause)
}
