//! Lines of input that is no terminal.

use std::io::{self, BufRead, Read};
use std::thread;

use tokio::sync::mpsc;

use super::operator::Task;

/// A line longer than this is no job that anybody typed.
const LONGEST_LINE: u64 = 1 << 20;

/// Hands the lines of the standard input to the operator, on a thread of its own because reading
/// cannot be broken off. It reads no faster than the operator works.
///
/// # Errors
///
/// When no thread can be started.
pub(super) fn read_lines(tasks: mpsc::Sender<Task>) -> io::Result<()> {
    thread::Builder::new()
        .name("resque-stdin".to_owned())
        .spawn(move || {
            let mut input = io::stdin().lock();
            while let Some(task) = next(&mut input) {
                let last = matches!(task, Task::EndWhenDone);
                if tasks.blocking_send(task).is_err() || last {
                    return;
                }
            }
        })?;
    Ok(())
}

/// The next line; the end is a task as well, and after an error nothing more can come.
fn next(input: &mut impl BufRead) -> Option<Task> {
    let mut line = Vec::new();
    match input
        .by_ref()
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut line)
    {
        Ok(0) | Err(_) => return Some(Task::EndWhenDone),
        Ok(_) => {}
    }
    if line.len() as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
        skip_line(input);
        return Some(Task::Unreadable(
            "a line of more than a megabyte".to_owned(),
        ));
    }
    Some(match String::from_utf8(line) {
        Ok(line) => Task::Line(line.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes());
            Task::Unreadable(format!("{:?} is not UTF-8", text.trim_end()))
        }
    })
}

/// Drops the rest of a line, piece by piece.
fn skip_line(input: &mut impl BufRead) {
    loop {
        let (used, ended) = match input.fill_buf() {
            Ok([]) | Err(_) => return,
            Ok(buffer) => match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), false),
            },
        };
        input.consume(used);
        if ended {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks(input: &[u8]) -> Vec<String> {
        let mut input = io::BufReader::new(input);
        let mut told = Vec::new();
        loop {
            match next(&mut input) {
                Some(Task::Line(line)) => told.push(line),
                Some(Task::Unreadable(why)) => told.push(format!("! {why}")),
                _ => return told,
            }
        }
    }

    #[test]
    fn lines_end_as_they_do_anywhere_and_the_last_one_needs_no_end() {
        assert_eq!(
            tasks(b"Quick\r\nSlow [1]\n\nFail"),
            ["Quick", "Slow [1]", "", "Fail"]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        assert_eq!(
            tasks(b"a\xffb\nQuick\n"),
            ["! \"a\u{fffd}b\" is not UTF-8", "Quick"]
        );
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let mut input = vec![b'x'; 3 << 20];
        input.extend(b"\nQuick");
        assert_eq!(tasks(&input), ["! a line of more than a megabyte", "Quick"]);
    }
}
