//! Networks that restrict logins and tokens: kept as texts, read when they are asked.

use std::net::{IpAddr, Ipv4Addr};

use coffer_core::Failure;
use coffer_core::token::{parse_cidr, show_cidr};
use ipnet::IpNet;

/// Reads what `token_bound_cidrs` takes, addresses and networks; gives them as Vault shows them.
pub(crate) fn addresses(given: &[String]) -> Result<Vec<String>, Failure> {
    let read = |text: &String| {
        parse_cidr(text).map(|net| show_cidr(&net)).ok_or_else(|| {
            Failure::Invalid(format!(
                "error parsing address {text:?}: Unable to convert {text:?} to an IPv4 or IPv6 address, or a UNIX Socket"
            ))
        })
    };
    given.iter().map(read).collect()
}

/// Checks what a list of CIDR blocks takes: networks alone, an address needs its `/32`. The error is a text to be told.
pub(crate) fn check_blocks(given: &[String]) -> Result<(), String> {
    match given.iter().find(|text| text.parse::<IpNet>().is_err()) {
        Some(text) => Err(format!("invalid CIDR address: {text}")),
        None => Ok(()),
    }
}

/// The networks of stored texts. A text that is none stands for one that nobody is in: a restriction is never lost.
pub(crate) fn networks(stored: &[String]) -> Vec<IpNet> {
    let nobody = IpNet::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    stored.iter().map(|text| parse_cidr(text).unwrap_or(nobody)).collect()
}

/// Whether the caller is in one of them. No networks: everybody is. A caller without an address is in none.
pub(crate) fn admits(stored: &[String], caller: Option<IpAddr>) -> bool {
    stored.is_empty() || caller.is_some_and(|address| networks(stored).iter().any(|net| net.contains(&address)))
}

/// Refuses networks that do not all lie within those of their role.
pub(crate) fn check_within(inner: &[String], of_role: &[String]) -> Result<(), Failure> {
    if are_within(inner, of_role) {
        return Ok(());
    }
    let (of_role, inner) = (quoted(of_role), quoted(inner));
    Err(Failure::fault(format!(
        "failed to verify subset relationship between CIDR blocks on the role {of_role} and CIDR blocks on the secret ID {inner}"
    )))
}

/// A list as Go prints it.
fn quoted(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", texts.join(" "))
}

/// Whether every one of `inner` lies in one of `outer`. No outer networks: they do.
fn are_within(inner: &[String], outer: &[String]) -> bool {
    let outer_nets = networks(outer);
    outer.is_empty() || networks(inner).iter().all(|net| outer_nets.iter().any(|outer| outer.contains(net)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn addresses_are_shown_as_vault_shows_them() {
        let given = texts(&["10.1.2.3/8", "1.2.3.4/32", "::1", "fe80::1/10"]);
        assert_eq!(addresses(&given).unwrap(), ["10.1.2.3/8", "1.2.3.4", "::1", "fe80::1/10"]);
        for bad in ["", "bogus", "300.1.1.1/8", "1.2.3.4/33", "/x/y"] {
            assert!(addresses(&texts(&[bad])).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn blocks_need_their_length() {
        assert_eq!(check_blocks(&texts(&["10.0.0.0/8", "::/0"])), Ok(()));
        assert_eq!(check_blocks(&texts(&["1.2.3.4"])), Err("invalid CIDR address: 1.2.3.4".to_owned()));
    }

    #[test]
    fn a_restriction_that_cannot_be_read_admits_nobody() {
        let damaged = texts(&["\"/x/y\""]);
        assert!(!admits(&damaged, Some([127, 0, 0, 1].into())));
        assert!(!admits(&texts(&["10.0.0.0/8"]), None));
        assert!(admits(&[], None));
    }

    #[test]
    fn blocks_lie_within_blocks() {
        assert!(are_within(&texts(&["10.0.0.0/9", "127.0.0.1"]), &texts(&["10.0.0.0/8", "127.0.0.0/8"])));
        assert!(!are_within(&texts(&["10.0.0.0/7"]), &texts(&["10.0.0.0/8"])));
        assert!(!are_within(&texts(&["::/0"]), &texts(&["0.0.0.0/0"])));
        assert!(are_within(&texts(&["::/0"]), &[]));
        assert!(are_within(&[], &texts(&["10.0.0.0/8"])));
    }

    proptest! {
        #[test]
        fn what_lies_within_admits_no_more(inner in any::<u32>(), bits in 0u8..=32, outer_bits in 0u8..=32, caller in any::<u32>()) {
            let block = |bits: u8| format!("{}/{bits}", Ipv4Addr::from(inner));
            let (inner, outer) = ([block(bits)], [block(outer_bits)]);
            prop_assert_eq!(are_within(&inner, &outer), bits >= outer_bits);
            let caller = Some(IpAddr::from(Ipv4Addr::from(caller)));
            if are_within(&inner, &outer) && admits(&inner, caller) {
                prop_assert!(admits(&outer, caller));
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            let _ = (addresses(std::slice::from_ref(&text)), check_blocks(std::slice::from_ref(&text)), networks(&[text]));
        }
    }
}
