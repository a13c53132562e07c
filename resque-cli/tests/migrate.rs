//! `resque migrate` as a program, on a real Postgres.

use std::process::Output;

fn resque(arguments: &[&str]) -> Output {
    resque_testserver::command(env!("CARGO_BIN_EXE_resque"))
        .arg("migrate")
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a call that ends well writes.
fn told(arguments: &[&str]) -> String {
    let output = resque(arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The one state that all migrations are in, and how many they are.
fn state(url: &str) -> (String, usize) {
    let told = told(&["status", "--url", url]);
    let states: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .collect();
    assert!(told.starts_with("0001_jobs\t"), "{told}");
    assert!(states.iter().all(|state| *state == states[0]), "{told}");
    (states[0].to_owned(), states.len())
}

#[test]
fn tables_are_made_once_told_and_undone() {
    let server = resque_testserver::shared_postgres().expect("a Postgres server");
    let url = format!(
        "{}?namespace=migrate-{}",
        server.url(),
        resque_testserver::this_run()
    );
    let url = url.as_str();
    let (missing, count) = state(url);
    assert_eq!(missing, "missing");
    let made = format!("{count} made in schema migrate-");
    assert!(told(&["--url", url]).starts_with(&made));
    assert_eq!(state(url), ("made".to_owned(), count));
    assert!(told(&["up", "--url", url]).starts_with("0 made"));

    let unsure = resque(&["down", "--to", "0", "--url", url]);
    assert_eq!(unsure.status.code(), Some(2));
    assert!(text(&unsure.stderr).contains("--yes"));
    let undone = format!("{count} undone");
    assert!(told(&["down", "--to", "0", "--yes", "--url", url]).starts_with(&undone));
    assert_eq!(state(url), ("missing".to_owned(), count));
}

#[test]
fn what_cannot_be_done_is_said() {
    let none = resque(&[]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("RESQUE_URL"));

    let other = resque(&["--url", "redis://localhost"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(
        text(&other.stderr).contains("postgres and postgresql"),
        "{}",
        text(&other.stderr)
    );

    // Port 1 is nobody's.
    let away = resque(&["--url", "postgres://me:secret@127.0.0.1:1/shop"]);
    assert_eq!(away.status.code(), Some(3));
    let words = text(&away.stderr);
    assert!(
        words.contains("127.0.0.1:1/shop") && !words.contains("secret"),
        "{words}"
    );
}
