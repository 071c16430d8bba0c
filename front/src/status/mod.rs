//! The status page: for people, as JSON, and as metrics. Plain HTTP, meant for loopback.

mod json;
mod metrics;
mod page;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::run::Shown;

/// A page of another origin cannot send this header without being allowed to, which nobody is.
const OWN_HEADER: &str = "x-coffer-front";
/// How long a head may take to arrive, and how long an idle connection stays.
const PATIENCE: Duration = Duration::from_secs(30);
/// Inline style and script only, by their own page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(crate) async fn serve(listener: TcpListener, shown: Arc<Shown>, closed: CancellationToken) {
    loop {
        let taken = tokio::select! {
            () = closed.cancelled() => return,
            taken = listener.accept() => taken,
        };
        let Ok((stream, _)) = taken else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (shown, closed) = (Arc::clone(&shown), closed.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(&shown, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                () = closed.cancelled() => {}
                ended = connection => if let Err(error) = ended {
                    tracing::trace!(%error, "a connection to the status page ended");
                },
            }
        });
    }
}

fn answer(shown: &Shown, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if *request.method() == Method::POST {
        let is_own = request.headers().contains_key(OWN_HEADER);
        return change(shown, path, is_own);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and POST are understood here\n");
    }
    match path {
        "/" => body(StatusCode::OK, "text/html; charset=utf-8", page::render(&json::status(shown))),
        "/status.json" => body(StatusCode::OK, "application/json", json::status(shown).to_string()),
        "/metrics" => match metrics::render(shown) {
            Ok(metrics) => body(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
        },
        "/healthz" => text(StatusCode::OK, "ok\n"),
        _ => text(StatusCode::NOT_FOUND, "there is /, /status.json, /metrics and /healthz\n"),
    }
}

/// `POST /backends/NAME/servers/NAME/drain` and `.../ready`.
fn change(shown: &Shown, path: &str, is_own: bool) -> Response<Full<Bytes>> {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let ["backends", backend, "servers", server, action @ ("drain" | "ready")] = parts[..] else {
        let hint = "POST /backends/NAME/servers/NAME/drain, or /ready to take it back\n";
        return text(StatusCode::NOT_FOUND, hint);
    };
    if !shown.look(|current| current.admin) {
        return text(StatusCode::FORBIDDEN, "not allowed: set admin = true in the status block\n");
    }
    if !is_own {
        return text(StatusCode::FORBIDDEN, "send the header X-Coffer-Front, so that no other page can do this\n");
    }
    let found = shown.look(|current| {
        let servers = &current.pools.get(backend)?.servers;
        let server = servers.iter().find(|known| known.settings.name == server)?;
        server.live.set_drain(action == "drain");
        current.pools.get(backend)?.room.notify_waiters();
        Some(server.live.sessions())
    });
    match found {
        Some(sessions) => {
            tracing::info!(backend, server, action, "set by hand");
            body(StatusCode::OK, "application/json", serde_json::json!({ "sessions": sessions }).to_string())
        }
        None => text(StatusCode::NOT_FOUND, "there is no such server\n"),
    }
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    body(status, "text/plain; charset=utf-8", text.to_owned())
}

fn body(status: StatusCode, kind: &'static str, content: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(content)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
