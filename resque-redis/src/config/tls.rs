//! TLS, by rustls on ring for both drivers.

use std::path::PathBuf;

/// Which servers to trust, and who we are.
///
/// ```
/// use resque_redis::{Config, Tls};
///
/// let tls = Tls::new().with_authority("/etc/redis/ca.pem");
/// let config = Config::tcp("redis.example", 6380).with_tls(tls);
/// # let _ = config;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    authority: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Tls {
    /// Trusts the authorities that the operating system trusts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities in this PEM file, and no others.
    #[must_use]
    pub fn with_authority(mut self, file: impl Into<PathBuf>) -> Self {
        self.authority = Some(file.into());
        self
    }

    /// Shows the certificate in this PEM file, which also needs its [key](Self::with_key).
    #[must_use]
    pub fn with_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.certificate = Some(file.into());
        self
    }

    /// Proves the certificate with the private key in this PEM file.
    #[must_use]
    pub fn with_key(mut self, file: impl Into<PathBuf>) -> Self {
        self.key = Some(file.into());
        self
    }

    /// Reads the files.
    #[cfg(feature = "tls")]
    pub(crate) fn load(&self) -> resque_core::Result<std::sync::Arc<rustls::ClientConfig>> {
        use rustls::ClientConfig;

        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| super::invalid("TLS", error.to_string()))?
            .with_root_certificates(self.trusted()?);
        let config = match (&self.certificate, &self.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(pem::certificates("tls_cert", certificate)?, pem::key(key)?)
                .map_err(|error| super::invalid("tls_cert", error.to_string()))?,
            (Some(_), None) => return Err(super::invalid("tls_key", "tls_cert needs it too")),
            (None, Some(_)) => return Err(super::invalid("tls_cert", "tls_key needs it too")),
        };
        Ok(std::sync::Arc::new(config))
    }

    #[cfg(feature = "tls")]
    fn trusted(&self) -> resque_core::Result<rustls::RootCertStore> {
        let mut store = rustls::RootCertStore::empty();
        let Some(file) = &self.authority else {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(store);
        };
        for certificate in pem::certificates("tls_ca", file)? {
            store
                .add(certificate)
                .map_err(|error| super::invalid("tls_ca", error.to_string()))?;
        }
        Ok(store)
    }
}

#[cfg(feature = "tls")]
mod pem {
    use std::path::Path;

    use resque_core::{Error, Result};
    use rustls::pki_types::pem::{self, PemObject};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use crate::config::invalid;

    /// Reads all certificates of a file.
    pub(super) fn certificates(part: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>> {
        let read =
            CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = read.map_err(|error| unreadable(part, file, &error))?;
        if certificates.is_empty() {
            return Err(unreadable(part, file, &pem::Error::NoItemsFound));
        }
        Ok(certificates)
    }

    /// Reads the private key of a file.
    pub(super) fn key(file: &Path) -> Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_file(file).map_err(|error| unreadable("tls_key", file, &error))
    }

    fn unreadable(part: &str, file: &Path, error: &pem::Error) -> Error {
        invalid(
            part,
            format!("{} cannot be read as PEM: {error}", file.display()),
        )
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_missing_are_named() {
        for (tls, part) in [
            (
                Tls::new().with_authority("/nowhere/ca.pem"),
                "tls_ca: /nowhere/ca.pem",
            ),
            (Tls::new().with_authority("/dev/null"), "tls_ca: /dev/null"),
            (Tls::new().with_certificate("/nowhere/cert.pem"), "tls_key"),
            (Tls::new().with_key("/nowhere/key.pem"), "tls_cert"),
        ] {
            let error = tls.load().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
