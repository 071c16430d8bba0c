//! One HTTP request, from its head to its answer.

use std::sync::Arc;

use bytes::Bytes;
use coffer_core::lifecycle::Node;
use coffer_core::local::Running;
use coffer_core::{Failure, Operation, Payload, Request};
use http::{HeaderMap, StatusCode};
use http_body::Body;

use crate::answer::{self, HttpResponse};
use crate::cors::{self, Verdict};
use crate::limits::{ConnectionInfo, HttpLimits};
use crate::method::{self, BadMethod};
use crate::page;
use crate::path::{self, ApiPath, UiPath};
use crate::query::Query;
use crate::{body, token, wrap};

/// Answers the requests of all connections of a listener.
pub struct Service {
    node: Arc<Node>,
    limits: HttpLimits,
}

impl Service {
    /// Answers for a node, within limits.
    pub fn new(node: Arc<Node>, limits: HttpLimits) -> Self {
        Self { node, limits }
    }

    /// Answers one request. The future may be dropped when the caller goes away: what changes anything is then carried
    /// out to its end all the same.
    pub async fn respond<B>(&self, connection: &ConnectionInfo, request: http::Request<B>) -> HttpResponse
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        match cors::judge(&self.node.local().browser.cors(), request.method(), request.headers()) {
            Verdict::Unconcerned => self.route(connection, request).await,
            Verdict::Answered(response) => response,
            Verdict::Allowed(headers) => {
                let mut response = self.route(connection, request).await;
                response.headers_mut().extend(headers);
                response
            }
        }
    }

    async fn route<B>(&self, connection: &ConnectionInfo, request: http::Request<B>) -> HttpResponse
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let path = match path::parse(request.uri().path()) {
            ApiPath::V1(path) => path,
            ApiPath::Cleaned(path) => {
                let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
                return answer::redirect(&format!("{path}{query}"));
            }
            ApiPath::Ui(UiPath::Entry) => return answer::redirect("/ui/"),
            ApiPath::Ui(UiPath::Page) => {
                return answer::page(page::NOT_BUILT, &self.node.local().browser.ui_headers());
            }
            ApiPath::Unknown => return answer::errors(StatusCode::NOT_FOUND, &[]),
            ApiPath::Bad(bad) => return answer::bad_path(&bad),
        };
        let id = uuid::Uuid::new_v4().to_string();
        let time_limit = self.limits.request_time;
        let answered = tokio::time::timeout(time_limit, self.respond_v1(connection, request, path, id.clone())).await;
        answered.unwrap_or_else(|_| {
            let text = format!("the request took longer than {} s (max_request_duration)", time_limit.as_secs());
            answer::answer(&id, Err(Failure::OutcomeUnknown(text)))
        })
    }

    async fn respond_v1<B>(
        &self,
        connection: &ConnectionInfo,
        request: http::Request<B>,
        path: String,
        id: String,
    ) -> HttpResponse
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        let (head, body) = request.into_parts();
        let query = Query::parse(head.uri.query());
        let operation = match method::operation(&head.method, &query) {
            Ok(operation) => operation,
            Err(BadMethod::Unknown) => return answer::errors(StatusCode::METHOD_NOT_ALLOWED, &[]),
            Err(BadMethod::ListFlag) => return answer::errors(StatusCode::BAD_REQUEST, &[]),
        };
        if let Some(refused) = self.refuse_headers(&head.headers) {
            return refused;
        }
        if operation == Operation::Patch
            && let Some(refused) = refuse_patch(&head.headers)
        {
            return refused;
        }
        let method = method::name(&head.method);
        let (data, _room) = match self.data(operation, &head.headers, query, body).await {
            Ok(read) => read,
            Err(failure) => return answer::answer(&id, Err(failure)),
        };
        let parsed = (|| {
            Ok(Request {
                token: token::token(&head.headers).map_err(|bad| Failure::invalid(bad.to_string()))?,
                wrap: wrap::wrap(&head.headers)?,
                headers: plain_headers(&head.headers),
                policy_override: head.headers.get("x-vault-policy-override").is_some_and(|value| value == "true"),
                merge_patch: operation == Operation::Patch,
                metrics_access: self.limits.metrics_access(),
                ceremony_access: self.limits.ceremony_access,
                remote: connection.remote,
                path: with_folder_slash(path, operation),
                data,
                operation,
                id: id.clone(),
            })
        })();
        let result = match parsed {
            Err(failure) => Err(failure),
            Ok(request) if request.operation.is_reading() => carry_out(&self.node, Arc::new(request), method).await,
            Ok(request) => {
                // A task of its own: a change is not left half way because its caller hung up.
                let node = Arc::clone(&self.node);
                let carried = tokio::spawn(async move { carry_out(&node, Arc::new(request), method).await });
                // What a panic says may quote the request.
                carried.await.unwrap_or_else(|_| Err(Failure::internal("the request's handler panicked")))
            }
        };
        answer::answer(&id, result)
    }

    async fn data<B>(
        &self,
        operation: Operation,
        headers: &HeaderMap,
        query: Query,
        body: B,
    ) -> Result<(Payload, body::Room), Failure>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Display,
    {
        if operation.is_write() || operation == Operation::Patch {
            let (body, room) = body::read(headers, body, self.limits.body).await?;
            return Ok((body::parse(headers, &body)?, room));
        }
        Ok((query.into_data().into(), None))
    }

    fn refuse_headers(&self, headers: &HeaderMap) -> Option<HttpResponse> {
        let namespace = headers.get("x-vault-namespace").map(http::HeaderValue::as_bytes).unwrap_or_default();
        if !matches!(namespace.trim_ascii(), b"" | b"/" | b"root" | b"root/") {
            return Some(answer::errors(StatusCode::NOT_FOUND, &["namespace not found".to_owned()]));
        }
        if self.limits.require_request_header && headers.get("x-vault-request").is_none_or(|value| value != "true") {
            return Some(answer::errors(
                StatusCode::PRECONDITION_FAILED,
                &["missing or invalid X-Vault-Request header".to_owned()],
            ));
        }
        None
    }
}

async fn carry_out(
    node: &Arc<Node>,
    request: Arc<Request>,
    method: &'static str,
) -> Result<coffer_core::Response, Failure> {
    let running = Running { request: Arc::clone(&request), method, started: node.clock().now() };
    let _ticket = node.local().in_flight.begin(running);
    match coffer_sys::node::answer(node, &request).await {
        Some(answered) => answered,
        None => node.serve(request).await,
    }
}

fn refuse_patch(headers: &HeaderMap) -> Option<HttpResponse> {
    let kind = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/merge-patch+json") {
        return None;
    }
    let shown: String = kind.chars().filter(|c| c.is_ascii_graphic()).take(64).collect();
    Some(answer::errors(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        &[format!("PATCH requires Content-Type of application/merge-patch+json, provided {shown}")],
    ))
}

/// Lists are of folders, with or without the slash.
fn with_folder_slash(mut path: String, operation: Operation) -> String {
    if matches!(operation, Operation::List | Operation::Scan) && !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// All headers but those that carry a token.
fn plain_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| *name != "x-vault-token" && *name != http::header::AUTHORIZATION)
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}
