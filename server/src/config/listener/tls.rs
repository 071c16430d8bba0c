//! The TLS keys of a listener.

use std::time::Duration;

use coffer_hcl::Block;
use coffer_tls::{CipherSuites, TlsVersion, UnknownTlsVersion, VersionRange};

use super::TlsSettings;
use crate::config::problem::{ConfigError, Warning};
use crate::config::section::Section;

const WATCH_EVERY: Duration = Duration::from_secs(5);

pub(super) fn read(
    section: &Section<'_>,
    block: &Block<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<TlsSettings, ConfigError> {
    let file = |key: &str| {
        section.string(key)?.ok_or_else(|| {
            let message = format!("the listener needs {key}, or tls_disable = true to serve without TLS");
            section.error(block.position(), message)
        })
    };
    let settings = TlsSettings {
        certificate: file("tls_cert_file")?.into(),
        key: file("tls_key_file")?.into(),
        versions: versions(section, warnings)?,
        suites: suites(section, warnings)?,
        client_ca: client_ca(section)?,
        watch_every: watch_every(section)?,
    };
    Ok(settings)
}

fn versions(section: &Section<'_>, warnings: &mut Vec<Warning>) -> Result<VersionRange, ConfigError> {
    let lowest = match section.string("tls_min_version")? {
        None => TlsVersion::Tls12,
        Some(text) => match text.parse() {
            Ok(version) => version,
            Err(UnknownTlsVersion::Obsolete(name)) => {
                let message = format!("tls_min_version: {name:?} is not offered any more; TLS 1.2 is the lowest");
                warnings.push(Warning::at(section.file, section.place("tls_min_version"), message));
                TlsVersion::Tls12
            }
            Err(error) => return Err(section.wrong("tls_min_version", error)),
        },
    };
    let highest = section.parsed("tls_max_version", str::parse)?.unwrap_or(TlsVersion::Tls13);
    VersionRange::new(lowest, highest).map_err(|error| section.wrong("tls_max_version", error))
}

fn suites(section: &Section<'_>, warnings: &mut Vec<Warning>) -> Result<Option<CipherSuites>, ConfigError> {
    let suites = section.parsed("tls_cipher_suites", CipherSuites::parse)?;
    if let Some(suites) = suites.as_ref().filter(|suites| !suites.not_offered.is_empty()) {
        let message = format!("tls_cipher_suites: not offered for being weak: {}", suites.not_offered.join(", "));
        warnings.push(Warning::at(section.file, section.place("tls_cipher_suites"), message));
    }
    Ok(suites)
}

fn client_ca(section: &Section<'_>) -> Result<Option<std::path::PathBuf>, ConfigError> {
    if section.boolean("tls_disable_client_certs")?.unwrap_or(false) {
        return Ok(None);
    }
    Ok(section.string("tls_client_ca_file")?.map(Into::into))
}

fn watch_every(section: &Section<'_>) -> Result<Option<Duration>, ConfigError> {
    if section.boolean("tls_auto_reload")? == Some(false) {
        return Ok(None);
    }
    let interval = section.duration("tls_auto_reload_interval")?.filter(|interval| !interval.is_zero());
    Ok(Some(interval.unwrap_or(WATCH_EVERY)))
}
