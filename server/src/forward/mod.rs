//! Requests between members, HTTP/2 on streams of the cluster: to the leader from here, and from the others to this node.

mod lane;
mod links;
mod serve;

pub use links::Links;
pub use serve::ForwardServer;

/// Bytes of a body that may be under way unread: of one request, and of all on one connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Bytes of a body that wait to be sent, a request.
const SEND_BUFFER: usize = 256 << 10;
const FRAME: u32 = 64 << 10;
/// Requests at once on one connection; more wait.
const STREAMS: u32 = 4096;
/// What the listeners take, and what goes along.
const HEAD: u32 = 96 << 10;
