//! The HTTP client: where the server is, what a request carries, what comes back.
//!
//! It knows Vault's envelope and headers; which path means what is the commands' business.

mod address;
mod body;
mod config;
mod connection;
mod curl;
mod error;
mod logical;
mod proxy;
mod request;
mod response;
mod retry;
mod secret;
mod send;
mod sudo;
mod tls;

pub(crate) use config::{Config, ConfigError, DEFAULT_ADDRESS};
pub(crate) use error::RequestError;
pub(crate) use logical::Reply;
pub(crate) use request::Request;
pub(crate) use response::{Answer, Stream};
pub(crate) use secret::{Auth, Secret, SecretToken};
pub(crate) use send::{Capture, Client};
