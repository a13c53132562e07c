//! What is wrong with arguments.

use std::fmt;

/// The arguments of a job do not fit the type that wants them.
///
/// In a failure record its exception is called `ArgumentError`, as in Ruby.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// There are too few or too many.
    #[error("wrong number of arguments (given {given}, expected {expected}){}", Missing(*.missing))]
    WrongNumber {
        /// How many there are.
        given: usize,
        /// How many there should be.
        expected: Arity,
        /// The field that got none, if its name is known.
        missing: Option<&'static str>,
    },
    /// One does not fit.
    #[error("argument {position}{}: {problem}", Name(*.name))]
    WrongArgument {
        /// Which one, counted from 1.
        position: usize,
        /// The field it is for, if that has a name.
        name: Option<&'static str>,
        /// What was expected and what was found.
        problem: String,
    },
    /// The list as a whole does not fit.
    #[error("the arguments do not fit: {problem}")]
    Unfit {
        /// What is wrong with it, in the words of the type that refused.
        problem: String,
    },
    /// There is no list at all.
    #[error("the arguments are no JSON array")]
    NoList,
}

impl ArgumentError {
    /// The name of this error in failure records.
    pub const EXCEPTION: &'static str = "ArgumentError";
}

/// How many arguments a type takes, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arity {
    pub(super) at_least: Option<usize>,
    pub(super) at_most: Option<usize>,
}

impl fmt::Display for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) if least == most => write!(f, "{least}"),
            (Some(least), Some(most)) => write!(f, "{least}..{most}"),
            (Some(least), None) => write!(f, "at least {least}"),
            (None, Some(most)) => write!(f, "at most {most}"),
            (None, None) => f.write_str("another number"),
        }
    }
}

/// A value cannot be written as the arguments of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// One argument has no form in JSON.
    #[error("argument {position}{}: {problem}", Name(*.name))]
    Argument {
        /// Which one, counted from 1.
        position: usize,
        /// The field it is, if that has a name.
        name: Option<&'static str>,
        /// Why not.
        problem: String,
    },
    /// The value is no list of arguments.
    #[error("arguments are a struct, a tuple or a list: {problem}")]
    NoList {
        /// What it is instead, and what to do.
        problem: String,
    },
}

impl serde::ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::NoList {
            problem: message.to_string(),
        }
    }
}

/// The name of a field behind its position.
struct Name(Option<&'static str>);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |name| write!(f, " (`{name}`)"))
    }
}

/// The name of a field that got no argument.
struct Missing(Option<&'static str>);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |name| write!(f, ": `{name}` is missing"))
    }
}
