//! top, at a terminal.

use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use resque_testserver::poll_until;

use crate::support::Place;

const PATIENCE: Duration = Duration::from_secs(60);
/// Where a program begins to draw on a screen of its own, and where it gives back the one before.
const OPENS: &str = "\x1b[?1049h";
const CLOSES: &str = "\x1b[?1049l";

#[test]
fn top_draws_on_a_terminal_what_changes_and_leaves_it_as_it_was() {
    let place = Place::redis("top");
    place.told(&["enqueue", "Archive", "44", "-q", "files"]);
    let top = format!(
        "stty cols 100 rows 30; exec '{}' top --every 200ms",
        env!("CARGO_BIN_EXE_resque")
    );
    let mut child = resque_testserver::command("script")
        .args(["--quiet", "--flush", "--return", "--command", &top])
        .arg("/dev/null")
        .env("RESQUE_URL", &place.url)
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is `script`, of util-linux, which has pseudo-terminals");
    let (mut keys, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let screen = Arc::new(Mutex::new(Vec::new()));
    let drawn = screen.clone();
    let reader = std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            drawn.lock().unwrap().extend(&bytes[..count]);
        }
    });
    let shown = || String::from_utf8_lossy(&screen.lock().unwrap()).into_owned();
    let wait_for = |part: &str| {
        let found = poll_until(PATIENCE, || shown().contains(part).then_some(()));
        assert!(found.is_some(), "no {part:?} in {:?}", shown());
    };
    wait_for(OPENS);
    wait_for("files");
    place.told(&["enqueue", "Letter", "-q", "letters"]);
    wait_for("letters");
    assert!(!shown().contains(CLOSES));
    keys.write_all(b"q").unwrap();
    let ended = poll_until(PATIENCE, || child.try_wait().unwrap());
    assert!(ended.expect("q ends it").success());
    reader.join().unwrap();
    assert!(shown().contains(CLOSES), "{:?}", shown());
}
