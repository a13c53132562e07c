//! Colours, few and calm; none where `NO_COLOR` is set.

use ratatui::style::{Color, Modifier, Style};

/// How things look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    coloured: bool,
}

impl Theme {
    /// As the environment wants it: see <https://no-color.org>.
    pub(super) fn of_environment() -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        Self {
            coloured: no_color.is_none_or(|value| value.is_empty()),
        }
    }

    /// Without colours.
    #[cfg(test)]
    pub(super) fn plain() -> Self {
        Self { coloured: false }
    }

    /// What is looked for first.
    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is looked at last.
    pub(super) fn faint(self) -> Style {
        self.colour(Color::DarkGray, Modifier::DIM)
    }

    /// What is going on.
    pub(super) fn active(self) -> Style {
        self.colour(Color::Cyan, Modifier::empty())
    }

    /// What went well.
    pub(super) fn good(self) -> Style {
        self.colour(Color::Green, Modifier::empty())
    }

    /// What needs attention.
    pub(super) fn warning(self) -> Style {
        self.colour(Color::Yellow, Modifier::BOLD)
    }

    /// What went wrong.
    pub(super) fn bad(self) -> Style {
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
