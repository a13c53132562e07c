//! The servers are real: they are asked by plain sockets.

#![expect(clippy::unwrap_used, reason = "in a test a panic is how it fails")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use resque_testserver::{Redis, RedisServer, Source, poll_until, shared_redis};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

/// Sends one inline command and returns the whole answer, or `None` if none came within `patience`.
fn ask_within(patience: Duration, server: &RedisServer, command: &str) -> Option<String> {
    let address = server
        .url()
        .trim_start_matches("redis://")
        .trim_end_matches('/')
        .to_owned();
    let address = address.rsplit('@').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(patience)).unwrap();
    stream
        .write_all(format!("{command}\r\nQUIT\r\n").as_bytes())
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn ask(server: &RedisServer, command: &str) -> String {
    ask_within(LONG, server, command).expect("an answer")
}

#[test]
fn tests_of_one_process_share_a_server() {
    let (one, other) = (shared_redis().unwrap(), shared_redis().unwrap());
    assert_eq!(one.url(), other.url());
    assert!(ask(one, "PING").starts_with("+PONG"));
}

#[test]
fn a_private_server_is_another_one() {
    let private = Redis::new().start().unwrap();
    assert_ne!(private.url(), shared_redis().unwrap().url());
    assert_ne!(private.source(), Source::Environment);
}

#[test]
fn a_password_is_asked_for_and_is_in_the_url() {
    let server = Redis::new().password("se cret/1").start().unwrap();
    assert!(ask(&server, "GET key").starts_with("-NOAUTH"));
    assert!(
        server.url().starts_with("redis://:se%20cret%2F1@"),
        "{}",
        server.url()
    );
}

#[test]
fn memory_and_other_settings_reach_the_server() {
    let options = Redis::new()
        .max_memory("3mb", "noeviction")
        .argument("--databases")
        .argument("3");
    let server = options.start().unwrap();
    assert!(ask(&server, "CONFIG GET maxmemory").contains("3145728"));
    assert!(ask(&server, "CONFIG GET maxmemory-policy").contains("noeviction"));
    assert!(ask(&server, "CONFIG GET databases").contains("$1\r\n3\r\n"));
}

#[test]
fn a_killed_server_refuses_and_comes_back_on_the_same_port_empty() {
    let mut server = Redis::new().start().unwrap();
    assert!(ask(&server, "SET key value").starts_with("+OK"));
    let url = server.url();
    server.kill().unwrap();
    assert_eq!(ask_within(SHORT, &server, "PING"), None);
    server.restart().unwrap();
    assert_eq!(server.url(), url);
    assert!(ask(&server, "GET key").starts_with("$-1"));
}

#[test]
fn an_append_only_server_finds_its_data_after_a_kill() {
    let mut server = Redis::new().append_only().start().unwrap();
    assert!(ask(&server, "SET key value").starts_with("+OK"));
    server.kill().unwrap();
    server.restart().unwrap();
    assert!(ask(&server, "GET key").contains("value"));
}

#[test]
fn a_paused_server_gives_no_answer_until_it_goes_on() {
    let mut server = Redis::new().start().unwrap();
    server.pause().unwrap();
    assert_eq!(ask_within(SHORT, &server, "PING"), None);
    server.resume().unwrap();
    assert!(ask(&server, "PING").starts_with("+PONG"));
}

#[test]
fn a_paused_server_can_be_killed() {
    let mut server = Redis::new().start().unwrap();
    server.pause().unwrap();
    server.kill().unwrap();
    assert_eq!(ask_within(SHORT, &server, "PING"), None);
}

#[test]
fn a_server_with_tls_serves_a_certificate_that_its_authority_signed() {
    let server = Redis::new().tls().start().unwrap();
    let url = server.tls_url().unwrap();
    let output = std::process::Command::new("openssl")
        .args([
            "s_client",
            "-verify_return_error",
            "-connect",
            url.trim_start_matches("rediss://"),
        ])
        .arg("-CAfile")
        .arg(server.authority().unwrap())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(ask(&server, "PING").starts_with("+PONG"));
}

#[test]
fn a_server_has_a_unix_socket() {
    let mut server = Redis::new().start().unwrap();
    let ask = |server: &RedisServer| {
        let mut stream = UnixStream::connect(server.unix_socket().unwrap()).ok()?;
        stream.write_all(b"PING\r\nQUIT\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    };
    assert_eq!(ask(&server).as_deref(), Some("+PONG\r\n+OK\r\n"));
    server.kill().unwrap();
    assert!(ask(&server).is_none_or(|answer| answer.is_empty()));
}

#[test]
fn a_bad_setting_fails_with_the_words_of_the_server() {
    let error = Redis::new()
        .argument("--no-such-setting")
        .argument("1")
        .start()
        .unwrap_err();
    let text = format!("{error:?}");
    assert!(
        text.contains("no-such-setting") || text.contains("Bad directive"),
        "{text}"
    );
}

#[test]
fn dropping_a_server_ends_it_and_removes_its_directory() {
    let server = Redis::new().start().unwrap();
    let directory = server
        .unix_socket()
        .map(|socket| socket.parent().unwrap().to_owned());
    let address = server.url().replace("redis://", "");
    drop(server);
    assert!(TcpStream::connect(address).is_err());
    assert!(directory.is_none_or(|directory| !directory.exists()));
}

#[test]
fn a_server_ends_with_its_test_process_even_if_that_is_killed() {
    let (mut process, line) = support::run_apart("holds_a_server", "server: ");
    let (address, socket) = line.split_once(' ').unwrap();
    assert!(TcpStream::connect(address).is_ok());
    process.kill().unwrap();
    process.wait().unwrap();
    let gone = poll_until(LONG, || {
        let directory = Path::new(socket).parent();
        let is_left = directory.is_some_and(Path::exists) || TcpStream::connect(address).is_ok();
        (!is_left).then_some(())
    });
    assert!(
        gone.is_some(),
        "the server or its directory outlived the process"
    );
}

#[test]
#[ignore = "run by a_server_ends_with_its_test_process_even_if_that_is_killed"]
fn holds_a_server() {
    let server = Redis::new().start().unwrap();
    let socket = server.unix_socket().unwrap_or_default();
    println!(
        "\nserver: {} {}",
        server.url().replace("redis://", ""),
        socket.display()
    );
    support::wait_to_be_killed();
}

#[tokio::test]
async fn servers_can_be_started_and_dropped_inside_an_async_runtime() {
    let mut server = Redis::new().start().unwrap();
    server.restart().unwrap();
    assert!(ask(&server, "PING").starts_with("+PONG"));
}
