//! Who asks.

use std::sync::Arc;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// See everything and change nothing.
    ReadOnly,
    /// See and change everything.
    Operator,
}

/// Somebody who was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    login: Arc<str>,
    role: Role,
}

impl Visitor {
    /// Somebody of this name in this role.
    #[must_use]
    pub fn new(login: impl Into<Arc<str>>, role: Role) -> Self {
        Self {
            login: login.into(),
            role,
        }
    }

    /// The name under which they logged in; empty where nobody has to.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// What they may do.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The same, who may no longer change anything.
    pub(super) fn reading(mut self) -> Self {
        self.role = Role::ReadOnly;
        self
    }
}
