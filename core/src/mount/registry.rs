//! Which backend types exist, and how one is built.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Mount, MountKind};
use crate::{Backend, Failure, SystemAccess};

/// Builds the backend of a mount.
pub type BackendFactory = Box<dyn Fn(&Mount) -> Result<Arc<dyn Backend>, Failure> + Send + Sync>;

/// All backend types of this build; filled once by the server.
#[derive(Default)]
pub struct Registry {
    factories: BTreeMap<(MountKind, String), BackendFactory>,
}

impl Registry {
    /// Adds a type; a second one of the same name replaces the first.
    #[must_use]
    pub fn with(mut self, kind: MountKind, type_name: &str, factory: BackendFactory) -> Self {
        self.factories.insert((kind, type_name.to_owned()), factory);
        self
    }

    /// Adds a type that reaches beyond its own storage: `system` and `token`, no other.
    #[must_use]
    pub fn with_privileged(
        self,
        kind: MountKind,
        type_name: &str,
        factory: impl Fn(&Mount, SystemAccess) -> Result<Arc<dyn Backend>, Failure> + Send + Sync + 'static,
    ) -> Self {
        self.with(kind, type_name, Box::new(move |mount| factory(mount, SystemAccess(()))))
    }

    /// Whether the type exists.
    pub fn knows(&self, kind: MountKind, type_name: &str) -> bool {
        self.factories.contains_key(&(kind, type_name.to_owned()))
    }

    /// Names of the types of a table, sorted.
    pub fn types(&self, kind: MountKind) -> impl Iterator<Item = &str> {
        self.factories.keys().filter(move |(of, _)| *of == kind).map(|(_, name)| name.as_str())
    }

    /// Builds the backend of a mount.
    pub fn build(&self, mount: &Mount) -> Result<Arc<dyn Backend>, Failure> {
        let key = (mount.kind, mount.type_name.clone());
        let factory = self.factories.get(&key).ok_or_else(|| {
            Failure::Internal(format!("{}: no backend of type {:?} in this build", mount.path, mount.type_name))
        })?;
        factory(mount)
    }
}
