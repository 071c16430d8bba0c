//! `sys/host-info`: the machine that this node runs on, as `/proc` tells of it. What can't be read is left out, with a
//! warning.

mod cpu;
mod disk;
mod host;
mod memory;

use coffer_core::Operation::Read;
use coffer_core::framework::{Matched, Route};
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::SystemBackend;
pub(super) use host::hostname;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("host-info", &[], "The machine that this node runs on.").on(Read, show)]
}

fn show(_: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let mut body = Map::new();
    let mut warnings = Vec::new();
    for (name, found) in [
        ("cpu", cpu::cores()),
        ("cpu_times", cpu::times()),
        ("disk", disk::partitions()),
        ("host", host::facts(cx.now().unix())),
        ("memory", memory::facts()),
    ] {
        match found {
            Ok(value) => drop(body.insert(name.to_owned(), value)),
            Err(error) => warnings.push(format!("{name} could not be read: {error}")),
        }
    }
    body.insert("timestamp".to_owned(), json!(cx.now().rfc3339()));
    let mut response = Response::data(Value::Object(body));
    response.warnings = warnings;
    Ok(response)
}
