//! One row of a mount table, in Vault's JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MountConfig;

/// Which table a mount stands in, and so where its API and its storage lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MountKind {
    /// A secrets engine: API at `PATH`, storage below `logical/UUID/`.
    #[default]
    #[serde(rename = "mounts")]
    Secrets,
    /// An auth method: API at `auth/PATH`, storage below `auth/UUID/`.
    #[serde(rename = "auth")]
    Auth,
}

/// A mount.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mount {
    /// Its table.
    #[serde(rename = "table")]
    pub kind: MountKind,
    /// Path with a trailing slash, within its table: `secret/`, `userpass/`.
    pub path: String,
    /// `kv`, `userpass`, `system` ...
    #[serde(rename = "type")]
    pub type_name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Names the storage; never reused.
    pub uuid: String,
    /// Vault's second id of a mount.
    #[serde(default)]
    pub backend_aware_uuid: String,
    /// Public handle: type (of auth methods with `auth_` before it), `_`, eight hex digits.
    pub accessor: String,
    /// Tuning.
    #[serde(default)]
    pub config: MountConfig,
    /// Options of the engine: `version` of a kv.
    #[serde(default)]
    pub options: Option<BTreeMap<String, String>>,
    /// Not replicated between clusters; a mark without effect here.
    #[serde(default)]
    pub local: bool,
    /// A mark without effect under a Shamir seal.
    #[serde(default)]
    pub seal_wrap: bool,
    /// A mark without effect here.
    #[serde(default, rename = "external_entropy_access")]
    pub external_entropy: bool,
    /// Always `root`.
    #[serde(default)]
    pub namespace_id: String,
    /// Version of the plugin that was asked for.
    #[serde(default, rename = "plugin_version")]
    pub plugin_version: String,
    /// Set while the mount is being removed in bounded steps: it is out of use, its storage not yet gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// Where the storage lies, derived; see [`Mount::storage_prefix`].
    #[serde(skip)]
    prefix: String,
}

impl Mount {
    /// A new mount with fresh ids.
    pub fn new(kind: MountKind, path: &str, type_name: &str) -> Self {
        let mut mount = Self {
            kind,
            path: path.to_owned(),
            type_name: type_name.to_owned(),
            description: String::new(),
            uuid: uuid::Uuid::new_v4().to_string(),
            backend_aware_uuid: uuid::Uuid::new_v4().to_string(),
            accessor: Self::new_accessor(kind, type_name),
            config: MountConfig::default(),
            options: None,
            local: false,
            seal_wrap: false,
            external_entropy: false,
            namespace_id: "root".to_owned(),
            plugin_version: String::new(),
            tainted: false,
            prefix: String::new(),
        };
        mount.settle();
        mount
    }

    fn new_accessor(kind: MountKind, type_name: &str) -> String {
        let random = uuid::Uuid::new_v4().simple().to_string();
        let class = match kind {
            MountKind::Secrets => "",
            MountKind::Auth => "auth_",
        };
        format!("{class}{type_name}_{}", &random[..8])
    }

    /// Derives what is not stored; to be called on every mount that was read.
    pub(super) fn settle(&mut self) {
        self.prefix = match (self.kind, self.type_name.as_str()) {
            (_, "system") => "sys/".to_owned(),
            // The token store keeps its entries with the system's.
            (MountKind::Auth, "token") => "sys/token/".to_owned(),
            (MountKind::Secrets, _) => format!("logical/{}/", self.uuid),
            (MountKind::Auth, _) => format!("auth/{}/", self.uuid),
        };
    }

    /// Storage prefix of everything the mount keeps, ending in `/`.
    pub fn storage_prefix(&self) -> &str {
        &self.prefix
    }

    /// Path below `/v1/`, ending in `/`.
    pub fn api_path(&self) -> String {
        match self.kind {
            MountKind::Secrets => self.path.clone(),
            MountKind::Auth => format!("auth/{}", self.path),
        }
    }

    /// An option of the engine.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.as_ref()?.get(name).map(String::as_str)
    }

    /// Whether it came with `init` and can't be removed or replaced.
    pub fn is_built_in(&self) -> bool {
        match self.kind {
            MountKind::Secrets => matches!(self.path.as_str(), "sys/" | "cubbyhole/" | "identity/"),
            MountKind::Auth => self.path == "token/",
        }
    }
}
