//! The servers are real: they are asked by `psql` where it is there, else by the protocol's first message.

#![expect(clippy::unwrap_used, reason = "in a test a panic is how it fails")]

mod support;

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use resque_testserver::{
    Postgres, Source, find_postgres, find_program, poll_until, shared_postgres,
};

const LONG: Duration = Duration::from_secs(20);

/// Runs one statement and returns what it printed, or what went wrong.
fn ask(url: &str, statement: &str) -> Result<String, String> {
    let beside_the_server = || find_postgres().map(|directory| directory.join("psql"));
    let psql: PathBuf = find_program("psql")
        .or_else(beside_the_server)
        .expect("psql is installed");
    let output = Command::new(psql)
        .args([
            "--no-psqlrc",
            "--no-align",
            "--tuples-only",
            "--no-password",
        ])
        .args(["--command", statement, url])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

fn address(url: &str) -> String {
    url.rsplit('@')
        .next()
        .unwrap()
        .trim_end_matches("/postgres")
        .to_owned()
}

#[test]
fn tests_of_one_process_share_a_server() {
    let (one, other) = (shared_postgres().unwrap(), shared_postgres().unwrap());
    assert_eq!(one.url(), other.url());
    assert_eq!(ask(one.url(), "select 1 + 1").unwrap(), "2");
}

#[test]
fn a_private_server_is_another_one_and_obeys_its_settings() {
    let private = Postgres::new()
        .setting("max_connections", "7")
        .start()
        .unwrap();
    assert_ne!(private.url(), shared_postgres().unwrap().url());
    assert_ne!(private.source(), Source::Environment);
    assert_eq!(ask(private.url(), "show max_connections").unwrap(), "7");
}

#[test]
fn a_password_is_asked_for_and_is_in_the_url() {
    let server = Postgres::new().password("se cret/1").start().unwrap();
    assert_eq!(
        ask(server.url(), "select current_user").unwrap(),
        "postgres"
    );
    let without = server.url().replace(":se%20cret%2F1@", "@");
    assert!(ask(&without, "select 1").is_err_and(|words| words.contains("password")));
}

#[test]
fn a_killed_server_refuses_and_comes_back_on_the_same_port_with_its_data() {
    let mut server = Postgres::new().start().unwrap();
    ask(server.url(), "create table kept as select 42 as n").unwrap();
    server.kill().unwrap();
    assert!(TcpStream::connect(address(server.url())).is_err());
    server.restart().unwrap();
    assert_eq!(ask(server.url(), "select n from kept").unwrap(), "42");
}

#[test]
fn a_bad_setting_fails_with_the_words_of_the_server() {
    let error = Postgres::new()
        .setting("no_such_setting", "1")
        .start()
        .unwrap_err();
    assert!(
        format!("{error:?}").contains("no_such_setting"),
        "{error:?}"
    );
}

#[test]
fn a_server_ends_with_its_test_process_even_if_that_is_killed() {
    let (mut process, address) = support::run_apart("holds_a_server", "server: ");
    assert!(TcpStream::connect(&address).is_ok());
    process.kill().unwrap();
    process.wait().unwrap();
    let gone = poll_until(LONG, || TcpStream::connect(&address).is_err().then_some(()));
    assert!(gone.is_some(), "the server outlived the process");
}

#[test]
#[ignore = "run by a_server_ends_with_its_test_process_even_if_that_is_killed"]
fn holds_a_server() {
    let server = Postgres::new().start().unwrap();
    println!("\nserver: {}", address(server.url()));
    support::wait_to_be_killed();
}
