//! A node of this mode ends when the process that started it does, however that one ended.

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

/// Set for the nodes, to the process id of the one that starts them.
pub const IN_CHILD: &str = "COFFER_DEV_PARENT";

/// In a node: asks the system for a signal at the parent's death.
///
/// # Errors
/// The parent is gone already, or the system does not do it.
pub fn die_with_parent(parent: &str) -> Result<(), String> {
    let parent = parent.parse().ok().and_then(Pid::from_raw).ok_or_else(|| format!("{IN_CHILD} is no process id"))?;
    set_parent_process_death_signal(Some(Signal::TERM)).map_err(|error| error.to_string())?;
    // It may have died before the signal was asked for.
    if getppid() == Some(parent) { Ok(()) } else { Err("the process that started this node is gone".to_owned()) }
}
