//! Certificates for a server that speaks TLS.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::local::Home;
use crate::{Error, Result, untouched};

/// A certificate authority of one day, and a server certificate for loopback that it has signed.
#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) files: Files,
    // Removes the files when it is dropped.
    _home: Home,
}

/// Where the files are, for one who reads them (a server in a container sees other paths).
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Makes them with the `openssl` program, version 3 or later.
    pub(crate) fn create() -> Result<Self> {
        let home = Home::new("KILL")?;
        let files = Files::within(home.path());
        let authority_key = home.path().join("ca.key");
        request(
            &files.authority,
            &authority_key,
            "resque test authority",
            &["-addext", "keyUsage=critical,keyCertSign"].map(OsStr::new),
        )?;
        let signed = [
            OsStr::new("-CA"),
            files.authority.as_os_str(),
            OsStr::new("-CAkey"),
            authority_key.as_os_str(),
            OsStr::new("-addext"),
            OsStr::new("subjectAltName=IP:127.0.0.1,DNS:localhost"),
            OsStr::new("-addext"),
            OsStr::new("basicConstraints=critical,CA:FALSE"),
        ];
        request(&files.certificate, &files.key, "localhost", &signed)?;
        Ok(Self { files, _home: home })
    }
}

impl Files {
    pub(crate) fn within(directory: &Path) -> Self {
        let [authority, certificate, key] =
            ["ca.pem", "server.pem", "server.key"].map(|name| directory.join(name));
        Self {
            authority,
            certificate,
            key,
        }
    }

    pub(crate) fn all(&self) -> [&Path; 3] {
        [&self.authority, &self.certificate, &self.key]
    }
}

/// Makes one key and its certificate.
fn request(certificate: &Path, key: &Path, name: &str, more: &[&OsStr]) -> Result<()> {
    let output = untouched::command("openssl")
        .args([
            "req", "-x509", "-batch", "-noenc", "-days", "1", "-newkey", "ec",
        ])
        .args([
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-subj",
            &format!("/CN={name}"),
        ])
        .arg("-out")
        .arg(certificate)
        .arg("-keyout")
        .arg(key)
        .args(more)
        .output()
        .map_err(|cause| {
            Error::caused_by("no `openssl` to make TLS certificates: install it", cause)
        })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!(
        "`openssl` (version 3 is needed) made no certificate: {}",
        words.trim()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_certificate_is_signed_by_the_authority() {
        let made = Certificates::create().unwrap();
        let verdict = untouched::command("openssl")
            .args([
                "verify",
                "-x509_strict",
                "-verify_ip",
                "127.0.0.1",
                "-CAfile",
            ])
            .args([&made.files.authority, &made.files.certificate])
            .output()
            .unwrap();
        assert!(
            verdict.status.success(),
            "{}",
            String::from_utf8_lossy(&verdict.stderr)
        );
    }
}
