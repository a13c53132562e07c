//! The HTTP interface as a process of its own: what is left when it is killed, and how it ends.

use std::process::Command;
use std::time::Duration;

use resque_testserver::Program;
use serde_json::{Value, json};

use crate::support::{Place, program};

/// How long a program may take for anything here.
const LIMIT: Duration = Duration::from_secs(30);

on_each_store! {
    leased_jobs_of_a_killed_server_come_back
    it_ends_with_a_signal_and_answers_whoever_waits
}

/// The interface in a process of its own.
struct Server {
    program: Program,
    address: String,
}

impl Server {
    fn start(place: &Place) -> Self {
        let mut command = program(&["http", "--listen", "127.0.0.1:0", "--json"]);
        command.env("RESQUE_URL", &place.url);
        let program = Program::start(command).unwrap();
        let told: Value = serde_json::from_str(&program.line(LIMIT).unwrap()).unwrap();
        let address = told["listening"].as_str().unwrap().to_owned();
        Self { program, address }
    }

    fn curl(&self, path: &str, body: &str) -> Command {
        let mut curl = resque_testserver::command("curl");
        curl.args(["-s", "-H", "Content-Type: application/json"]);
        curl.args([&format!("{}{path}", self.address), "-d", body]);
        curl
    }

    fn post(&self, path: &str, body: &str) -> String {
        let output = self.curl(path, body).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn lease(&self, query: &str) -> Vec<Value> {
        let told = self.post(&format!("/q/mails/lease?{query}"), "");
        let told: Value = serde_json::from_str(&told).unwrap();
        told["jobs"].as_array().unwrap().clone()
    }
}

fn numbers(jobs: &[Value]) -> Vec<u64> {
    let number = |job: &Value| job["job"]["n"].as_u64().unwrap();
    jobs.iter().map(number).collect()
}

fn leased_jobs_of_a_killed_server_come_back(place: &Place) {
    let mut first = Server::start(place);
    first.post("/qb/mails", r#"{"jobs":[{"n":1},{"n":2},{"n":3}]}"#);
    assert_eq!(numbers(&first.lease("max=2&ttl=2")), [1, 2]);
    first.program.kill().unwrap();
    let second = Server::start(place);
    let mut found = Vec::new();
    while found.len() < 3 {
        let jobs = second.lease("wait=20&max=10&ttl=600");
        assert!(!jobs.is_empty(), "only {found:?} came back");
        found.extend(jobs);
    }
    let mut came = numbers(&found);
    came.sort_unstable();
    assert_eq!(came, [1, 2, 3]);
    for job in &found {
        let lost = job["job"]["n"] != 3;
        assert_eq!(job["attempt"], if lost { 2 } else { 1 }, "{job}");
    }
    let receipts: Vec<&Value> = found.iter().map(|job| &job["receipt"]).collect();
    let acked = second.post("/lease/ack", &json!({ "receipts": receipts }).to_string());
    assert_eq!(acked, r#"{"done":3,"lost":[]}"#);
    let left = place.with(async |client, store| {
        let loans = store.queues().loans().unwrap();
        Ok((client.size("mails").await?, loans.count().await?))
    });
    assert_eq!(left, (0, 0));
}

fn it_ends_with_a_signal_and_answers_whoever_waits(place: &Place) {
    let mut server = Server::start(place);
    let mut curl = server.curl("/q/mails/lease?wait=300", "");
    let mut waiting = Program::start({
        curl.args(["-w", "\n"]);
        curl
    })
    .unwrap();
    // What comes later than the request is answered tells that it has arrived.
    server.post("/q/other", "{}");
    server.program.signal("TERM").unwrap();
    assert!(server.program.end(LIMIT).unwrap());
    if let Ok(line) = waiting.line(LIMIT) {
        assert_eq!(line, r#"{"jobs":[]}"#);
    }
    waiting.end(LIMIT).unwrap();
}
