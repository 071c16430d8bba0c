//! Addresses that a token may be used from, as Vault writes them.

use std::net::IpAddr;

use ipnet::IpNet;

/// Reads `10.0.0.0/8`, or an address alone for a network of one.
pub fn parse_cidr(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// As Vault shows a network: a network of one as the address alone, the host bits kept out.
pub fn show_cidr(net: &IpNet) -> String {
    if net.prefix_len() == net.max_prefix_len() { net.addr().to_string() } else { net.to_string() }
}

/// Whether a caller at `remote` is within one of the networks. No networks: everybody is. A caller without an address
/// (a unix socket) is in none.
pub(super) fn is_within(nets: &[IpNet], remote: Option<IpAddr>) -> bool {
    nets.is_empty() || remote.is_some_and(|address| nets.iter().any(|net| net.contains(&address)))
}

/// The networks of a record. A text that is none is kept as one that nobody is in: a restriction is never lost.
pub(super) fn networks(texts: &[String]) -> Box<[IpNet]> {
    let nobody = || IpNet::from(IpAddr::from([0, 0, 0, 0]));
    texts.iter().map(|text| parse_cidr(text).unwrap_or_else(nobody)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_one_is_shown_as_its_address() {
        for (given, shown) in [("127.0.0.1/32", "127.0.0.1"), ("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1")] {
            assert_eq!(show_cidr(&parse_cidr(given).unwrap()), shown);
        }
        assert!(parse_cidr("ten").is_none());
    }

    #[test]
    fn callers_outside_are_refused() {
        let nets = networks(&["10.0.0.0/8".to_owned()]);
        assert!(is_within(&nets, Some([10, 1, 2, 3].into())));
        assert!(!is_within(&nets, Some([11, 1, 2, 3].into())));
        assert!(!is_within(&nets, None));
        assert!(is_within(&[], None));
        assert!(!is_within(&networks(&["damaged".to_owned()]), Some([10, 1, 2, 3].into())));
    }
}
