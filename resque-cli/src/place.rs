//! Which store and which namespace.

/// The namespace of Resque, which all backends take unless another is named.
const NAMESPACE: &str = "resque";

/// A store by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    url: String,
    namespace: String,
    /// Whether nobody named the namespace.
    usual: bool,
}

impl Place {
    /// The store of a URL or of one of Resque's own strings. `namespace` wins over one in the URL;
    /// `otherwise` is taken where nobody names one.
    pub(crate) fn new(url: &str, namespace: Option<&str>, otherwise: Option<&str>) -> Self {
        let (bare, named) = if is_server_string(url) {
            server_string(url)
        } else {
            query(url)
        };
        let named = namespace.map(str::to_owned).or(named);
        let usual = named.is_none();
        let Some(namespace) = named.or(otherwise.map(str::to_owned)) else {
            return Self {
                url: url.to_owned(),
                namespace: NAMESPACE.to_owned(),
                usual,
            };
        };
        let url = if is_server_string(url) {
            format!("{bare}/{namespace}")
        } else {
            let mark = if bare.contains('?') { '&' } else { '?' };
            format!("{bare}{mark}namespace={}", encoded(&namespace))
        };
        Self {
            url,
            namespace,
            usual,
        }
    }

    /// What to connect to.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The namespace.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether nobody named the namespace.
    pub(crate) fn is_unnamed(&self) -> bool {
        self.usual
    }

    /// Whether it ends with this process.
    pub(crate) fn is_memory(&self) -> bool {
        self.url.split(':').next() == Some("memory")
    }

    /// The store for people: without user, password and settings.
    pub(crate) fn shown(&self) -> String {
        let url = self.url.split('?').next().unwrap_or_default();
        if is_server_string(url) {
            return url.split('/').next().unwrap_or_default().to_owned();
        }
        match url.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                format!("{scheme}://{host}")
            }
            None => url.trim_end_matches(':').to_owned(),
        }
    }
}

/// Whether it is `host[:port[:db]][/namespace]` and no URL.
fn is_server_string(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    !url.contains("://") && !matches!(scheme, "memory" | "unix")
}

fn server_string(text: &str) -> (String, Option<String>) {
    match text.split_once('/') {
        Some((server, namespace)) => (server.to_owned(), Some(namespace.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// Takes the namespace out of a URL's settings.
fn query(url: &str) -> (String, Option<String>) {
    let Some((bare, settings)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let is_namespace = |setting: &&str| setting.starts_with("namespace=");
    let (named, others): (Vec<&str>, Vec<&str>) = settings.split('&').partition(is_namespace);
    let named = named.last().and_then(|named| named.split_once('='));
    let bare = if others.is_empty() {
        bare.to_owned()
    } else {
        format!("{bare}?{}", others.join("&"))
    };
    (bare, named.map(|(_, name)| decoded(name)))
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str, namespace: Option<&str>) -> String {
        Place::new(url, namespace, Some("resque-dev")).url
    }

    #[test]
    fn a_url_stays_as_it_is_where_nobody_names_a_namespace() {
        let place = Place::new("redis://h:1/2?driver=fred", None, None);
        assert_eq!(place.url(), "redis://h:1/2?driver=fred");
        assert_eq!(place.namespace(), "resque");
        let place = Place::new("redis://h:1/2?namespace=shop", None, None);
        assert_eq!(place.namespace(), "shop");
    }

    #[test]
    fn a_namespace_of_its_own_unless_one_is_named() {
        for (given, expected) in [
            ("memory:", "memory:?namespace=resque-dev"),
            ("redis://h:1/2", "redis://h:1/2?namespace=resque-dev"),
            (
                "redis://h?driver=fred",
                "redis://h?driver=fred&namespace=resque-dev",
            ),
            (
                "redis://h?namespace=a&driver=fred",
                "redis://h?driver=fred&namespace=a",
            ),
            ("redis://h?namespace=a%3Ab", "redis://h?namespace=a:b"),
            ("unix:///s?db=1", "unix:///s?db=1&namespace=resque-dev"),
            ("localhost:6379", "localhost:6379/resque-dev"),
            ("localhost:6379:2/shop:eu", "localhost:6379:2/shop:eu"),
        ] {
            assert_eq!(url(given, None), expected);
        }
    }

    #[test]
    fn a_named_namespace_wins() {
        assert_eq!(
            url("redis://h?namespace=a", Some("b&c")),
            "redis://h?namespace=b%26c"
        );
        assert_eq!(url("h:1/a", Some("b")), "h:1/b");
    }

    #[test]
    fn neither_password_nor_settings_are_shown() {
        for (given, shown) in [
            ("redis://user:p@ss@h:1/2?client_name=x", "redis://h:1/2"),
            ("memory:", "memory"),
            ("h:1:2/shop", "h:1:2"),
            ("unix:///run/r.sock?password=x", "unix:///run/r.sock"),
        ] {
            assert_eq!(Place::new(given, None, None).shown(), shown);
        }
    }
}
