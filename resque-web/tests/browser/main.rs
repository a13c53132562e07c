//! The pages in a real browser, with real clicks and keys. Screenshots are left in
//! `target/screenshots`; look at them.
//!
//! Without Chromium and its driver these tests fail and say what to install.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;
/// All tests are in here, so that `--skip in_chromium` leaves them out.
mod in_chromium;
