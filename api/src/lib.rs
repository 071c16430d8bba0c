//! HTTP: from a request on a connection to a [`coffer_core::Request`], and from its answer back to bytes.
//!
//! Owns: paths, methods, headers, bodies and their limits, the envelope's place in an answer, the one mapping from
//! failures to statuses ([`status`]), and which node answers a request ([`forward`]).
//! Must not know: what any path means, who may do what, TLS, sockets, files.

mod answer;
mod body;
mod cors;
mod form;
pub mod forward;
mod limits;
mod method;
mod page;
mod path;
mod query;
mod response_body;
mod service;
mod status;
mod token;
mod upload;
mod wrap;

pub use answer::HttpResponse;
pub use limits::{ConnectionInfo, HttpLimits};
pub use response_body::ResponseBody;
pub use service::Service;
pub use upload::takes_file;
