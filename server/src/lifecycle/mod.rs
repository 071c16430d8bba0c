//! From the command line to a server that answers, and to its orderly end.

mod banner;
mod memory;
mod pid_file;
mod privileges;
mod reload;
mod restart;
mod run;
mod signals;
mod start_error;

pub use memory::Locked;
pub(crate) use privileges::with_file_access;
pub use run::run;
pub(crate) use signals::{Asked, Signals};
pub use start_error::StartError;
