//! `sys/seal`, `sys/step-down` on the active node: done once the request is committed and audited.

use coffer_core::Operation::Update;
use coffer_core::framework::{Matched, Route};
use coffer_core::{Afterwards, Context, Failure, Response};

use super::SystemBackend;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("seal", &[], "Forget the keys.").on(Update, seal),
        Route::new("step-down", &[], "Hand leadership to another node.").on(Update, step_down),
    ]
}

fn seal(_: &SystemBackend, _: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    Ok(Response { afterwards: Afterwards::Seal, ..Response::empty() })
}

fn step_down(_: &SystemBackend, _: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    Ok(Response { afterwards: Afterwards::StepDown, ..Response::empty() })
}
