//! On a Redis server.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use resque_testserver::{Redis, RedisServer};

use crate::program::{Dev, resque};

fn server() -> RedisServer {
    Redis::new().start().expect("a server starts")
}

/// Says a command to the server, as any program may.
fn say(server: &RedisServer, command: &str) -> String {
    let url = server.url();
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("the server is there");
    write!(stream, "{command}\r\n").expect("the server reads");
    let mut answer = String::new();
    let mut answers = BufReader::new(stream);
    answers.read_line(&mut answer).expect("the server answers");
    answer.trim_end().to_owned()
}

#[test]
fn it_does_the_same_on_a_server_in_a_namespace_of_its_own() {
    let server = server();
    let mut dev = Dev::start(&["--url", &server.url()]);
    dev.wait_for(&["store", "namespace=resque-dev"]);
    dev.wait_for(&["progress", "Slow", "1/"]);
    dev.signal("INT");
    let ended = dev.end();
    assert!(ended.status.success(), "{}", ended.errors);
    assert_eq!(say(&server, "GET resque-dev:stat:failed"), "$1");
    assert_eq!(say(&server, "EXISTS resque:queues"), ":0");
    // What ran is back in its queue, and nobody is registered any more.
    assert_eq!(say(&server, "EXISTS resque-dev:queue:slow"), ":1");
    assert_eq!(say(&server, "SCARD resque-dev:workers"), ":0");
}

#[test]
fn it_performs_jobs_of_other_programs() {
    let server = server();
    let url = server.url();
    let server_string = url.trim_start_matches("redis://").trim_end_matches('/');
    let job = r#""{\"class\":\"Quick\",\"queue\":\"mail\",\"args\":[\"Node\"]}""#;
    say(&server, "SADD resque:queues mail");
    say(&server, &format!("RPUSH resque:queue:mail {job}"));
    let args = [
        "--url",
        server_string,
        "--namespace",
        "resque",
        "--queues",
        "*",
    ];
    let dev = Dev::start(&args);
    let ended = dev.end_of_input();
    assert!(ended.status.success(), "{}", ended.errors);
    assert_eq!(ended.lines_of("enqueued").len(), 0, "{:#?}", ended.lines);
    let progress = ended.lines_of("progress").join("");
    assert!(progress.ends_with("hello, Node"), "{progress}");
    assert_eq!(say(&server, "LLEN resque:queue:mail"), ":0");
}

#[test]
fn a_server_that_restarts_costs_waiting_and_no_worker() {
    let mut server = server();
    let mut dev = Dev::start(&["--url", &server.url(), "--empty"]);
    dev.wait_for(&["working"]);
    server.kill().unwrap();
    dev.wait_for(&["outage", "trying again"]);
    server.restart().unwrap();
    dev.wait_for(&["back"]);
    dev.write("Quick [\"again\"]\n");
    dev.wait_for(&["hello, again"]);
    dev.signal("INT");
    assert!(dev.end().status.success());
}

#[test]
fn a_dead_server_is_named() {
    let mut server = server();
    let url = server.url();
    server.kill().unwrap();
    let output = resque(&["dev", "--url", &url]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    let place = url.trim_start_matches("redis://").trim_end_matches('/');
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(
        errors.contains("without --url") && errors.contains(place),
        "{errors}"
    );
    assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
}
