//! An entity and the names it logs in by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::mount::Mount;
use crate::{Alias, Timestamp};

/// Who is behind logins through any number of mounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// UUID.
    pub id: String,
    /// Name; made up where none was given.
    pub name: String,
    /// Free.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Given to its tokens.
    #[serde(default)]
    pub policies: Vec<String>,
    /// It can't log in.
    #[serde(default)]
    pub disabled: bool,
    /// When it was made.
    pub creation_time: Timestamp,
    /// When it was last changed.
    pub last_update_time: Timestamp,
    /// Names it logs in by.
    pub aliases: Vec<EntityAlias>,
}

/// A name within one mount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityAlias {
    /// UUID.
    pub id: String,
    /// The mount.
    pub mount_accessor: String,
    /// Its type when the alias was made.
    pub mount_type: String,
    /// Its path when the alias was made, `auth/` in front.
    pub mount_path: String,
    /// Name within it.
    pub name: String,
    /// From the method, as of the last login.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// When it was made.
    pub creation_time: Timestamp,
    /// When it was last changed.
    pub last_update_time: Timestamp,
}

impl Entity {
    pub(super) fn of_alias(mount: &Mount, alias: &Alias, now: Timestamp) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        Self {
            name: format!("entity_{}", &uuid::Uuid::new_v4().simple().to_string()[..8]),
            metadata: BTreeMap::new(),
            policies: Vec::new(),
            disabled: false,
            creation_time: now,
            last_update_time: now,
            aliases: vec![EntityAlias {
                id: uuid::Uuid::new_v4().to_string(),
                mount_accessor: mount.accessor.clone(),
                mount_type: mount.type_name.clone(),
                mount_path: mount.api_path(),
                name: alias.name.clone(),
                metadata: alias.metadata.clone(),
                creation_time: now,
                last_update_time: now,
            }],
            id,
        }
    }

    /// Takes what the method says of the alias today; whether anything changed.
    pub(super) fn refresh(&mut self, mount_accessor: &str, alias: &Alias, now: Timestamp) -> bool {
        let known = |known: &&mut EntityAlias| known.mount_accessor == mount_accessor && known.name == alias.name;
        let Some(known) = self.aliases.iter_mut().find(known) else { return false };
        if known.metadata == alias.metadata {
            return false;
        }
        known.metadata.clone_from(&alias.metadata);
        known.last_update_time = now;
        true
    }
}
