//! One request on its way in.

use std::net::{IpAddr, SocketAddr};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::access::Decision;
use super::csrf::{Browser, FIELD};
use super::{Guard, Kind, Role, Visitor, origin};

/// How much a form may hold.
const MOST_FORM: usize = 1024 * 1024;

/// Lets a request through to its handler, or answers why not.
pub(super) async fn protect(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let checked = check(&guard, &mut parts, body).await;
    let (body, cookie) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return *refusal,
    };
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

type Refused = Box<Response>;

async fn check(
    guard: &Guard,
    parts: &mut Parts,
    body: Body,
) -> Result<(Body, Option<String>), Refused> {
    let protection = &guard.inner.protection;
    if !protection.hosts.knows(host(parts)) {
        let message = "this address does not go by that host name; whoever runs it can allow it\n";
        return refuse(StatusCode::MISDIRECTED_REQUEST, message);
    }
    if origin::is_foreign(protection.kind, &parts.method, host(parts), &parts.headers) {
        return refuse(
            StatusCode::FORBIDDEN,
            "a page of another site may not ask for this\n",
        );
    }
    let visitor = admit(guard, parts).await?;
    let visitor = if protection.read_only {
        visitor.reading()
    } else {
        visitor
    };
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    if protection.kind == Kind::Pages && changes && visitor.role() == Role::ReadOnly {
        return refuse(
            StatusCode::FORBIDDEN,
            "you may look and not change anything\n",
        );
    }
    let admitted = match protection.kind {
        Kind::Interface => (body, None),
        Kind::Pages => check_form(guard, parts, body, &visitor, changes).await?,
    };
    parts.extensions.insert(visitor);
    Ok(admitted)
}

/// The host that was called.
fn host(parts: &Parts) -> &str {
    let header = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = header.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    host.unwrap_or_default()
}

/// The address that asks.
fn peer(parts: &Parts) -> Option<IpAddr> {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map(|ConnectInfo(address)| address.ip())
}

async fn admit(guard: &Guard, parts: &Parts) -> Result<Visitor, Refused> {
    let peer = peer(parts);
    let protection = &guard.inner.protection;
    // For counting only: who may come in without a login is never decided by what somebody says.
    let client = protection.proxies.client(peer, &parts.headers);
    let logins = &guard.inner.logins;
    let login = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if let Some(login) = login
        && !logins.was_right(client, login)
        && let Some(wait) = logins.wait(client)
    {
        let seconds = wait.as_secs() + 1;
        let message = "too many wrong logins from your address; try again later\n";
        let retry = [(RETRY_AFTER, seconds.to_string())];
        let refusal = (StatusCode::TOO_MANY_REQUESTS, retry, message);
        return Err(Box::new(refusal.into_response()));
    }
    match protection.access.decide(parts, peer).await {
        Decision::Admitted(visitor) => {
            if let Some(login) = login {
                logins.right(client, login);
            }
            Ok(visitor)
        }
        Decision::Unknown { asks_people } => Err(unauthorized(asks_people)),
        Decision::Wrong { asks_people } => {
            logins.wrong(client);
            tracing::warn!(?peer, ?client, "a wrong login was refused");
            Err(unauthorized(asks_people))
        }
        Decision::Elsewhere => {
            let message = "only programs of the machine that this runs on may see this; \
                           whoever runs it can say who else may\n";
            refuse(StatusCode::FORBIDDEN, message)
        }
        Decision::Refused(refusal) => Err(refusal),
    }
}

fn unauthorized(asks_people: bool) -> Refused {
    let challenge = if asks_people {
        "Basic realm=\"resque\", charset=\"UTF-8\""
    } else {
        "Bearer realm=\"resque\""
    };
    let challenge = [(WWW_AUTHENTICATE, challenge)];
    let message = "say who you are\n";
    Box::new((StatusCode::UNAUTHORIZED, challenge, message).into_response())
}

/// A change by form carries its token; one by JSON cannot be sent by a page of another site without
/// asking us first, and nobody is allowed that.
async fn check_form(
    guard: &Guard,
    parts: &mut Parts,
    body: Body,
    visitor: &Visitor,
    changes: bool,
) -> Result<(Body, Option<String>), Refused> {
    let browser = Browser::of(&parts.headers);
    let secret = &guard.inner.protection.secret;
    if !changes {
        parts
            .extensions
            .insert(browser.token(secret, visitor.login()));
        let cookie = browser.is_new.then(|| browser.cookie());
        return Ok((body, cookie));
    }
    let content_type = parts.headers.get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().split(';').next();
    match content_type.unwrap_or_default().trim() {
        "application/json" => Ok((body, None)),
        "application/x-www-form-urlencoded" => {
            let Ok(bytes) = to_bytes(body, MOST_FORM).await else {
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large\n");
            };
            if !browser.sent(&field(&bytes), secret, visitor.login()) {
                let message = "this form is out of date; go back, reload the page and try again\n";
                return refuse(StatusCode::FORBIDDEN, message);
            }
            // The answer may be a page with a form of its own.
            parts
                .extensions
                .insert(browser.token(secret, visitor.login()));
            Ok((Body::from(bytes), None))
        }
        _ => {
            let message = "changes come as a form or as JSON\n";
            refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message)
        }
    }
}

/// The token in a form. It holds no character that is encoded.
fn field(form: &[u8]) -> String {
    let text = String::from_utf8_lossy(form);
    let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let token = pairs.find(|(name, _)| *name == FIELD);
    token.map_or(String::new(), |(_, value)| value.to_owned())
}

fn refuse<T>(status: StatusCode, message: &'static str) -> Result<T, Refused> {
    Err(Box::new((status, message).into_response()))
}
