//! The servers are real: they are asked by plain sockets, in the protocol's simplest form.

#![expect(clippy::unwrap_used, reason = "in a test a panic is how it fails")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use resque_testserver::{PgBouncer, Postgres, Source, poll_until, shared_postgres};

const LONG: Duration = Duration::from_secs(20);

/// The kinds of the messages that matter here.
const AUTHENTICATION: u8 = b'R';
const DATA_ROW: u8 = b'D';
const ERROR: u8 = b'E';
const READY: u8 = b'Z';

/// A connection without a password.
struct Client(TcpStream);

impl Client {
    /// Connects, and gives the authentication that the server asks for (0 is none).
    fn connect(url: &str) -> (Self, u32) {
        let stream = TcpStream::connect(address(url)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let mut client = Self(stream);
        client.send(&[], b"\0\x03\0\0user\0postgres\0database\0postgres\0\0");
        let (kind, body) = client.receive();
        assert_eq!(kind, AUTHENTICATION, "{}", String::from_utf8_lossy(&body));
        (client, u32::from_be_bytes(body[..4].try_into().unwrap()))
    }

    fn send(&mut self, kind: &[u8], body: &[u8]) {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        self.0.write_all(&[kind, &length, body].concat()).unwrap();
    }

    fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 5];
        self.0.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) - 4;
        let mut body = vec![0; length.try_into().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        (head[0], body)
    }

    /// Receives until the server is ready for a statement; gives the message of `kind`, if there was one.
    fn until_ready(&mut self, wanted: u8) -> Option<Vec<u8>> {
        let mut found = None;
        loop {
            match self.receive() {
                (READY, _) => return found,
                (ERROR, body) => panic!("{}", String::from_utf8_lossy(&body)),
                (kind, body) if kind == wanted => found = Some(body),
                _ => {}
            }
        }
    }
}

/// Runs one statement and returns the first column of its last row.
fn ask(url: &str, statement: &str) -> Option<String> {
    let (mut client, authentication) = Client::connect(url);
    assert_eq!(authentication, 0, "the server trusts everybody");
    client.until_ready(0);
    client.send(b"Q", format!("{statement}\0").as_bytes());
    let row = client.until_ready(DATA_ROW)?;
    // The number of columns and the length of the first come before it.
    let length = u32::from_be_bytes(row[2..6].try_into().unwrap());
    let end = 6 + usize::try_from(length).unwrap();
    Some(String::from_utf8(row[6..end].to_vec()).unwrap())
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
    if one.source() != Source::Environment {
        assert_eq!(ask(one.url(), "select 1 + 1").as_deref(), Some("2"));
    }
}

#[test]
fn a_private_server_is_another_one_and_obeys_its_settings() {
    let private = Postgres::new()
        .setting("max_connections", "7")
        .start()
        .unwrap();
    assert_ne!(private.url(), shared_postgres().unwrap().url());
    assert_ne!(private.source(), Source::Environment);
    assert_eq!(
        ask(private.url(), "show max_connections").as_deref(),
        Some("7")
    );
}

#[test]
fn a_password_is_asked_for_and_is_in_the_url() {
    let server = Postgres::new().password("se cret/1").start().unwrap();
    assert!(
        server
            .url()
            .starts_with("postgres://postgres:se%20cret%2F1@"),
        "{}",
        server.url()
    );
    let (_, authentication) = Client::connect(server.url());
    assert_eq!(authentication, 10, "SCRAM");
}

#[test]
fn a_killed_server_refuses_and_comes_back_on_the_same_port_with_its_data() {
    let mut server = Postgres::new().start().unwrap();
    ask(server.url(), "create table kept as select 42 as n");
    server.kill().unwrap();
    assert!(TcpStream::connect(address(server.url())).is_err());
    server.restart().unwrap();
    assert_eq!(
        ask(server.url(), "select n from kept").as_deref(),
        Some("42")
    );
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

#[test]
fn a_pooler_lends_sessions_to_transactions() {
    let server = Postgres::new().start().unwrap();
    let pooler = PgBouncer::before(&server, &["default_pool_size = 1"]).unwrap();
    // What a session keeps, the next client finds, and it is another one's.
    ask(pooler.url(), "set work_mem = '7MB'");
    assert_eq!(ask(pooler.url(), "show work_mem").as_deref(), Some("7MB"));
    assert_ne!(ask(server.url(), "show work_mem").as_deref(), Some("7MB"));
}

#[test]
fn a_standby_follows_refuses_and_takes_over() {
    let server = Postgres::new().on_this_machine().start().unwrap();
    let standby = server.standby().unwrap();
    ask(server.url(), "create table kept as select 42 as n");
    let followed = "select count(*) from pg_class where relname = 'kept'";
    let came = poll_until(LONG, || {
        (ask(standby.url(), followed).as_deref() == Some("1")).then_some(())
    });
    assert!(came.is_some(), "the standby does not follow");
    let recovers = "select pg_is_in_recovery()";
    assert_eq!(ask(standby.url(), recovers).as_deref(), Some("t"));
    drop(server);
    assert_eq!(
        ask(standby.url(), "select pg_promote()").as_deref(),
        Some("t")
    );
    ask(standby.url(), "insert into kept values (43)");
    let sum = ask(standby.url(), "select sum(n) from kept");
    assert_eq!(sum.as_deref(), Some("85"));
}
