//! Trusted CAs that are read anew while the process runs.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{PemError, Reloaded, Roots};

type Load = Box<dyn Fn() -> Result<Roots, PemError> + Send + Sync>;

/// The CAs that are trusted now. Handshakes that are done are not touched.
pub struct ReloadableRoots {
    current: ArcSwap<Roots>,
    load: Option<Load>,
}

impl ReloadableRoots {
    /// Loads them for the first time; `load` is what a reload calls again.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn new(load: impl Fn() -> Result<Roots, PemError> + Send + Sync + 'static) -> Result<Arc<Self>, PemError> {
        let current = ArcSwap::from_pointee(load()?);
        Ok(Arc::new(Self { current, load: Some(Box::new(load)) }))
    }

    /// Such that never change.
    pub fn fixed(roots: Roots) -> Arc<Self> {
        Arc::new(Self { current: ArcSwap::from_pointee(roots), load: None })
    }

    /// Those of now.
    pub fn current(&self) -> Arc<Roots> {
        self.current.load_full()
    }

    /// Loads them again. On an error those in use stay.
    ///
    /// # Errors
    /// Those of the function given to [`ReloadableRoots::new`].
    pub fn reload(&self) -> Result<Reloaded, PemError> {
        let Some(load) = &self.load else { return Ok(Reloaded::Unchanged) };
        let roots = load()?;
        if roots.certificates == self.current.load().certificates {
            return Ok(Reloaded::Unchanged);
        }
        self.current.store(Arc::new(roots));
        Ok(Reloaded::Replaced)
    }
}

impl fmt::Debug for ReloadableRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReloadableRoots").field("trusted", &self.current.load().len()).finish_non_exhaustive()
    }
}
