//! Raw JSON: looking into a text and changing one member without re-encoding the rest.
//!
//! Nothing here goes through floating point numbers or builds a tree of values, so big integers,
//! the exact text of floats, the order of keys, unknown keys and white space all survive. No
//! function recurses: depth costs memory proportional to it and never the stack.

mod check;
mod compare;
mod edit;
mod members;
mod scan;
mod string;
mod value;

pub(crate) use check::is_finite;
pub use check::is_object;
pub use compare::same_content;
pub use edit::{replace_value, set_member, splice_member, without_member};
pub use members::{Member, Members, members};
pub use scan::Kind;
pub(crate) use scan::Scanner;
pub(crate) use string::to_text;
pub use string::write_string;
pub use value::Value;

/// A text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {at}: expected {expected}")]
pub struct SyntaxError {
    at: usize,
    expected: &'static str,
}

impl SyntaxError {
    /// The offset of the first byte that does not fit.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }
}
