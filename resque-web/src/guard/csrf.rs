//! The token in our forms, which other sites cannot know.
//!
//! A cookie holds a random text; the token in the form is that text and the visitor's login, signed.
//! So nothing is remembered here, the token of one browser or login is of no use to another one, and
//! who can set a cookie for us still cannot sign.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::secret::{Secret, random};

const COOKIE_NAME: &str = "resque_form";
/// The field of a form, and the header for scripts.
pub(super) const FIELD: &str = "csrf";
const PURPOSE: &str = "form";
/// The length of the cookie's random text.
const LENGTH: usize = 22;

/// What a form has to carry.
#[derive(Clone, Debug)]
pub(crate) struct Token(String);

impl Token {
    /// The token as it goes into a form.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The random text of this browser.
#[derive(Debug)]
pub(super) struct Browser {
    text: String,
    /// Whether it has to be told.
    pub(super) is_new: bool,
}

impl Browser {
    /// The browser that the cookies name, or a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match cookie(headers, COOKIE_NAME) {
            Some(text) if is_ours(text) => Self {
                text: text.to_owned(),
                is_new: false,
            },
            _ => Self {
                text: URL_SAFE_NO_PAD.encode(random::<16>()),
                is_new: true,
            },
        }
    }

    /// What its forms have to carry.
    pub(super) fn token(&self, secret: &Secret, login: &str) -> Token {
        Token(secret.mark(PURPOSE, &[self.text.as_bytes(), login.as_bytes()]))
    }

    /// Whether a form carries it.
    pub(super) fn sent(&self, token: &str, secret: &Secret, login: &str) -> bool {
        let parts = [self.text.as_bytes(), login.as_bytes()];
        !self.is_new && secret.is_mark(token, PURPOSE, &parts)
    }

    /// The cookie that tells the browser.
    pub(super) fn cookie(&self) -> String {
        let text = &self.text;
        format!("{COOKIE_NAME}={text}; Path=/; HttpOnly; SameSite=Strict")
    }
}

fn is_ours(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == LENGTH && text.bytes().all(fits)
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        headers
    }

    #[test]
    fn a_token_serves_one_browser_and_one_login() {
        let secret = Secret::of(b"key");
        let ours = Browser::of(&HeaderMap::new());
        let cookie = ours.cookie();
        let again = Browser::of(&with(cookie.split(';').next().unwrap()));
        let token = ours.token(&secret, "ada");
        assert!(again.sent(token.as_str(), &secret, "ada"));
        assert!(!again.sent(token.as_str(), &secret, "eve"));
        assert!(!again.sent("", &secret, "ada"));
        let other = Browser::of(&with("resque_form=AAAAAAAAAAAAAAAAAAAAAA"));
        assert!(!other.is_new && !other.sent(token.as_str(), &secret, "ada"));
        // Without the cookie, even the right token says nothing.
        assert!(!ours.sent(token.as_str(), &secret, "ada"));
    }

    #[test]
    fn a_cookie_that_we_did_not_write_is_replaced() {
        for odd in ["resque_form=short", "resque_form=\"\"", "other=1"] {
            assert!(Browser::of(&with(odd)).is_new, "{odd}");
        }
    }
}
