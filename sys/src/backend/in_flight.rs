//! `sys/in-flight-req`: the requests that are being answered.

use coffer_core::Operation::Read;
use coffer_core::framework::{Matched, Route};
use coffer_core::local::Running;
use coffer_core::{Context, Failure, Response};
use serde_json::{Value, json};

use super::SystemBackend;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("in-flight-req", &[], "The requests that this node is answering.").on(Read, show)]
}

fn show(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let running = active.local.in_flight.all();
    Ok(Response::bare(Value::Object(running.iter().map(|one| (one.request.id.clone(), view(one))).collect())))
}

fn view(running: &Running) -> Value {
    let remote = running.request.remote;
    json!({
        "start_time": running.started.rfc3339(),
        "client_remote_address":
            remote.map(|remote| std::net::SocketAddr::new(remote.address, remote.port).to_string()).unwrap_or_default(),
        "request_path": format!("/v1/{}", running.request.path),
        "request_method": running.method,
        "client_id": "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::{Operation, Remote, Request, SecretText, Timestamp};
    use std::sync::Arc;

    #[test]
    fn a_request_is_shown_without_its_token_and_body() {
        let mut request = Request::new(Operation::Read, "kv/data/a");
        request.token = Some(SecretText::new("hidden-token"));
        request.remote = Some(Remote { address: "::1".parse().unwrap(), port: 7 });
        let shown = view(&Running { request: Arc::new(request), method: "GET", started: Timestamp::UNIX_EPOCH });
        assert_eq!(shown["client_remote_address"], "[::1]:7");
        assert_eq!(shown["request_path"], "/v1/kv/data/a");
        assert_eq!(shown["start_time"], "1970-01-01T00:00:00Z");
        assert!(!shown.to_string().contains("hidden"));
    }
}
