//! `resque web`, which needs no store of a server to be tried.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::support::{Run, assert_has, program};

/// A running `resque web`.
struct Web {
    child: Child,
    address: String,
}

impl Web {
    fn start(args: &[&str]) -> Self {
        let args = [
            &["web", "--url", "memory:", "--listen", "127.0.0.1:0"],
            args,
        ]
        .concat();
        let mut child = program(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        let address = address.split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    fn get(&self, path: &str, more: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let address = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{more}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_shows_the_store_until_it_is_asked_to_stop() {
    let mut web = Web::start(&["--base-path", "/jobs", "--allow-host", "jobs.example"]);
    assert_has(
        &web.get("/jobs/overview", ""),
        &["HTTP/1.1 200", "href=\"/jobs/queues\""],
    );
    assert_has(&web.get("/overview", ""), &["HTTP/1.1 200"]);
    assert_has(&web.get("/healthz", ""), &["HTTP/1.1 200"]);
    // A page that is kept up to date does not keep the program from ending.
    let mut live = TcpStream::connect(&web.address).unwrap();
    let address = &web.address;
    write!(live, "GET /live HTTP/1.1\r\nhost: {address}\r\n\r\n").unwrap();
    let mut first = [0; 12];
    live.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let pid = rustix::process::Pid::from_raw(web.child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(web.child.wait().unwrap().success());
}

#[test]
fn it_asks_for_what_the_files_say() {
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (password, token) = (file("password", "lovelace\n"), file("token", "machine"));
    let empty = file("empty", "\n");
    let web = Web::start(&[
        "--basic-user",
        "ada",
        "--basic-password-file",
        &password,
        "--bearer-file",
        &token,
    ]);
    assert_has(
        &web.get("/overview", ""),
        &["HTTP/1.1 401", "www-authenticate: Basic"],
    );
    let ada = "authorization: Basic YWRhOmxvdmVsYWNl\r\n";
    assert_has(&web.get("/overview", ada), &["HTTP/1.1 200"]);
    let machine = "authorization: Bearer machine\r\n";
    assert_has(
        &web.get("/metrics", machine),
        &["HTTP/1.1 200", "resque_workers 0"],
    );
    let args = ["web", "--url", "memory:", "--bearer-file", &empty];
    assert_has(
        &Run::of(program(&args).output()).bad(2),
        &["--bearer-file", "empty"],
    );
}

#[test]
fn it_counts_wrong_logins_by_whom_a_trusted_proxy_speaks_for() {
    let files = tempfile::tempdir().unwrap();
    let token = files.path().join("token");
    std::fs::write(&token, "machine").unwrap();
    let file = ["--bearer-file", token.to_str().unwrap()];
    let proxy = ["--trusted-proxy", "192.0.2.0/24,127.0.0.1"];
    let guess = |web: &Web, client: &str| {
        let login = "authorization: Bearer guess\r\n";
        let answer = web.get(
            "/overview",
            &format!("{login}x-forwarded-for: {client}\r\n"),
        );
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let web = Web::start(&[file, proxy].concat());
    for _ in 0..10 {
        assert_eq!(guess(&web, "198.51.100.1"), "401");
    }
    assert_eq!(guess(&web, "203.0.113.5, 198.51.100.1"), "429");
    // A few may share the counter by chance, not all.
    let mut others = (1..=8).map(|number| guess(&web, &format!("203.0.113.{number}")));
    assert!(others.any(|status| status == "401"));
    let web = Web::start(&file);
    for number in 0..10 {
        guess(&web, &format!("198.51.100.{number}"));
    }
    assert_eq!(guess(&web, "203.0.113.5"), "429");
    let everybody = ["web", "--url", "memory:", "--trusted-proxy", "0.0.0.0/0"];
    assert_has(
        &Run::of(program(&everybody).output()).bad(2),
        &["--trusted-proxy", "everybody"],
    );
}

#[test]
fn it_does_not_start_under_a_path_that_cannot_be_one() {
    let args = ["web", "--url", "memory:", "--base-path", "/queues"];
    let told = Run::of(program(&args).output()).bad(2);
    assert_has(&told, &["\"/queues\"", "a page of the dashboard", "/jobs"]);
}

#[test]
fn it_does_not_start_open_to_everybody() {
    let args = ["web", "--url", "memory:", "--listen", "0.0.0.0:0"];
    let told = Run::of(program(&args).output()).bad(2);
    assert_has(&told, &["0.0.0.0:0", "password", "127.0.0.1"]);
}
