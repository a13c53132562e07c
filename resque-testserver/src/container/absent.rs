//! What stands for a container in a build that has none.

use super::Image;
use crate::{Error, Result, source};

/// No value of this type exists.
#[derive(Debug)]
pub(crate) enum Container {}

impl Container {
    pub(crate) fn start(
        _: impl FnMut() -> Result<Image>,
        _: impl Fn(&str) -> bool,
    ) -> Result<(Self, String)> {
        Err(Error::new(source::containers().err().unwrap_or_default()))
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        match *self {}
    }

    pub(crate) fn restart(&mut self, _: impl Fn() -> bool) -> Result<()> {
        match *self {}
    }

    pub(crate) fn pause(&mut self) -> Result<()> {
        match *self {}
    }

    pub(crate) fn resume(&mut self) -> Result<()> {
        match *self {}
    }
}
