//! Colours, few and calm; none where `NO_COLOR` is set.

use ratatui::style::{Color, Modifier, Style};

/// How things look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    coloured: bool,
}

impl Theme {
    /// As the environment wants it: see <https://no-color.org>.
    pub(crate) fn of_environment() -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        Self {
            coloured: no_color.is_none_or(|value| value.is_empty()),
        }
    }

    /// Without colours.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { coloured: false }
    }

    /// What is looked for first.
    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is looked at last.
    pub(crate) fn faint(self) -> Style {
        self.colour(Color::DarkGray, Modifier::DIM)
    }

    /// What is going on.
    pub(crate) fn active(self) -> Style {
        self.colour(Color::Cyan, Modifier::empty())
    }

    /// What went well.
    pub(crate) fn good(self) -> Style {
        self.colour(Color::Green, Modifier::empty())
    }

    /// What needs attention.
    pub(crate) fn warning(self) -> Style {
        self.colour(Color::Yellow, Modifier::BOLD)
    }

    /// What went wrong.
    pub(crate) fn bad(self) -> Style {
        self.colour(Color::Red, Modifier::empty())
    }

    /// A colour, or what stands for it where there are none.
    fn colour(self, colour: Color, otherwise: Modifier) -> Style {
        if self.coloured {
            Style::new().fg(colour)
        } else {
            Style::new().add_modifier(otherwise)
        }
    }
}
