//! What a request wants done.

use std::fmt;

/// Vault's logical operations, as far as a caller can ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Write where nothing was.
    Create,
    /// Write over what was there, or on a path that does not tell the two apart.
    Update,
    /// GET.
    Read,
    /// LIST, or GET with `list=true`.
    List,
    /// SCAN: a list of everything below.
    Scan,
    /// DELETE.
    Delete,
    /// PATCH.
    Patch,
    /// GET with `help=1`.
    Help,
}

impl Operation {
    /// Vault's name for it, as in the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Read => "read",
            Self::List => "list",
            Self::Scan => "scan",
            Self::Delete => "delete",
            Self::Patch => "patch",
            Self::Help => "help",
        }
    }

    /// Whether it changes nothing by itself.
    pub fn is_reading(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::Scan | Self::Help)
    }

    /// PUT and POST.
    pub fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Update)
    }
}

impl From<Operation> for coffer_policy::Operation {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Create => Self::Create,
            Operation::Update => Self::Update,
            Operation::Read => Self::Read,
            Operation::List => Self::List,
            Operation::Scan => Self::Scan,
            Operation::Delete => Self::Delete,
            Operation::Patch => Self::Patch,
            Operation::Help => Self::Help,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
