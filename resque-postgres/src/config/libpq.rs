//! Parameters of `libpq` that are none of the driver's.

/// What else `libpq` knows. Providers put some of it into the URLs that they give out.
pub(super) const OF_LIBPQ: &[&str] = &[
    "channel_binding",
    "client_encoding",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "passfile",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
];

/// Whether a parameter of `libpq` asks for nothing but what is so anyway.
pub(super) fn is_default(name: &str, value: &str) -> bool {
    match name {
        "channel_binding" | "gssencmode" => matches!(value, "prefer" | "disable"),
        "target_session_attrs" => value == "any",
        "load_balance_hosts" => value == "disable",
        "client_encoding" => value.eq_ignore_ascii_case("utf8") || value == "auto",
        "sslcompression" => value == "0",
        "sslnegotiation" => value == "postgres",
        "fallback_application_name" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn parameters_of_libpq_are_taken_where_they_change_nothing() {
        let with = |parameter| Config::parse(&format!("postgres://u:secret@h/db?{parameter}"));
        for harmless in [
            "channel_binding=prefer",
            "gssencmode=disable",
            "target_session_attrs=any",
            "load_balance_hosts=disable",
            "client_encoding=UTF8",
        ] {
            assert!(with(harmless).is_ok(), "{harmless}");
        }
        for other in [
            "channel_binding=require",
            "target_session_attrs=read-write",
            "keepalives_idle=60",
            "service=shop",
        ] {
            let error = with(other).unwrap_err().to_string();
            assert!(error.contains("not supported"), "{error}");
            assert!(error.contains(other.split('=').next().unwrap()), "{error}");
        }
    }
}
