//! What must be true of every page, whatever it shows.

use serde_json::Value;

use super::{Look, Tab};

const SCRIPT: &str = include_str!("audit.js");

impl Tab {
    /// What is wrong with the page that is shown: for those who see little, use a keyboard, a screen
    /// reader or a thumb.
    pub(crate) fn flaws(&self, look: Look) -> Vec<String> {
        let found = self.run(SCRIPT, &[(look == Look::Phone).into()]);
        let flaws = found.as_array().expect("the script gives a list");
        let text = |flaw: &Value| flaw.as_str().unwrap_or_default().to_owned();
        flaws.iter().map(text).collect()
    }
}
