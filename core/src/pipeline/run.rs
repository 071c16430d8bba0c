//! The backend's turn: on this task where it is quick, on a thread of its own where it is not.

use std::sync::Arc;
use std::time::Instant;

use super::authorize::{Cut, Prepared};
use super::permit::Permit;
use crate::active::Active;
use crate::help;
use crate::mount::Mounted;
use crate::token::Caller;
use crate::{Call, Context, Cost, Failure, Operation, Request, Response, Savepoint, Timestamp, Transaction, Wanted};

/// A request whose backend has run, on its way to the commit.
pub(super) struct Work {
    pub(super) tx: Transaction,
    pub(super) before_backend: Savepoint,
    pub(super) mounted: Arc<Mounted>,
    pub(super) caller: Option<Caller>,
    pub(super) now: Timestamp,
    pub(super) last_use: bool,
}

pub(super) async fn run(
    active: &Arc<Active>,
    request: &Arc<Request>,
    prepared: Prepared,
) -> (Work, Result<Response, Failure>) {
    let Prepared { mut tx, mounted, cut, caller, permit, now, last_use } = prepared;
    let before_backend = tx.savepoint();
    let mut work = Work { tx, before_backend, mounted, caller, now, last_use };
    if request.wanted == Wanted::Leave {
        return (work, Ok(Response::empty()));
    }
    let cost = work.mounted.backend.cost(&work.call(request, cut, &permit));
    match cost {
        Cost::Quick => {
            let result = work.handle(active, request, cut, &permit);
            (work, result)
        }
        Cost::Heavy => {
            let (active, request) = (Arc::clone(active), Arc::clone(request));
            let leave = Arc::clone(&active.heavy).acquire_owned().await;
            let heavy = tokio::task::spawn_blocking(move || {
                // Held until the work is done, even if nobody waits for it any more.
                let _leave = leave;
                let result = work.handle(&active, &request, cut, &permit);
                (work, result)
            });
            match heavy.await {
                Ok(done) => done,
                // A handler that panics is a bug; it must stay one request's.
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
    }
}

impl Work {
    fn call<'a>(&'a self, request: &'a Request, cut: Cut, permit: &Permit) -> Call<'a> {
        Call { path: cut.of(request), operation: permit.operation(), request, caller: self.caller.as_ref() }
    }

    fn handle(
        &mut self,
        active: &Arc<Active>,
        request: &Request,
        cut: Cut,
        permit: &Permit,
    ) -> Result<Response, Failure> {
        let call = Call { path: cut.of(request), operation: permit.operation(), request, caller: self.caller.as_ref() };
        let mut cx = Context::new(&mut self.tx, &self.mounted.mount, self.now, active);
        if call.operation == Operation::Help {
            return help::answer(&self.mounted, call.path, &active.settings.version);
        }
        let begun = Instant::now();
        let answered = self.mounted.backend.handle(&mut cx, &call);
        self.mounted.timings.operation(call.operation).since(begun);
        answered
    }
}
