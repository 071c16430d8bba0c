//! What browsers are told and allowed: cross-origin requests, and the headers of the web page.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use coffer_model::Store;
use coffer_seal::Barrier;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Failure, Transaction};

/// Where [`CorsConfig`] is stored.
pub const CORS_PATH: &str = "sys/config/cors";

/// Where [`UiHeaders`] are stored: Vault sets its prefix and the name together without a slash.
pub const UI_HEADERS_PATH: &str = "sys/uiconfig";

/// Headers that a client of the API sends, allowed to every allowed origin.
const STANDARD_HEADERS: &[&str] = &[
    "Content-Type",
    "Authorization",
    "X-Vault-Token",
    "X-Vault-MFA",
    "X-Vault-No-Request-Forwarding",
    "X-Vault-Wrap-Format",
    "X-Vault-Wrap-TTL",
    "X-Requested-With",
    "X-Vault-AWS-IAM-Server-ID",
    "X-Vault-Policy-Override",
];

/// The stored rules, ready for use by who answers. Without keys there are none.
#[derive(Default)]
pub struct Browser {
    cors: ArcSwap<CorsConfig>,
    ui_headers: ArcSwap<UiHeaders>,
}

/// Which pages of other origins may ask this server, in Vault's JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorsConfig {
    /// 1: on.
    enabled: u32,
    /// Scheme, host and port; or `*` alone.
    #[serde(default)]
    pub allowed_origins: Vec<String>,
    /// The standard ones and those that were added.
    #[serde(default)]
    pub allowed_headers: Vec<String>,
    /// Whether the browser may send what it keeps for this server.
    #[serde(default)]
    pub allow_credentials: bool,
}

/// A rule that can't be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigins {
    /// Nothing is allowed.
    #[error("at least one origin or the wildcard must be provided")]
    None,
    /// Everything and something is allowed.
    #[error("to allow all origins the '*' must be the only value for allowed_origins")]
    WildcardAndOthers,
}

impl CorsConfig {
    /// Rules that allow these origins, and these headers beside the standard ones.
    pub fn allowing(origins: Vec<String>, headers: Vec<String>, credentials: bool) -> Result<Self, BadOrigins> {
        if origins.is_empty() {
            return Err(BadOrigins::None);
        }
        if origins.len() > 1 && origins.iter().any(|origin| origin == "*") {
            return Err(BadOrigins::WildcardAndOthers);
        }
        let mut allowed_headers: Vec<String> = STANDARD_HEADERS.iter().map(|header| (*header).to_owned()).collect();
        allowed_headers.extend(headers);
        Ok(Self { enabled: 1, allowed_origins: origins, allowed_headers, allow_credentials: credentials })
    }

    /// Whether requests of other origins are looked at.
    pub fn is_enabled(&self) -> bool {
        self.enabled == 1
    }

    /// Whether a page of this origin may ask.
    pub fn allows(&self, origin: &str) -> bool {
        self.is_enabled()
            && self.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
    }
}

/// Headers that go with every page below `/ui/`, in Vault's JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UiHeaders {
    /// Values by name as HTTP writes it (`Content-Security-Policy`).
    #[serde(default)]
    pub headers: BTreeMap<String, Vec<String>>,
}

impl UiHeaders {
    /// The stored ones.
    pub fn read(tx: &mut Transaction) -> Result<Self, Failure> {
        Ok(tx.get_json(UI_HEADERS_PATH)?.unwrap_or_default())
    }

    /// Stores them; none are no record.
    pub fn write(&self, tx: &mut Transaction) -> Result<(), Failure> {
        if self.headers.is_empty() {
            tx.delete(UI_HEADERS_PATH);
            return Ok(());
        }
        tx.put_json(UI_HEADERS_PATH, self)
    }
}

impl Browser {
    /// The rules for other origins.
    pub fn cors(&self) -> Arc<CorsConfig> {
        self.cors.load_full()
    }

    /// The headers of the web page.
    pub fn ui_headers(&self) -> Arc<UiHeaders> {
        self.ui_headers.load_full()
    }

    /// Reads what is stored. What can't be read allows nothing.
    pub(crate) fn reload(&self, store: &dyn Store, barrier: &Barrier) {
        self.cors.store(Arc::new(read(store, barrier, CORS_PATH)));
        self.ui_headers.store(Arc::new(read(store, barrier, UI_HEADERS_PATH)));
    }

    /// The keys are gone.
    pub(crate) fn forget(&self) {
        self.cors.store(Arc::default());
        self.ui_headers.store(Arc::default());
    }
}

fn read<T: DeserializeOwned + Default>(store: &dyn Store, barrier: &Barrier, path: &str) -> T {
    let found = match store.get(path) {
        Ok(Some(found)) => found,
        Ok(None) => return T::default(),
        Err(error) => {
            tracing::error!("{path} can't be read: {error}");
            return T::default();
        }
    };
    let plain = barrier.decrypt(path, &found.value).ok();
    let record = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    record.unwrap_or_else(|| {
        tracing::error!("{path} is not the record it should be");
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(list: &[&str]) -> Vec<String> {
        list.iter().map(|origin| (*origin).to_owned()).collect()
    }

    #[test]
    fn only_listed_origins_may_ask() {
        let rules = CorsConfig::allowing(origins(&["https://a.example"]), Vec::new(), false).unwrap();
        assert!(rules.allows("https://A.example") && !rules.allows("https://a.example.evil"));
        assert!(!CorsConfig::default().allows("https://a.example"));
        let all = CorsConfig::allowing(origins(&["*"]), Vec::new(), false).unwrap();
        assert!(all.allows("null") && all.allows("https://b.example"));
    }

    #[test]
    fn a_wildcard_stands_alone() {
        assert_eq!(CorsConfig::allowing(Vec::new(), Vec::new(), false), Err(BadOrigins::None));
        let both = CorsConfig::allowing(origins(&["*", "https://a.example"]), Vec::new(), false);
        assert_eq!(both, Err(BadOrigins::WildcardAndOthers));
    }

    #[test]
    fn the_record_is_vaults() {
        let stored = r#"{"enabled":1,"allowed_origins":["*"],"allowed_headers":["X"]}"#;
        let rules: CorsConfig = serde_json::from_str(stored).unwrap();
        assert!(rules.is_enabled() && !rules.allow_credentials);
        assert!(!serde_json::from_str::<CorsConfig>(r#"{"enabled":0}"#).unwrap().allows("x"));
    }
}
