//! What the failed tests of many programs said, to be told once more at the end, where it is found.

/// Enough for several failures; whoever broke everything has the whole output.
const LINES: usize = 400;

/// The passages of the output that tell of failures.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    lines: Vec<String>,
    /// Within the passage of a test program.
    telling: bool,
    left_out: usize,
}

impl Failures {
    /// Looks at one line of the output: the passage is between `failures:` and `test result`.
    pub(crate) fn add(&mut self, line: &str) {
        match line {
            "failures:" => self.telling = true,
            _ if line.starts_with("test result: ") => self.telling = false,
            _ if self.telling && self.lines.len() < LINES => self.lines.push(line.to_owned()),
            _ if self.telling => self.left_out += 1,
            _ => {}
        }
    }

    /// Prints them, if there are any.
    pub(crate) fn print(&self) {
        if self.lines.is_empty() {
            return;
        }
        eprintln!("== what failed");
        for line in &self.lines {
            eprintln!("{line}");
        }
        if self.left_out > 0 {
            eprintln!("({} more lines above)", self.left_out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_told_and_nothing_else() {
        let mut failures = Failures::default();
        let output = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nwhy\n\nfailures:\n    b\n\n\
                      test result: FAILED. 1 passed; 1 failed\nrunning 1 test\ntest c ... ok";
        output.lines().for_each(|line| failures.add(line));
        let told: Vec<&str> = failures.lines.iter().map(String::as_str).collect();
        assert_eq!(told, ["", "---- b stdout ----", "why", "", "    b", ""]);
    }

    #[test]
    fn more_than_anybody_reads_is_counted() {
        let mut failures = Failures::default();
        failures.add("failures:");
        (0..LINES + 3).for_each(|_| failures.add("x"));
        assert_eq!((failures.lines.len(), failures.left_out), (LINES, 3));
    }
}
