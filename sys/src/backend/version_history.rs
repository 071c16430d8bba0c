//! `sys/version-history`: the releases that have served this data.

use coffer_core::Operation::List;
use coffer_core::framework::{Matched, Route};
use coffer_core::version_history::VersionRecord;
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::SystemBackend;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("version-history/?", &[], "The releases that have served this data, in order.").on(List, list)]
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let records = VersionRecord::all(tx)?;
    let mut info = Map::new();
    let mut previous = Value::Null;
    for record in &records {
        let shown = json!({
            "timestamp_installed": record.installed.rfc3339(),
            "previous_version": previous,
            "build_date": record.build_date,
            "commit_date": record.build_date,
        });
        info.insert(record.version.clone(), shown);
        previous = json!(record.version);
    }
    let keys: Vec<_> = records.iter().map(|record| &record.version).collect();
    Ok(Response::data(json!({ "keys": keys, "key_info": info })))
}
