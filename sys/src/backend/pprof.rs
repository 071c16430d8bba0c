//! `sys/pprof`: profiles of a Go process, which this is not.

use coffer_core::Operation::Read;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response};

use super::SystemBackend;

const FIELDS: &[Field] = &[Field::new("profile", Kind::Text, "Name of the profile.")];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("pprof/{profile...?}", FIELDS, "Profiles of a Go process: there are none.").on(Read, refuse)]
}

fn refuse(_: &SystemBackend, _: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    Err(Failure::NotFoundBecause("coffer is no Go process and has no pprof profiles; see sys/metrics".to_owned()))
}
