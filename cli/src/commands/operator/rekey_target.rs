//! Which key is rekeyed, and the paths for it.

use crate::exit::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Barrier,
    Recovery,
}

impl Target {
    /// # Errors
    /// There is no such target.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        match text.trim().to_lowercase().as_str() {
            "barrier" => Ok(Self::Barrier),
            "recovery" | "hsm" => Ok(Self::Recovery),
            _ => Err(Failure::local(format!("Unknown target: {text}"))),
        }
    }

    pub(super) fn path(self, part: &str) -> String {
        match self {
            Self::Barrier => format!("sys/rekey/{part}"),
            Self::Recovery => format!("sys/rekey-recovery-key/{part}"),
        }
    }

    pub(super) fn backup_path(self) -> &'static str {
        match self {
            Self::Barrier => "sys/rekey/backup",
            Self::Recovery => "sys/rekey/recovery-key-backup",
        }
    }

    /// `Unseal`, `Recovery`: whose shares are asked for.
    pub(super) fn key_title(self) -> &'static str {
        match self {
            Self::Barrier => "Unseal",
            Self::Recovery => "Recovery",
        }
    }
}

/// # Errors
/// Shares were to be encrypted with PGP keys, which is not built: giving them out in clear instead is no answer.
pub(super) fn refuse_pgp(given: bool, flag: &str) -> Result<(), Failure> {
    if given { Err(Failure::local(format!("Encryption with PGP keys ({flag}) is not built."))) } else { Ok(()) }
}
