//! The program as it is, on one store after another.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use resque::postgres::{Config, Migrator};

/// Runs the program with the URL that a deployment would set, and answers what it says; several slots
/// work at the same time, so what they say is put in order.
fn run(url: Option<&str>) -> String {
    let mut program = resque_testserver::command(env!("CARGO_BIN_EXE_backend-by-environment"));
    if let Some(url) = url {
        program.env("RESQUE_URL", url);
    }
    let output = program.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let said = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<&str> = said.lines().collect();
    // The last line is the sum.
    if let Some((_, sent)) = lines.split_last_mut() {
        sent.sort_unstable();
    }
    lines.join("\n")
}

/// What it says on the backend of this name.
fn expected(name: &str) -> String {
    let sent: String = (1..=3)
        .map(|number| format!("sent invoice {number}\n"))
        .collect();
    format!("{sent}3 invoices went through {name}")
}

#[test]
fn memory_unless_a_variable_says_otherwise() {
    assert_eq!(run(None), expected("memory"));
    assert_eq!(run(Some("memory:")), expected("memory"));
}

#[tokio::test]
async fn redis() {
    let server = resque_testserver::shared_redis().unwrap();
    let url = format!(
        "{}?namespace=by-environment-{}",
        server.url(),
        resque_testserver::this_run()
    );
    assert_eq!(run(Some(&url)), expected("redis"));
    let backend = resque::connect(&url).await.unwrap();
    backend.queues().clear().await.unwrap();
}

#[tokio::test]
async fn postgres() {
    let server = resque_testserver::shared_postgres().unwrap();
    let url = format!(
        "{}?namespace=by-environment-{}",
        server.url(),
        resque_testserver::this_run()
    );
    let migrator = Migrator::new(Config::parse(&url).unwrap());
    migrator.up().await.unwrap();
    assert_eq!(run(Some(&url)), expected("postgres"));
    migrator.down_to(0).await.unwrap();
}
