//! Why nothing could be connected to.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// One address that did not take a connection.
#[derive(Debug)]
pub struct Attempt {
    pub address: SocketAddr,
    pub reason: io::Error,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The resolver gives no address, or does not answer.
    #[error("the name {host} has no address{}", Reason(.reason.as_ref()))]
    NoAddress { host: String, reason: Option<io::Error> },
    /// Each address of the name was tried: one way out of two often fails for a reason that says nothing, so all are told.
    #[error("{}", Attempts(.0))]
    AllFailed(Vec<Attempt>),
}

struct Reason<'a>(Option<&'a io::Error>);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

struct Attempts<'a>(&'a [Attempt]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("there is no address to connect to");
        }
        for (number, Attempt { address, reason }) in self.0.iter().enumerate() {
            let before = if number == 0 { "" } else { "; " };
            write!(f, "{before}{address}: {reason}")?;
        }
        Ok(())
    }
}

impl From<DialError> for io::Error {
    fn from(error: DialError) -> Self {
        let kind = match &error {
            DialError::NoAddress { .. } => io::ErrorKind::NotFound,
            DialError::AllFailed(attempts) => {
                attempts.last().map_or(io::ErrorKind::Other, |attempt| attempt.reason.kind())
            }
        };
        Self::new(kind, error)
    }
}
