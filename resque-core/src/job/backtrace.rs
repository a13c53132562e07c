//! Backtraces as lists of frames.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::Location;

/// The backtrace from this place outwards where the environment asks for one, else only the place.
pub(super) fn here(location: &Location<'_>) -> Vec<String> {
    let place = format!("{}:{}", location.file(), location.line());
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let frames = frames(&backtrace.to_string(), &place);
        if !frames.is_empty() {
            return frames;
        }
    }
    vec![place]
}

/// The frames of the application out of a printed backtrace, in Ruby's form.
///
/// What lies before `place` belongs to the making of the error, and what follows the first frame
/// of this library to the performing of any job.
fn frames(printed: &str, place: &str) -> Vec<String> {
    // The same file is printed relative to another directory, so only its name is compared.
    let name = place.rsplit('/').next().unwrap_or(place);
    let mut frames = Vec::new();
    let mut function = "";
    for line in printed.lines() {
        let line = line.trim();
        let Some(at) = line.strip_prefix("at ") else {
            function = line.split_once(": ").map_or(line, |(_number, name)| name);
            continue;
        };
        let at = at.rsplit_once(':').map_or(at, |(at, _column)| at);
        let begun = !frames.is_empty();
        if begun && at.contains("/resque-core") {
            break;
        }
        if (begun || at.rsplit('/').next() == Some(name)) && !at.starts_with("/rustc/") {
            frames.push(format!("{at}:in `{function}'"));
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "   0: std::backtrace::Backtrace::create
             at /rustc/x/library/std/src/backtrace.rs:331:13
   1: from
             at /home/me/.cargo/registry/src/resque-core-0.1.0/src/job/error.rs:120:9
   2: my_app::archive::{{closure}}
             at ./src/archive.rs:12:34
   3: core::option::Option<T>::map
             at /rustc/x/library/core/src/option.rs:1:1
   4: my_app::helper
             at ./src/helper.rs:2:1
   5: run
             at /home/me/.cargo/registry/src/resque-core-0.1.0/src/job/performer.rs:1:1
   6: my_app::main
             at ./src/main.rs:1:1
";

    #[test]
    fn only_the_applications_frames_are_kept() {
        assert_eq!(
            frames(PRINTED, "my_app/src/archive.rs:12"),
            [
                "./src/archive.rs:12:in `my_app::archive::{{closure}}'",
                "./src/helper.rs:2:in `my_app::helper'"
            ]
        );
    }

    #[test]
    fn a_place_that_is_not_in_the_backtrace_gives_none() {
        assert_eq!(frames(PRINTED, "src/other.rs:12"), Vec::<String>::new());
    }
}
