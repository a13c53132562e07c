//! Who may see and change what.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use subtle::{Choice, ConstantTimeEq};

use super::secret::Secret;
use super::{Role, Visitor};

/// Who may see and change what.
///
/// ```
/// use resque_web::{Access, Role};
///
/// let access = Access::basic("ada", "correct horse battery staple")
///     .and_basic("grace", "another long password", Role::ReadOnly)
///     .and_bearer("the-token-of-a-program", Role::ReadOnly);
/// # drop(access);
/// ```
pub struct Access(Kind);

enum Kind {
    Local,
    Known {
        key: Secret,
        logins: Vec<Login>,
        asks_people: bool,
    },
    Asked(Hook),
}

type Hook = Arc<dyn Fn(Parts) -> BoxFuture<'static, Result<Visitor, Refusal>> + Send + Sync>;

/// Somebody who is known, by a signature of what they have to say.
struct Login {
    proof: [u8; 32],
    visitor: Visitor,
}

/// The answer to somebody who is not let in: a login page, a redirect, a bare status.
pub type Refusal = Box<Response>;

/// What came of a request for access.
pub(super) enum Decision {
    /// May come in.
    Admitted(Visitor),
    /// Said nothing about who they are.
    Unknown { asks_people: bool },
    /// Said something that is not true.
    Wrong { asks_people: bool },
    /// Comes from elsewhere where only this machine may.
    Elsewhere,
    /// Was refused by the application.
    Refused(Refusal),
}

impl Access {
    /// Every program of this machine may do everything, and nobody else anything. This is what
    /// holds where nothing else is said.
    #[must_use]
    pub fn local() -> Self {
        Self(Kind::Local)
    }

    /// Who knows this password may do everything; browsers ask for it.
    #[must_use]
    pub fn basic(user: &str, password: &str) -> Self {
        Self::known().and_basic(user, password, Role::Operator)
    }

    /// Who knows this token may do everything: `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(token: &str) -> Self {
        Self::known().and_bearer(token, Role::Operator)
    }

    /// The same, and this user too.
    #[must_use]
    pub fn and_basic(self, user: &str, password: &str, role: Role) -> Self {
        let said = STANDARD.encode(format!("{user}:{password}"));
        self.and(true, &said, Visitor::new(user, role))
    }

    /// The same, and who knows this token too.
    #[must_use]
    pub fn and_bearer(self, token: &str, role: Role) -> Self {
        self.and(false, token, Visitor::new("token", role))
    }

    /// Asks the application: it gets the head of each request, with the extensions that its own
    /// layers put there, and answers who that is, or what to answer instead.
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use axum::http::request::Parts;
    /// use axum::response::IntoResponse;
    /// use resque_web::{Access, Role, Visitor};
    ///
    /// #[derive(Clone)]
    /// struct Session {
    ///     user: String,
    ///     is_admin: bool,
    /// }
    ///
    /// let access = Access::ask(async |head: Parts| match head.extensions.get::<Session>() {
    ///     Some(session) if session.is_admin => {
    ///         Ok(Visitor::new(session.user.as_str(), Role::Operator))
    ///     }
    ///     _ => Err(Box::new(StatusCode::FORBIDDEN.into_response())),
    /// });
    /// # drop(access);
    /// ```
    #[must_use]
    pub fn ask<F, A>(hook: F) -> Self
    where
        F: Fn(Parts) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Visitor, Refusal>> + Send + 'static,
    {
        Self(Kind::Asked(Arc::new(move |parts| Box::pin(hook(parts)))))
    }

    /// Whether only this machine may.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.0, Kind::Local)
    }

    fn known() -> Self {
        Self(Kind::Known {
            key: Secret::random(),
            logins: Vec::new(),
            asks_people: false,
        })
    }

    fn and(self, is_basic: bool, said: &str, visitor: Visitor) -> Self {
        let Kind::Known {
            key,
            mut logins,
            asks_people,
        } = self.0
        else {
            // Whoever names one login wants no other way in.
            return Self::known().and(is_basic, said, visitor);
        };
        let proof = proof(&key, is_basic, said);
        logins.push(Login { proof, visitor });
        let asks_people = asks_people || is_basic;
        Self(Kind::Known {
            key,
            logins,
            asks_people,
        })
    }

    /// Decides about a request.
    pub(super) async fn decide(&self, parts: &Parts, peer: Option<IpAddr>) -> Decision {
        match &self.0 {
            Kind::Local => local(&parts.headers, peer),
            Kind::Known {
                key,
                logins,
                asks_people,
            } => known(&parts.headers, key, logins, *asks_people),
            Kind::Asked(hook) => match hook(parts.clone()).await {
                Ok(visitor) => Decision::Admitted(visitor),
                Err(refusal) => Decision::Refused(refusal),
            },
        }
    }
}

/// This machine, and not a proxy on it that speaks for somebody else.
fn local(headers: &HeaderMap, peer: Option<IpAddr>) -> Decision {
    let is_passed_on = headers.keys().any(|name| {
        let name = name.as_str();
        ["forwarded", "via", "x-real-ip"].contains(&name) || name.starts_with("x-forwarded-")
    });
    let is_here = peer.is_some_and(|peer| peer.to_canonical().is_loopback());
    if is_here && !is_passed_on {
        Decision::Admitted(Visitor::new("", Role::Operator))
    } else {
        Decision::Elsewhere
    }
}

fn known(headers: &HeaderMap, key: &Secret, logins: &[Login], asks_people: bool) -> Decision {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Decision::Unknown { asks_people };
    };
    let said = header.to_str().ok().and_then(|text| text.split_once(' '));
    let proof = said.and_then(|(scheme, said)| {
        let is_basic = scheme.eq_ignore_ascii_case("basic");
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        (is_basic || is_bearer).then(|| proof(key, is_basic, said.trim()))
    });
    let Some(proof) = proof else {
        return Decision::Wrong { asks_people };
    };
    // Every login is compared, whichever fits.
    let mut found = None;
    for login in logins {
        let same: Choice = login.proof.ct_eq(&proof);
        if bool::from(same) && found.is_none() {
            found = Some(&login.visitor);
        }
    }
    match found {
        Some(visitor) => Decision::Admitted(visitor.clone()),
        None => Decision::Wrong { asks_people },
    }
}

/// What is compared instead of a password: of one length whatever the password's.
fn proof(key: &Secret, is_basic: bool, said: &str) -> [u8; 32] {
    let purpose = if is_basic { "basic" } else { "bearer" };
    key.sign(purpose, &[said.as_bytes()])
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Local => "Access::local",
            Kind::Known { .. } => "Access::known",
            Kind::Asked(_) => "Access::ask",
        })
    }
}
