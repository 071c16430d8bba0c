//! Names of keys in storage: each segment of a path is encrypted by itself, always to the same text, with a key derived
//! from the folder it lies in. Listing a folder shows an attacker on the disk how many keys there are, not which.

mod base62;
mod cache;
mod cipher;
mod policy;

use std::sync::Arc;

use coffer_core::Failure;

use self::cache::PathCache;
use self::cipher::FolderCipher;
pub(super) use self::policy::NamePolicy;
use super::secret_path::{Folder, SecretPath};

/// Turns the keys of one mount into storage paths and back.
pub(super) struct Names {
    policy: NamePolicy,
    /// Folder of all metadata, without the slash at its end; the outermost context.
    root: String,
    cache: PathCache,
}

/// A stored name that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    /// Not what an encrypted name looks like.
    #[error("a stored name is malformed")]
    Malformed,
    /// A key version that the policy does not have.
    #[error("a stored name was encrypted with key version {0}, which is not there")]
    UnknownKey(u32),
    /// Damaged, or moved from another folder.
    #[error("a stored name does not decrypt")]
    NotAuthentic,
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl Names {
    /// `root` is the folder of all metadata, without the slash at its end.
    pub(super) fn new(policy: NamePolicy, root: String) -> Self {
        Self { policy, root, cache: PathCache::default() }
    }

    /// Storage path of a key's metadata.
    pub(super) fn path(&self, key: SecretPath<'_>) -> Result<Arc<str>, NameError> {
        if let Some(known) = self.cache.get(key.text()) {
            return Ok(known);
        }
        let path: Arc<str> = self.encrypt(key.segments())?.into();
        self.cache.insert(key.text(), &path);
        Ok(path)
    }

    /// Storage prefix of a folder's children, ending in `/`.
    pub(super) fn folder(&self, folder: Folder<'_>) -> Result<String, NameError> {
        let mut path = self.encrypt(folder.segments())?;
        path.push('/');
        Ok(path)
    }

    /// Names of a folder's children, sorted; folders keep the `/` at their end.
    pub(super) fn open(&self, folder: Folder<'_>, stored: &[String]) -> Result<Vec<String>, NameError> {
        let mut context = self.root.clone();
        for segment in folder.segments() {
            context.push('/');
            context.push_str(segment);
        }
        let mut ciphers = Vec::new();
        let mut names = Vec::with_capacity(stored.len());
        for name in stored {
            let (name, slash) = match name.strip_suffix('/') {
                Some(name) => (name, "/"),
                None => (name.as_str(), ""),
            };
            let text = base62::decode(name).ok_or(NameError::Malformed)?;
            let (version, sealed) = cipher::split(&text).ok_or(NameError::Malformed)?;
            let cipher = match ciphers.iter().position(|(have, _)| *have == version) {
                Some(at) => at,
                None => {
                    let key = self.policy.key(version).ok_or(NameError::UnknownKey(version))?;
                    ciphers.push((version, FolderCipher::derive(key, &context)));
                    ciphers.len() - 1
                }
            };
            names.push(ciphers[cipher].1.open(sealed)? + slash);
        }
        names.sort_unstable();
        Ok(names)
    }

    fn encrypt<'s>(&self, segments: impl Iterator<Item = &'s str>) -> Result<String, NameError> {
        let (version, key) = self.policy.latest();
        let mut path = self.root.clone();
        let mut context = self.root.clone();
        for segment in segments {
            let sealed = FolderCipher::derive(key, &context).seal(version, segment)?;
            path.push('/');
            path.push_str(&base62::encode(sealed.as_bytes()));
            context.push('/');
            context.push_str(segment);
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names() -> Names {
        Names::new(NamePolicy::generate("p", coffer_core::Timestamp::ZERO).unwrap(), "p/metadata".to_owned())
    }

    #[test]
    fn a_name_says_nothing_and_is_always_the_same() {
        let names = names();
        let key = SecretPath::parse("team/db").unwrap();
        let path = names.path(key).unwrap();
        assert!(path.starts_with("p/metadata/") && !path.contains("team") && !path.contains("db"));
        assert_eq!(names.path(key).unwrap(), path);
        assert_eq!(names.encrypt(key.segments()).unwrap(), *path);
        assert_ne!(names.path(SecretPath::parse("db").unwrap()).unwrap().rsplit('/').next(), path.rsplit('/').next());
    }

    #[test]
    fn a_name_moved_to_another_folder_does_not_open() {
        let names = names();
        let path = names.path(SecretPath::parse("a/x").unwrap()).unwrap();
        let stored = [path.rsplit('/').next().unwrap().to_owned()];
        assert_eq!(names.open(Folder::parse("a").unwrap(), &stored).unwrap(), ["x"]);
        assert_eq!(names.open(Folder::parse("b").unwrap(), &stored), Err(NameError::NotAuthentic));
    }

    proptest! {
        #[test]
        fn every_name_comes_back(folder in "[^/.]{1,8}", name in "[^/.]{1,40}") {
            let names = names();
            let key = format!("{folder}/{name}");
            let path = names.path(SecretPath::parse(&key).unwrap()).unwrap();
            let prefix = names.folder(Folder::parse(&folder).unwrap()).unwrap();
            let stored = [path.strip_prefix(&prefix).unwrap().to_owned() + "/"];
            prop_assert_eq!(names.open(Folder::parse(&folder).unwrap(), &stored).unwrap(), [name + "/"]);
        }

        #[test]
        fn no_stored_name_makes_it_panic(name in ".*") {
            let _ = names().open(Folder::parse("").unwrap(), &[name]);
        }
    }
}
