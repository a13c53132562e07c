//! Arguments that nobody should read on a page.

use std::borrow::Cow;
use std::sync::Arc;

/// What is hidden unless somebody says otherwise.
const USUAL: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "cardnumber",
    "cvv",
    "ssn",
];
/// What stands there instead.
const HIDDEN: &str = "\"[redacted]\"";

/// The names whose values are hidden, in arguments that are objects or hold some.
#[derive(Clone, Debug)]
pub(crate) struct Redaction {
    names: Arc<Vec<String>>,
}

impl Default for Redaction {
    fn default() -> Self {
        let names = USUAL.iter().map(|name| (*name).to_owned()).collect();
        Self {
            names: Arc::new(names),
        }
    }
}

impl Redaction {
    /// Hides nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            names: Arc::default(),
        }
    }

    /// Hides the values under this name too.
    pub(crate) fn add(&mut self, name: &str) {
        let name = plain(name);
        if !name.is_empty() {
            Arc::make_mut(&mut self.names).push(name);
        }
    }

    fn hides(&self, key: &str) -> bool {
        let key = plain(key);
        self.names.iter().any(|name| key.contains(name.as_str()))
    }

    /// The same JSON without the values that are hidden; everything else to the byte. `json` may be
    /// cut off.
    pub(crate) fn apply<'a>(&self, json: &'a str) -> Cow<'a, str> {
        let mut out = String::new();
        let mut kept = 0;
        let mut tokens = Tokens { json, at: 0 };
        let mut key: Option<&str> = None;
        while let Some((start, token)) = tokens.next_token() {
            match token {
                ":" => {
                    if key.take().is_some_and(|key| self.hides_raw(key))
                        && let Some((from, to)) = tokens.skip_value()
                    {
                        out.push_str(&json[kept..from]);
                        out.push_str(HIDDEN);
                        kept = to;
                    }
                }
                _ => key = token.starts_with('"').then_some(&json[start..tokens.at]),
            }
        }
        if kept == 0 {
            return Cow::Borrowed(json);
        }
        out.push_str(&json[kept..]);
        Cow::Owned(out)
    }

    /// Whether a key is hidden, given with its quotes and escapes.
    fn hides_raw(&self, key: &str) -> bool {
        match serde_json::from_str::<String>(key) {
            Ok(key) => self.hides(&key),
            Err(_) => self.hides(key),
        }
    }
}

/// A name by its letters and digits only.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The tokens of a JSON text, or of the beginning of one. Depth does not matter.
struct Tokens<'a> {
    json: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// The next token and where it begins.
    fn next_token(&mut self) -> Option<(usize, &'a str)> {
        let bytes = self.json.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        match bytes.get(start)? {
            b'"' => self.at = end_of_string(bytes, start),
            b'{' | b'}' | b'[' | b']' | b':' | b',' => self.at += 1,
            _ => {
                let word = bytes[start..].iter();
                let is_end = |byte: &u8| b"{}[]:,\" \t\r\n".contains(byte);
                self.at += word.take_while(|byte| !is_end(byte)).count();
            }
        }
        Some((start, &self.json[start..self.at]))
    }

    /// Passes over one value and tells where it begins and ends.
    fn skip_value(&mut self) -> Option<(usize, usize)> {
        let (start, first) = self.next_token()?;
        let mut depth = usize::from(matches!(first, "{" | "["));
        // One that is cut off goes to the end.
        while depth > 0
            && let Some((_, token)) = self.next_token()
        {
            match token {
                "{" | "[" => depth += 1,
                "}" | "]" => depth -= 1,
                _ => {}
            }
        }
        Some((start, self.at))
    }
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_hidden_by_name_wherever_they_stand() {
        let mut redaction = Redaction::default();
        redaction.add("IBAN");
        for (json, shown) in [
            (
                r#"[{"user":"ada","Password" : "x\"y","n":1}]"#,
                r#"[{"user":"ada","Password" : "[redacted]","n":1}]"#,
            ),
            (
                r#"[{"a":[{"api_key":{"deep":[1,{"b":2}]}}]},3]"#,
                r#"[{"a":[{"api_key":"[redacted]"}]},3]"#,
            ),
            (
                r#"[{"customer_iban":12,"accessTokenId":null}]"#,
                r#"[{"customer_iban":"[redacted]","accessTokenId":"[redacted]"}]"#,
            ),
            (
                r#"[{"pass\u0077ord":1}]"#,
                r#"[{"pass\u0077ord":"[redacted]"}]"#,
            ),
            (
                r#"["password","x",{"p":"secret"}]"#,
                r#"["password","x",{"p":"secret"}]"#,
            ),
            ("[12345678901234567890]", "[12345678901234567890]"),
        ] {
            assert_eq!(redaction.apply(json), shown);
        }
    }

    #[test]
    fn what_is_no_json_makes_no_trouble() {
        for odd in [
            "",
            "\"",
            "{\"token\":",
            "{\"token\":[[[",
            "\\",
            "{\"secret\":\"\\",
        ] {
            let _ = Redaction::default().apply(odd);
        }
        let json = r#"[{"password":1}]"#;
        assert_eq!(Redaction::nothing().apply(json), json);
    }
}
