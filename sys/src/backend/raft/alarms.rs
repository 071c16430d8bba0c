//! What an operator should know of the members without reading logs on each of them.

use std::time::{Duration, SystemTime};

use coffer_core::Timestamp;
use coffer_core::active::Active;
use coffer_model::{AutopilotState, ServerHealth, ServerStatus};

/// A cluster certificate that ends sooner is warned of.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Warnings on the member list, worst first.
pub(crate) fn alarms(active: &Active, state: &AutopilotState) -> Vec<String> {
    let now = SystemTime::now();
    let mut out: Vec<String> = state.servers.iter().filter_map(|server| certificate(server, now)).collect();
    out.extend(
        active.cluster.faults().into_iter().map(|fault| {
            format!("no connection with {} at {}: {}", named(&fault.node_id), fault.address, fault.reason)
        }),
    );
    out.extend(state.servers.iter().filter_map(|server| {
        server.unfit.as_ref().map(|reason| format!("{} should not lead: {reason}", named(&server.node_id)))
    }));
    out.extend(even_voters(voters(state)));
    out
}

/// An even number of voters survives no more failures than one voter less would.
pub(crate) fn even_voters(voters: usize) -> Option<String> {
    (voters > 0 && voters.is_multiple_of(2)).then(|| {
        let survived = match (voters - 1) / 2 {
            0 => "none".to_owned(),
            some => some.to_string(),
        };
        format!(
            "the cluster has an even number of voters ({voters}): it survives the failure of {survived}, no more than with \
             {}. Add a voter or remove one, so that there are 3, 5 or 7",
            voters - 1
        )
    })
}

pub(super) fn voters(state: &AutopilotState) -> usize {
    state.servers.iter().filter(|server| server.status != ServerStatus::NonVoter).count()
}

fn certificate(server: &ServerHealth, now: SystemTime) -> Option<String> {
    let expires = server.certificate_expires?;
    let at = expires.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let shown = Timestamp::from_unix(i64::try_from(at.as_secs()).ok()?)?.rfc3339();
    let what = match expires.duration_since(now) {
        Err(_) => format!("has expired at {shown}"),
        Ok(left) if left < SOON => format!("expires at {shown}, in {} days", left.as_secs() / 86_400),
        Ok(_) => return None,
    };
    Some(format!(
        "the cluster certificate of {} {what}: replace the files that tls_cert_file and tls_key_file name there (they are \
         read again by themselves)",
        named(&server.node_id)
    ))
}

fn named(node_id: &str) -> String {
    if node_id.is_empty() { "a node without a name".to_owned() } else { format!("{node_id:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_numbers_are_warned_of() {
        assert_eq!(even_voters(3), None);
        assert!(even_voters(2).unwrap().contains("the failure of none, no more than with 1."));
        assert!(even_voters(4).unwrap().contains("the failure of 1, no more than with 3."));
    }
}
