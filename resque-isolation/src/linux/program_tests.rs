//! Tests of programs that are started for each job.

use resque_core::{Attempt, Client, Handlers, Payload, Performer};
use resque_memory::MemoryBackend;

use super::*;

/// Starts the stand-in for a process that is to become a program of this name.
async fn attempt(program: &str, leash: &Leash) -> Result<Isolated, Refusal> {
    let shim = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shim.sh");
    let exec = Exec::new(program).shim(shim);
    let started = Started {
        starter: Starter::new().unwrap(),
        children: ChildCount::default(),
    };
    assert!(exec.started.set(started).is_ok());
    let client = Client::new(MemoryBackend::new().backend());
    let attempt = Attempt::new(None, Payload::from(r#"{"class":"A","args":[]}"#));
    let job = Performer::new(Handlers::new(), client).prepare(attempt);
    exec.attempt(&job, leash).await
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_has_not_begun() {
    for (program, about_the_job, text) in
        [("gone", false, "no such file"), ("huge", true, "too much")]
    {
        let text = text.to_owned();
        let refusal = Refusal {
            about_the_job,
            text,
        };
        let refused = attempt(program, &Leash::default()).await;
        assert_eq!(refused, Err(refusal), "{program}");
    }
    let refusal = attempt("dead", &Leash::default()).await.unwrap_err();
    assert!(!refusal.about_the_job);
    assert!(
        refusal.text.ends_with("SIGKILL (signal 9))"),
        "{}",
        refusal.text
    );
}

#[tokio::test]
async fn a_program_that_ends_like_a_shell_without_a_program_has_begun() {
    let done = attempt("works", &Leash::default()).await;
    assert_eq!(done, Ok(Isolated::Performed(Performed::Done)));
    let failure = JobFailure::new(FAILED, "begins failed");
    let failed = attempt("complains", &Leash::default()).await;
    assert_eq!(failed, Ok(Isolated::Failed(failure)));
}

#[tokio::test]
async fn a_job_whose_program_never_begins_is_given_back() {
    let leash = Leash::default();
    let exec = Exec::new("gone");
    let client = Client::new(MemoryBackend::new().backend());
    let job =
        Performer::new(Handlers::new(), client).prepare(Attempt::new(None, Payload::default()));
    // Nothing can be started before it is opened, and nothing is tried once nobody wants it.
    let pulling = async {
        tokio::task::yield_now().await;
        leash.term().cancel();
    };
    let (isolated, ()) = tokio::join!(exec.perform(&job, &leash), pulling);
    assert_eq!(isolated, Isolated::NotStarted);
}

#[test]
fn only_the_last_words_are_kept() {
    let mut words = LastWords::default();
    words.add(b"first");
    words.add(&vec![b'x'; LAST_WORDS]);
    let text = words.into_text();
    assert!(text.starts_with('…') && !text.contains("first"));
    assert_eq!(text.len(), LAST_WORDS + '…'.len_utf8());
}

#[test]
fn the_end_of_a_program_is_the_end_of_its_job() {
    let words = |text: &str| {
        let mut words = LastWords::default();
        words.add(text.as_bytes());
        words
    };
    let exited = |status| ChildExit::new(7, ExitCause::Exited(status));
    let done = end(exited(0), false, words("warning"));
    assert_eq!(done, Isolated::Performed(Performed::Done));
    let failed = |error: &str| Isolated::Failed(JobFailure::new("Resque::ProgramFailed", error));
    assert_eq!(end(exited(1), false, words("no disk\n")), failed("no disk"));
    let unknown = ChildExit::new(7, ExitCause::Unknown);
    assert_eq!(end(unknown, false, words("")), Isolated::Died(unknown));
    let silent = failed("the program ended with exit status 2");
    assert_eq!(end(exited(2), false, words("")), silent);
    assert_eq!(end(exited(143), false, words("x")), failed("x"));
    assert_eq!(
        end(exited(143), true, words("x")),
        Isolated::Died(exited(143))
    );
}

#[test]
fn programs_are_found_by_path_and_by_name() {
    assert!(is_there(Path::new("/bin/sh")) && is_there(Path::new("sh")));
    assert!(!is_there(Path::new("/bin/no-such")) && !is_there(Path::new("no-such-program")));
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(!is_there(&text));
    assert!(is_there_in(Path::new("sh"), None));
    assert!(!is_there_in(Path::new("sh"), Some("/no-such".into())));
    assert!(no_program(&text).ends_with("Cargo.toml cannot be executed"));
}
