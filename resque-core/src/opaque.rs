//! Names that mean something only to the backend that made them.

/// Makes a type of such names: a text that a backend makes, everybody may show, keep and send back,
/// and nobody else reads. It is cheap to clone, compares and sorts as its text, and shows as it.
macro_rules! opaque {
    ($(#[$attribute:meta])* pub struct $name:ident;) => {
        $(#[$attribute])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Takes the text, made by a backend or sent back by whoever was given it.
            #[must_use]
            pub fn new(text: impl Into<std::sync::Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

pub(crate) use opaque;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::{DelayedId, FailureId, LoanReceipt};

    #[test]
    fn a_name_is_its_text_and_shows_as_it() {
        let text = "a \"1\"";
        let quoted = format!("{text:?}");
        let (delayed, failure) = (DelayedId::new(text), FailureId::new(text));
        let receipt = LoanReceipt::new(text);
        let texts = [delayed.as_str(), failure.as_str(), receipt.as_str()];
        assert_eq!(texts, [text; 3]);
        assert_eq!(format!("{delayed}{failure}{receipt}"), text.repeat(3));
        assert_eq!(
            format!("{delayed:?}{failure:?}{receipt:?}"),
            quoted.repeat(3)
        );
    }

    #[test]
    fn names_compare_and_sort_as_their_texts() {
        let names = BTreeSet::from(["b", "a", "10", "9", "a"].map(FailureId::new));
        let texts: Vec<_> = names.iter().map(FailureId::as_str).collect();
        assert_eq!(texts, ["10", "9", "a", "b"]);
    }
}
