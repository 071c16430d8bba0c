//! `sys/storage/raft/{remove-peer,promote,demote}`: changes of the member list, done once the request is audited.

use coffer_core::Operation::Update;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Afterwards, Context, Failure, MemberChange, Response};

use super::raft_status;
use crate::backend::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("server_id", Kind::Text, "The member's node_id."),
    Field::new("dr_operation_token", Kind::Text, "Taken for Vault's clients, and of no use here."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("storage/raft/remove-peer", FIELDS, "Take a member out of the cluster.")
            .on(Update, |backend, cx, matched| change(backend, cx, matched, MemberChange::Remove)),
        Route::new("storage/raft/promote", FIELDS, "Give a member a vote.")
            .on(Update, |backend, cx, matched| change(backend, cx, matched, MemberChange::Promote)),
        Route::new("storage/raft/demote", FIELDS, "Take a member's vote away for good.")
            .on(Update, |backend, cx, matched| change(backend, cx, matched, MemberChange::Demote)),
    ]
}

fn change(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    change: fn(String) -> MemberChange,
) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let members = raft_status(active)?.members;
    let server = matched.fields.text_or_empty("server_id")?.into_owned();
    if server.is_empty() {
        return Err(Failure::invalid("no server id provided"));
    }
    let change = change(server);
    let mut response = Response::empty();
    // Vault's answer is a success: who removes twice has what he wants. Who mistyped a name has not.
    if let MemberChange::Remove(server) = &change
        && !members.iter().any(|member| member.node_id == *server)
    {
        let mut known: Vec<_> = members.iter().map(|member| member.node_id.as_str()).collect();
        known.sort_unstable();
        response = response.warn(format!(
            "no member is named {server:?}, and none was removed; the members are: {}",
            known.join(", ")
        ));
    }
    Ok(Response { afterwards: Afterwards::ChangeMembers(Box::new(change)), ..response })
}
