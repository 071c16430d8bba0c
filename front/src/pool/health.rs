//! Up or down, by checks in a row.

use crate::config::CheckTiming;

/// What the checks of one server have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// Takes connections; so many checks have failed in a row.
    Up { failures: u32 },
    /// Takes none; so many checks were good in a row.
    Down { passes: u32 },
    /// Not checked yet: takes connections, and goes down with the first failed check.
    Unknown,
}

impl Health {
    pub(crate) fn is_up(self) -> bool {
        matches!(self, Self::Up { .. } | Self::Unknown)
    }

    /// After one more check.
    pub(crate) fn after(self, passed: bool, timing: CheckTiming) -> Self {
        match (self, passed) {
            (Self::Up { .. } | Self::Unknown, true) => Self::Up { failures: 0 },
            (Self::Unknown, false) => Self::Down { passes: 0 },
            (Self::Up { failures }, false) if failures + 1 >= timing.fall => Self::Down { passes: 0 },
            (Self::Up { failures }, false) => Self::Up { failures: failures + 1 },
            (Self::Down { passes }, true) if passes + 1 >= timing.rise => Self::Up { failures: 0 },
            (Self::Down { passes }, true) => Self::Down { passes: passes + 1 },
            (Self::Down { .. }, false) => Self::Down { passes: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(begin: Health, checks: &[bool]) -> Health {
        checks.iter().fold(begin, |health, passed| health.after(*passed, CheckTiming::DEFAULT))
    }

    #[test]
    fn down_after_three_failures_and_up_after_two_passes() {
        let up = Health::Up { failures: 0 };
        assert!(after(up, &[false, false]).is_up());
        assert!(!after(up, &[false, false, false]).is_up());
        assert!(!after(up, &[false, false, false, true]).is_up());
        assert!(after(up, &[false, false, false, true, true]).is_up());
    }

    #[test]
    fn only_checks_in_a_row_count() {
        let up = Health::Up { failures: 0 };
        assert!(after(up, &[false, false, true, false, false]).is_up());
        assert!(!after(up, &[false, false, false, true, false, true]).is_up());
    }

    #[test]
    fn the_first_check_decides() {
        assert!(Health::Unknown.is_up());
        assert!(!after(Health::Unknown, &[false]).is_up());
        assert!(after(Health::Unknown, &[true, false, false]).is_up());
    }
}
