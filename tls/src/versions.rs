//! Protocol versions as Vault's configuration spells them.

use std::fmt;
use std::str::FromStr;

use rustls::SupportedProtocolVersion;

/// A TLS version that coffer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2, the lowest that Vault's default offers.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "tls12",
            Self::Tls13 => "tls13",
        })
    }
}

impl FromStr for TlsVersion {
    type Err = UnknownTlsVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "tls12" => Ok(Self::Tls12),
            "tls13" => Ok(Self::Tls13),
            "tls10" | "tls11" => Err(UnknownTlsVersion::Obsolete(text.to_owned())),
            _ => Err(UnknownTlsVersion::NotAVersion(text.to_owned())),
        }
    }
}

/// The text is no TLS version that coffer speaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownTlsVersion {
    /// TLS 1.0 and 1.1, which Vault still accepts by name.
    #[error("TLS version {0:?} is obsolete and not offered: use \"tls12\" or \"tls13\"")]
    Obsolete(String),
    /// No version at all.
    #[error("{0:?} is not a TLS version: use \"tls12\" or \"tls13\"")]
    NotAVersion(String),
}

/// The versions offered, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRange {
    min: TlsVersion,
    max: TlsVersion,
}

impl VersionRange {
    /// # Errors
    /// The lowest is above the highest.
    pub fn new(min: TlsVersion, max: TlsVersion) -> Result<Self, VersionRangeError> {
        if min > max {
            return Err(VersionRangeError { min, max });
        }
        Ok(Self { min, max })
    }

    /// Whether the version lies in the range.
    pub fn contains(self, version: TlsVersion) -> bool {
        (self.min..=self.max).contains(&version)
    }

    pub(crate) fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        static TLS12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
        static TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
        static BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
        match (self.min, self.max) {
            (TlsVersion::Tls12, TlsVersion::Tls12) => TLS12,
            (TlsVersion::Tls13, _) => TLS13,
            (TlsVersion::Tls12, TlsVersion::Tls13) => BOTH,
        }
    }
}

impl Default for VersionRange {
    fn default() -> Self {
        Self { min: TlsVersion::Tls12, max: TlsVersion::Tls13 }
    }
}

/// The range holds no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lowest TLS version ({min}) is above the highest ({max})")]
pub struct VersionRangeError {
    /// The lowest version asked for.
    pub min: TlsVersion,
    /// The highest version asked for.
    pub max: TlsVersion,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_vaults_spelling_only() {
        assert_eq!("tls12".parse(), Ok(TlsVersion::Tls12));
        assert_eq!("tls13".parse(), Ok(TlsVersion::Tls13));
        assert!(matches!("tls10".parse::<TlsVersion>(), Err(UnknownTlsVersion::Obsolete(_))));
        assert!(matches!("TLS1.3".parse::<TlsVersion>(), Err(UnknownTlsVersion::NotAVersion(_))));
    }

    #[test]
    fn an_empty_range_is_refused() {
        assert!(VersionRange::new(TlsVersion::Tls13, TlsVersion::Tls12).is_err());
        let only = VersionRange::new(TlsVersion::Tls13, TlsVersion::Tls13).unwrap();
        assert!(!only.contains(TlsVersion::Tls12));
        assert_eq!(only.supported().len(), 1);
    }
}
