//! What goes along with a forwarded request: who asked, what their listener allows, how much time is left.

use std::net::SocketAddr;
use std::time::Duration;

use coffer_core::{CeremonyAccess, Remote, ShareHolders, Wanted};
use http::{HeaderMap, HeaderValue};

use crate::limits::HttpLimits;

/// Headers between nodes begin so; from outside none is let through.
const PREFIX: &str = "x-coffer-";
const HEADER: &str = "x-coffer-origin";

/// The request as the node that was asked had it. Believed only from a member.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The request's id, which the answer and the audit log have too.
    pub id: String,
    /// The client.
    pub remote: Option<Remote>,
    /// What its listener sets, and the time that is left.
    pub limits: HttpLimits,
    /// Whether the leader is to answer, or to give leave.
    pub wanted: Wanted,
}

/// A header that no node of this release writes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a forwarded request does not say where it comes from in a form that is known here")]
pub struct BadOrigin;

impl Origin {
    /// Takes it out of a request's head.
    ///
    /// # Errors
    /// There is none, or one of another form.
    pub fn take(headers: &mut HeaderMap) -> Result<Self, BadOrigin> {
        let value = headers.remove(HEADER).ok_or(BadOrigin)?;
        Self::read(value.to_str().map_err(|_| BadOrigin)?).ok_or(BadOrigin)
    }

    pub(super) fn put(&self, headers: &mut HeaderMap) {
        if let Ok(mut value) = HeaderValue::from_str(&self.write()) {
            // No two requests have the same: it is not worth remembering by HTTP/2's header compression.
            value.set_sensitive(true);
            headers.insert(HEADER, value);
        }
    }

    fn write(&self) -> String {
        let remote = match self.remote {
            Some(remote) => SocketAddr::new(remote.address, remote.port).to_string(),
            None => "-".to_owned(),
        };
        let limits = &self.limits;
        let letter = |yes: bool, letter: &'static str| if yes { letter } else { "" };
        format!(
            "1 {} {remote} {} {} .{}{}{}{}",
            self.id,
            limits.body,
            limits.request_time.as_millis(),
            letter(limits.open_metrics, "m"),
            letter(limits.ceremony_access.rekey == ShareHolders::Refused, "k"),
            letter(limits.ceremony_access.generate_root == ShareHolders::Refused, "r"),
            letter(self.wanted == Wanted::Leave, "l"),
        )
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut next = || words.next();
        if next()? != "1" {
            return None;
        }
        let id = next()?;
        // In the one spelling that is written.
        let id = uuid::Uuid::try_parse(id).ok().filter(|known| known.to_string() == id).map(|_| id.to_owned())?;
        let remote = match next()? {
            "-" => None,
            address => {
                let address: SocketAddr = address.parse().ok()?;
                Some(Remote { address: address.ip(), port: address.port() })
            }
        };
        let body = next()?.parse().ok()?;
        let request_time = Duration::from_millis(next()?.parse().ok()?);
        let flags = next()?.strip_prefix('.')?;
        if next().is_some() || !flags.bytes().all(|flag| matches!(flag, b'm' | b'k' | b'r' | b'l')) {
            return None;
        }
        let holders = |flag| if flags.contains(flag) { ShareHolders::Refused } else { ShareHolders::Welcome };
        let limits = HttpLimits {
            body,
            request_time,
            // Looked at where the client's connection ends.
            require_request_header: false,
            open_metrics: flags.contains('m'),
            ceremony_access: CeremonyAccess { rekey: holders('k'), generate_root: holders('r') },
        };
        let wanted = if flags.contains('l') { Wanted::Leave } else { Wanted::Answer };
        Some(Self { id, remote, limits, wanted })
    }
}

/// Whether a header is one of those between nodes.
pub(crate) fn is_between_nodes(name: &str) -> bool {
    name.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin() -> Origin {
        Origin {
            id: "7c5f9a3e-5a0c-4f2c-9c53-0e6f8bb1a001".to_owned(),
            remote: Some(Remote { address: "fe80::1".parse().unwrap(), port: 50_001 }),
            limits: HttpLimits {
                body: 1 << 20,
                request_time: Duration::from_millis(89_990),
                require_request_header: false,
                open_metrics: true,
                ceremony_access: CeremonyAccess { rekey: ShareHolders::Refused, generate_root: ShareHolders::Welcome },
            },
            wanted: Wanted::Answer,
        }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let mut headers = HeaderMap::new();
        let with_socket = Origin { remote: None, ..origin() };
        let for_leave = Origin { wanted: Wanted::Leave, ..origin() };
        for origin in [origin(), with_socket, for_leave] {
            origin.put(&mut headers);
            assert_eq!(Origin::take(&mut headers), Ok(origin));
            assert!(headers.is_empty());
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(Origin::take(&mut HeaderMap::new()), Err(BadOrigin));
        let good = origin().write();
        assert!(Origin::read(&good).is_some());
        for bad in [good.replacen('1', "2", 1), format!("{good}x"), format!("{good} y"), good.replacen("-", "", 9)] {
            assert_eq!(Origin::read(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,120}") {
            let _ = Origin::read(&text);
        }
    }
}
