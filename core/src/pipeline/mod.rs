//! The path of a request: who asks, may they, audit, the backend, one commit, audit, answer.

mod authorize;
mod finish;
mod lockout;
mod permit;
mod run;
mod standby;
mod trail;

use std::sync::Arc;
use std::time::{Duration, Instant};

use coffer_model::CommitError;

use crate::active::Active;
use crate::snapshot::StateMark;
use crate::token::Uses;
use crate::{Failure, Operation, Request, Response};

use authorize::Prepared;
pub use authorize::may_read_unaudited;
use lockout::Login;
pub(crate) use standby::{carry_out_permitted, may_by_what_is_known_here};
pub use trail::Trail;

/// How long a request is run again after conflicts before it is given up; far beyond what contention on one key needs.
const RETRY_FOR: Duration = Duration::from_secs(30);

/// A request that was carried out, or failed, and has not been answered yet.
pub(crate) struct Carried {
    /// What came of it.
    pub(crate) result: Result<Response, Failure>,
    pub(crate) trail: Trail,
    quota: Vec<(&'static str, String)>,
    begun: Instant,
}

/// Carries out one request on the active node: all but the audit of its answer. An error: it was not begun.
pub(crate) async fn carry_out(active: &Arc<Active>, request: &Arc<Request>) -> Result<Carried, Failure> {
    if (request.operation.is_write() || request.operation == Operation::Patch) && request.path.ends_with('/') {
        return Err(Failure::invalid("cannot write to a path ending in '/'"));
    }
    let mut trail = Trail::default();
    let quota = match active.quotas.admit(active, request) {
        Ok(headers) => headers,
        Err(refused) => {
            // To audit them all by default would make refusing cost more than answering.
            if active.quotas.audits_refusals() {
                let _ = active.audit.request(active, request, &trail, Some(&refused)).await;
            }
            return Err(refused);
        }
    };
    if !is_emergency(request) {
        active.store.read_fence().await?;
    }
    let begun = Instant::now();
    let result = attempt_all(active, request, &mut trail).await;
    Ok(Carried { result, trail, quota, begun })
}

/// Lets the answer go, once it is audited.
pub(crate) async fn answer(
    active: &Arc<Active>,
    request: &Request,
    carried: Carried,
) -> (Result<Response, Failure>, Trail) {
    let Carried { result, trail, quota, begun } = carried;
    let mut answered = audit_response(active, request, &trail, result).await;
    if let Ok(response) = &mut answered {
        response.headers.extend(quota);
    }
    let telemetry = &active.local.telemetry;
    // What needs no token is a login, or a question that logins rest on.
    let timing = if request.token.is_some() { &telemetry.handle_request } else { &telemetry.handle_login_request };
    timing.since(begun);
    if answered.is_err() {
        telemetry.request_failure.one();
    }
    (answered, trail)
}

/// What failed after the answer was audited as a good one: told to the audit devices as far as they work.
pub(crate) async fn audit_late_failure(
    active: &Arc<Active>,
    request: &Request,
    trail: &Trail,
    failure: Failure,
) -> Result<Response, Failure> {
    let result = Err(failure);
    // It leaves with no secret, whether it is recorded or not.
    let _ = active.audit.response(active, request, trail, &result).await;
    result
}

async fn attempt_all(active: &Arc<Active>, request: &Arc<Request>, trail: &mut Trail) -> Result<Response, Failure> {
    let begun = Instant::now();
    let mut audited = false;
    loop {
        let checking = Instant::now();
        let prepared = authorize::authorize(active, request, trail);
        active.local.telemetry.check_token.since(checking);
        if !audited {
            // Before anything is carried out, and once: a retry is the same request.
            let error = prepared.as_ref().err();
            match active.audit.request(active, request, trail, error).await {
                Err(failure) if is_emergency(request) => tracing::warn!("{} is not audited: {failure}", request.path),
                audited => audited?,
            }
            audited = true;
        }
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => {
                spend_use(active, trail).await?;
                return Err(failure);
            }
        };
        let open_path = prepared.permit.is_open_path();
        match attempt(active, request, prepared).await {
            Err(Attempt::Conflict(error)) if begun.elapsed() >= RETRY_FOR => return Err(error.into()),
            // Another request committed first; the cluster has moved on, and so this can't go on for ever.
            Err(Attempt::Conflict(_)) => tokio::task::yield_now().await,
            Err(Attempt::Failed(failure)) if open_path => return Err(tokenless(failure)),
            Err(Attempt::Failed(failure)) => return Err(failure),
            Ok(response) => return Ok(response),
        }
    }
}

/// Giving up the keys or the lead has to work where nothing else does: without a majority, and without audit.
fn is_emergency(request: &Request) -> bool {
    request.operation.is_write() && matches!(request.path.as_str(), "sys/seal" | "sys/step-down")
}

/// A request that is refused costs its token a use all the same.
async fn spend_use(active: &Arc<Active>, trail: &Trail) -> Result<(), Failure> {
    let Some(caller) = trail.caller.as_ref().filter(|_| trail.uses_left > 0) else { return Ok(()) };
    let begun = Instant::now();
    loop {
        let mut tx = active.transaction();
        match active.tokens.count_use(&mut tx, &caller.entry) {
            Ok(Uses::Left) => {}
            Ok(Uses::None) => active.tokens.after_last_use(&mut tx, active, &caller.entry, active.now())?,
            // Another request had the last one.
            Err(Failure::Denied) => return Ok(()),
            Err(failure) => return Err(failure),
        }
        match active.store.commit(tx.into_command()?).await {
            Err(error) if StateMark::is_missed(&error) => return Err(Failure::NotLeader),
            Err(CommitError::Conflict { .. }) if begun.elapsed() < RETRY_FOR => tokio::task::yield_now().await,
            committed => return Ok(committed.map(drop)?),
        }
    }
}

/// Marks the failures that are told in other words where no token is needed.
fn tokenless(failure: Failure) -> Failure {
    match failure {
        Failure::Denied | Failure::UnsupportedPath | Failure::UnsupportedOperation | Failure::Fault(_) => {
            Failure::Tokenless(Box::new(failure))
        }
        other => other,
    }
}

enum Attempt {
    Conflict(CommitError),
    Failed(Failure),
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

async fn attempt(active: &Arc<Active>, request: &Arc<Request>, prepared: Prepared) -> Result<Response, Attempt> {
    let login = Login::begin(active, request, &prepared)?;
    let (mut work, mut result) = run::run(active, request, prepared).await;
    if let Some(login) = &login {
        result = login.judge(active, result);
    }
    let result = result.and_then(|response| finish::finish(active, request, &mut work, response));
    let mut tx = work.tx;
    if result.is_err() {
        // What the backend wrote is void, that a use of the token was spent is not.
        tx.rollback(work.before_backend);
    }
    if work.last_use
        && let Some(caller) = &work.caller
    {
        active.tokens.after_last_use(&mut tx, active, &caller.entry, work.now)?;
    }
    let command = tx.into_command()?;
    if !command.is_empty() {
        match active.store.commit(command).await {
            Ok(_) => {}
            Err(error) if StateMark::is_missed(&error) => return Err(Attempt::Failed(Failure::NotLeader)),
            Err(error @ CommitError::Conflict { .. }) => return Err(Attempt::Conflict(error)),
            Err(error) => return Err(Attempt::Failed(result.err().unwrap_or(error.into()))),
        }
    } else if active.is_outdated() {
        // What was read may be of either state.
        return Err(Attempt::Failed(Failure::NotLeader));
    }
    if let (Ok(_), Some(login)) = (&result, &login) {
        login.succeeded(active);
    }
    result.map_err(Attempt::Failed)
}

async fn audit_response(
    active: &Arc<Active>,
    request: &Request,
    trail: &Trail,
    result: Result<Response, Failure>,
) -> Result<Response, Failure> {
    if let Err(Failure::Audit(_)) = result {
        return result;
    }
    match active.audit.response(active, request, trail, &result).await {
        Ok(()) => result,
        Err(_) if is_emergency(request) => result,
        // Nothing else was done, and so it can be asked of the next node.
        Err(Failure::Sealed) if request.operation.is_reading() => Err(Failure::Sealed),
        // The node was the member that was removed.
        Err(Failure::Sealed) if result.is_ok() && request.path.starts_with("sys/storage/raft/") => result,
        Err(Failure::Sealed) if result.is_ok() => Err(Failure::OutcomeUnknown(format!(
            "{}: the request was carried out before and its changes stand, but its answer could not be audited and is withheld",
            Failure::Sealed
        ))),
        Err(Failure::Sealed) => Err(Failure::Unavailable(format!(
            "{}: the request failed before, and why could not be audited and is withheld",
            Failure::Sealed
        ))),
        Err(unavailable) if result.is_ok() && !request.operation.is_reading() => Err(Failure::Audit(format!(
            "the request was carried out and its changes stand, but its answer could not be audited and is withheld: {unavailable}"
        ))),
        Err(unavailable) => Err(unavailable),
    }
}
