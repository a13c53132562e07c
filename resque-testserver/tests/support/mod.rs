//! What the tests of both servers need.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Runs one ignored test of this test program in a process of its own and gives the first line that it
/// prints with `prefix`, while the process goes on.
pub(crate) fn run_apart(test: &str, prefix: &str) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            test,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix(prefix).map(str::to_owned));
    (child, line.expect("the process prints the line"))
}

/// Blocks until the process is killed; what [`run_apart`] runs ends with it.
pub(crate) fn wait_to_be_killed() {
    let _ = std::io::stdin().read_line(&mut String::new());
}
