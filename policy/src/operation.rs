use crate::capability::Capability;

/// What a request does to its path. Revoking, renewing and rolling back count as updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Create,
    Read,
    Update,
    Delete,
    List,
    Patch,
    Scan,
    /// Asking for a path's documentation; always allowed.
    Help,
}

impl Operation {
    /// The capability that a rule must grant; none for help.
    #[must_use]
    pub fn capability(self) -> Option<Capability> {
        Some(match self {
            Self::Create => Capability::Create,
            Self::Read => Capability::Read,
            Self::Update => Capability::Update,
            Self::Delete => Capability::Delete,
            Self::List => Capability::List,
            Self::Patch => Capability::Patch,
            Self::Scan => Capability::Scan,
            Self::Help => return None,
        })
    }

    /// List and scan address a folder: their path ends with a slash, and rules without it apply.
    pub(crate) fn is_listing(self) -> bool {
        matches!(self, Self::List | Self::Scan)
    }

    pub(crate) fn takes_parameters(self) -> bool {
        matches!(self, Self::Create | Self::Read | Self::Update | Self::Patch)
    }
}
