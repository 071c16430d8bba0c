//! What can go wrong in an open store, and the one place it is reported.

use std::sync::Arc;

use tokio::sync::watch;

/// An error of an open store. One met while writing leaves the file in doubt: the node must stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The system refused to read, write or sync.
    #[error(
        "{file}: {action} failed: {reason}. Check the disk (space, health, mount options), then start the node again"
    )]
    Io {
        /// File concerned, as a path where there is one.
        file: String,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        reason: String,
    },
    /// What was read cannot have been written by this program.
    #[error(
        "{file} is damaged: {what}. Restore the data folder from a snapshot or a backup; where other members hold \
         the data, remove this one, empty its data folder and let it join again"
    )]
    Damaged {
        /// File concerned.
        file: String,
        /// What was wanted and what was found.
        what: String,
    },
    /// The caller broke the log's rules; nothing was written.
    #[error("{file}: {what}")]
    Misuse {
        /// File concerned.
        file: String,
        /// Which rule.
        what: String,
    },
    /// The store was closed before.
    #[error("{file} is closed")]
    Closed {
        /// File concerned.
        file: String,
    },
}

impl StoreFault {
    pub(crate) fn from_redb(file: &str, action: &'static str, error: redb::Error) -> Self {
        let file = file.to_owned();
        match error {
            redb::Error::Corrupted(what) => Self::Damaged { file, what },
            redb::Error::DatabaseClosed => Self::Closed { file },
            other => Self::Io { file, action, reason: other.to_string() },
        }
    }

    pub(crate) fn damaged(file: &str, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), what: what.into() }
    }
}

/// Adds file and action to redb's many error types.
pub(crate) trait FaultContext<T> {
    fn fault(self, file: &str, action: &'static str) -> Result<T, StoreFault>;
}

impl<T, E: Into<redb::Error>> FaultContext<T> for Result<T, E> {
    fn fault(self, file: &str, action: &'static str) -> Result<T, StoreFault> {
        self.map_err(|error| StoreFault::from_redb(file, action, error.into()))
    }
}

/// The first fault that makes the node unfit to go on, for whoever ends the process.
#[derive(Clone, Debug)]
pub struct Faults {
    first: Arc<watch::Sender<Option<StoreFault>>>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { first: Arc::new(watch::Sender::new(None)) }
    }
}

impl Faults {
    /// Keeps the first report, ignores later ones.
    pub fn report(&self, fault: StoreFault) {
        self.first.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(fault);
            }
            is_first
        });
    }

    /// The fault, if there has been one.
    pub fn get(&self) -> Option<StoreFault> {
        self.first.borrow().clone()
    }

    /// Returns at the first fault; never while there is none.
    pub async fn wait(&self) -> StoreFault {
        let mut first = self.first.subscribe();
        loop {
            if let Some(fault) = first.borrow_and_update().clone() {
                return fault;
            }
            if first.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_fault_stays() {
        let faults = Faults::default();
        let waiting = tokio::spawn({
            let faults = faults.clone();
            async move { faults.wait().await }
        });
        let first = StoreFault::Closed { file: "a".into() };
        faults.report(first.clone());
        faults.report(StoreFault::Closed { file: "b".into() });
        assert_eq!(waiting.await.unwrap(), first);
        assert_eq!(faults.get(), Some(first));
    }
}
