//! Keeping secrets out of swap and core files.

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{CapabilitySet, capabilities};

use crate::config::MemoryLock;

/// Whether memory can be swapped out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locked {
    /// It cannot.
    Yes,
    /// It can, as was asked.
    Disabled,
    /// It can, though it should not; why, and what to do.
    No(String),
}

/// Locks all memory, that which comes later included, where the limits allow it.
pub fn lock(wanted: MemoryLock) -> Locked {
    if wanted == MemoryLock::Disabled {
        return Locked::Disabled;
    }
    // Under a limit, the lock would make a later allocation fail, and with it the process.
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    let privileged = capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    if !unlimited && !privileged {
        return Locked::No(
            "memory is not locked, so that secrets could be swapped to disk: give the process CAP_IPC_LOCK or an \
             unlimited memlock limit, or set disable_mlock = true where swap is off or encrypted"
                .to_owned(),
        );
    }
    // Pages as they are touched: whole stacks and reserved ranges would be made resident otherwise.
    match mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT) {
        Ok(()) => Locked::Yes,
        Err(error) => Locked::No(format!(
            "memory could not be locked ({error}), so that secrets could be swapped to disk: set disable_mlock = true \
             where swap is off or encrypted"
        )),
    }
}

/// Forbids core files, and other processes of the same user to read this one's memory.
///
/// # Errors
/// What the system did not allow.
pub fn forbid_core_files() -> Result<(), String> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|error| format!("core files could not be forbidden: {error}"))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("the memory could not be closed to other processes: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_not_wanted_is_not_tried() {
        assert_eq!(lock(MemoryLock::Disabled), Locked::Disabled);
    }

    #[test]
    fn no_core_file_is_written() {
        forbid_core_files().unwrap();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(rustix::process::dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
