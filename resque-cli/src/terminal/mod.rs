//! The terminal as a surface to draw on.

mod screen;
mod theme;

pub(crate) use self::screen::{Screen, events};
pub(crate) use self::theme::Theme;
