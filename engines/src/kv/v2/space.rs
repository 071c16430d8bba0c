//! The secrets of a mount as they are stored, as one request sees them.

use std::sync::Arc;

use coffer_core::{Context, Failure, Timestamp};
use prost::Message;
use zeroize::Zeroizing;

use super::layout::{Layout, Salt};
use super::names::{NamePolicy, Names};
use super::records::KeyMetadata;
use super::secret_path::{Folder, SecretPath};

/// What names and places are derived from; made once a mount.
pub(super) struct Keys {
    names: Names,
    salt: Salt,
}

impl Keys {
    /// `None` where the mount has none yet.
    pub(super) fn load(cx: &mut Context<'_>, layout: &Layout) -> Result<Option<Self>, Failure> {
        let (Some(policy), Some(salt)) = (cx.peek(&layout.name_policy())?, cx.peek(&layout.salt())?) else {
            return Ok(None);
        };
        let names = Names::new(NamePolicy::from_stored(&policy)?, layout.metadata());
        Ok(Some(Self { names, salt: Salt::from_stored(&salt)? }))
    }

    /// Makes what is missing. Guarded: of two requests that do it, one is run again and finds what the other made.
    pub(super) fn create(cx: &mut Context<'_>, layout: &Layout) -> Result<Self, Failure> {
        let policy = match cx.get(&layout.name_policy())? {
            Some(stored) => NamePolicy::from_stored(&stored)?,
            None => {
                let new = NamePolicy::create(layout.root(), cx.now())?;
                cx.put(&layout.name_policy(), new.record);
                cx.put(&layout.name_archive(), new.archive);
                new.policy
            }
        };
        let salt = match cx.get(&layout.salt())? {
            Some(stored) => Salt::from_stored(&stored)?,
            None => {
                let salt = Salt::generate();
                cx.put(&layout.salt(), salt.as_bytes().to_vec());
                salt
            }
        };
        Ok(Self { names: Names::new(policy, layout.metadata()), salt })
    }
}

/// Reads and writes of one request.
pub(super) struct Space<'s, 'c> {
    cx: &'s mut Context<'c>,
    layout: &'s Layout,
    keys: Arc<Keys>,
}

impl<'s, 'c> Space<'s, 'c> {
    pub(super) fn new(cx: &'s mut Context<'c>, layout: &'s Layout, keys: Arc<Keys>) -> Self {
        Self { cx, layout, keys }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.cx.now()
    }

    /// A key's metadata, to decide a change on: the change is not made if it is another by then.
    pub(super) fn metadata(&mut self, key: SecretPath<'_>) -> Result<Option<KeyMetadata>, Failure> {
        let path = self.keys.names.path(key)?;
        self.cx.get(&path)?.map(|bytes| decode(&bytes)).transpose()
    }

    /// A key's metadata, to show.
    pub(super) fn peek_metadata(&mut self, key: SecretPath<'_>) -> Result<Option<KeyMetadata>, Failure> {
        let path = self.keys.names.path(key)?;
        self.cx.peek(&path)?.map(|bytes| decode(&bytes)).transpose()
    }

    /// Whether the key exists; guarded as [`Space::metadata`] is.
    pub(super) fn has_metadata(&mut self, key: SecretPath<'_>) -> Result<bool, Failure> {
        let path = self.keys.names.path(key)?;
        Ok(self.cx.get(&path)?.is_some())
    }

    pub(super) fn put_metadata(&mut self, key: SecretPath<'_>, metadata: &KeyMetadata) -> Result<(), Failure> {
        let path = self.keys.names.path(key)?;
        self.cx.put(&path, metadata.encode_to_vec());
        Ok(())
    }

    pub(super) fn delete_metadata(&mut self, key: SecretPath<'_>) -> Result<(), Failure> {
        let path = self.keys.names.path(key)?;
        self.cx.delete(&path);
        Ok(())
    }

    /// The stored record of a version. Not guarded: it changes only together with the metadata.
    pub(super) fn version(&mut self, key: SecretPath<'_>, number: u64) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        self.cx.peek(&self.layout.version(&self.keys.salt, key, number))
    }

    pub(super) fn put_version(&mut self, key: SecretPath<'_>, number: u64, record: Zeroizing<Vec<u8>>) {
        self.cx.put(&self.layout.version(&self.keys.salt, key, number), record);
    }

    pub(super) fn delete_version(&mut self, key: SecretPath<'_>, number: u64) {
        self.cx.delete(&self.layout.version(&self.keys.salt, key, number));
    }

    /// Names in a folder, sorted; folders end in `/`.
    pub(super) fn children(&mut self, folder: Folder<'_>) -> Result<Vec<String>, Failure> {
        let stored = self.cx.list(&self.keys.names.folder(folder)?, "", usize::MAX)?;
        Ok(self.keys.names.open(folder, &stored)?)
    }
}

fn decode(bytes: &[u8]) -> Result<KeyMetadata, Failure> {
    KeyMetadata::decode(bytes)
        .map_err(|_| Failure::Internal("the metadata of a kv key is not the record it should be".to_owned()))
}
