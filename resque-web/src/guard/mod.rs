//! Who may ask, from where, and for what: everything between the network and a handler.
//!
//! Both routers are wrapped by a [`Guard`]. A request passes, in this order: the host it calls us by,
//! the page it comes from, who sends it, their role, and for a change by form the token that only
//! our own pages know. What a handler finds in the request's extensions are the [`Visitor`] and, for
//! pages, the [`Token`] that goes into forms.

mod access;
mod csrf;
mod forwarded;
mod headers;
mod hosts;
mod limit;
mod origin;
mod protect;
mod proxies;
mod secret;
mod visitor;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use resque_core::SharedClock;

pub use self::access::{Access, Refusal};
pub(crate) use self::csrf::{Token, cookie};
use self::hosts::Hosts;
use self::limit::Logins;
use self::proxies::Proxies;
pub use self::proxies::TrustedProxy;
pub(crate) use self::secret::Secret;
pub use self::visitor::{Role, Visitor};

/// Which router is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Pages and their JSON twins: reading by GET, changes by POST.
    Pages,
    /// The HTTP interface, where even a GET takes a job: no page of another site may ask at all,
    /// and nothing is expected of forms.
    Interface,
}

/// What was said about who may do what.
pub(crate) struct Protection {
    /// Which router.
    pub(crate) kind: Kind,
    /// Who may.
    pub(crate) access: Access,
    /// The names we go by.
    pub(crate) hosts: Hosts,
    /// Whose word about whom they speak for is taken.
    pub(crate) proxies: Proxies,
    /// Whether nobody may change anything.
    pub(crate) read_only: bool,
    /// What signs tokens.
    pub(crate) secret: Secret,
}

impl Protection {
    /// Only this machine, under the names that always mean it.
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            access: Access::local(),
            hosts: Hosts::default(),
            proxies: Proxies::default(),
            read_only: false,
            secret: Secret::random(),
        }
    }
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protection")
            .field("kind", &self.kind)
            .field("access", &self.access)
            .field("hosts", &self.hosts)
            .field("proxies", &self.proxies)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

/// What stands before a router.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    protection: Protection,
    logins: Logins,
}

impl Guard {
    pub(crate) fn new(protection: Protection, clock: SharedClock) -> Self {
        Self {
            inner: Arc::new(Inner {
                protection,
                logins: Logins::new(clock),
            }),
        }
    }

    /// Puts the guard before `guarded`; what is `open` gets the headers and nothing else.
    pub(crate) fn wrap<S>(self, guarded: Router<S>, open: Router<S>) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        guarded
            .layer(from_fn_with_state(self, protect::protect))
            .merge(open)
            .layer(map_response(headers::add))
    }
}
