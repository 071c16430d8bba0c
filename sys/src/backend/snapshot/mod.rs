//! `sys/storage/raft/snapshot`: the whole state as a file, and back.

mod auto;

use coffer_core::Operation::{Read, Update};
use coffer_core::framework::{Matched, Route};
use coffer_core::snapshot::Restore;
use coffer_core::{Afterwards, Context, Failure, Response};

use super::SystemBackend;
use super::raft::is_raft;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    let own = vec![
        Route::new(
            "storage/raft/snapshot",
            &[],
            "The whole state as a file; writing one puts it in the state's place.",
        )
        .on(Read, save)
        .on(Update, restore),
        Route::new("storage/raft/snapshot-force", &[], "As snapshot, also where the file has other unseal keys.")
            .on(Update, restore_forced),
    ];
    own.into_iter().chain(auto::routes()).collect()
}

fn save(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    Ok(Response { afterwards: Afterwards::SaveSnapshot, ..Response::default() })
}

fn restore(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    Ok(Response { afterwards: Afterwards::RestoreSnapshot(Restore::SameKeys), ..Response::default() })
}

fn restore_forced(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    Ok(Response { afterwards: Afterwards::RestoreSnapshot(Restore::Forced), ..Response::default() })
}

fn require_raft(backend: &SystemBackend, cx: &mut Context<'_>) -> Result<(), Failure> {
    let (_, active) = cx.system(backend.access());
    if is_raft(active) { Ok(()) } else { Err(Failure::UnsupportedPath) }
}
