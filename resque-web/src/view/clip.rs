//! Text of which a page shows no more than fits.

/// The beginning of a text, of at most so many bytes, and whether anything is left out.
pub(crate) fn clip(text: &str, most: usize) -> (&str, bool) {
    if text.len() <= most {
        return (text, false);
    }
    (&text[..text.floor_char_boundary(most)], true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut_in_two() {
        assert_eq!(clip("añb", 3), ("añ", true));
        assert_eq!(clip("añb", 2), ("a", true));
        assert_eq!(clip("añb", 4), ("añb", false));
    }
}
