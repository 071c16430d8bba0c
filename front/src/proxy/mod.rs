//! Connections: taken, brought to a server, passed through, ended.

mod accept;
mod bind;
mod bytes;
mod dial;
mod header;
mod opening;
mod relay;
mod room;
mod session;
mod side;
mod silence;

pub(crate) use accept::{Door, House, accept};
pub(crate) use bind::bind;
pub(crate) use room::Room;
