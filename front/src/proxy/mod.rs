//! Connections: taken, brought to a server, passed through, ended.

mod accept;
mod dial;
mod header;
mod opening;
mod relay;
mod session;

pub(crate) use accept::{Door, accept, bind};
pub(crate) use dial::connect;
