//! How far a long command has come.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on standard error, if that is a terminal; else nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(shown: bool, total: Option<u64>, doing: &'static str) -> Self {
        let bar = match (shown, total) {
            (false, _) => ProgressBar::hidden(),
            (true, Some(total)) => ProgressBar::new(total),
            (true, None) => ProgressBar::new_spinner(),
        };
        let template = match total {
            Some(_) => "{msg}  {bar:30}  {human_pos} of {human_len}  {per_sec}  {eta} left",
            None => "{msg}  {human_pos}  {per_sec}",
        };
        // The templates above are good ones; a bar without style would do too.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        bar.set_message(doing);
        Self { bar }
    }

    /// So many more are done.
    pub(crate) fn add(&self, count: u64) {
        self.bar.inc(count);
    }

    /// Whether nobody sees the bar.
    pub(crate) fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }

    /// Says something else before the numbers.
    pub(crate) fn say(&self, text: String) {
        self.bar.set_message(text);
    }

    /// Writes a line above the bar, or plainly where there is none.
    pub(crate) fn note(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
