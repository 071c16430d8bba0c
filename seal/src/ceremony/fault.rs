//! Whose fault a failed step is.

/// Whom an error of a ceremony is to be blamed on, as Vault does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request (Vault answers 400).
    Request,
    /// The server, or what Vault treats as such (500).
    Server,
}
