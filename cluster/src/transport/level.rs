//! The level of the protocol between two nodes: the highest that both know.

/// The lowest that this release still speaks.
pub(super) const MIN_LEVEL: u32 = 1;

/// Each side as (lowest, highest).
///
/// # Errors
/// One of the two is too old for the other; the text says which.
pub(super) fn common(own: (u32, u32), peer: (u32, u32)) -> Result<u32, String> {
    let ((own_min, own_max), (peer_min, peer_max)) = (own, peer);
    let common = own_max.min(peer_max);
    if common < own_min {
        return Err(format!(
            "one of the two releases is too old for the other; wanted: level {own_min} of the protocol between nodes, \
             offered: {peer_max}. Upgrade the node that offers less"
        ));
    }
    if common < peer_min {
        return Err(format!(
            "one of the two releases is too old for the other; wanted: level {peer_min} of the protocol between nodes, \
             offered: {own_max}. Upgrade the node that offers less"
        ));
    }
    Ok(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_of_two_is_spoken() {
        assert_eq!(common((1, 1), (1, 2)), Ok(1));
        assert_eq!(common((1, 3), (2, 2)), Ok(2));
        assert!(common((2, 3), (1, 1)).unwrap_err().contains("wanted: level 2"));
        assert!(common((1, 1), (2, 3)).unwrap_err().contains("offered: 1"));
    }
}
