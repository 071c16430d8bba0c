//! One HTTP request, from its head to its answer.

use std::sync::Arc;

use bytes::Bytes;
use coffer_core::lifecycle::Node;
use coffer_core::{Failure, Operation, Remote, Wanted};
use http::{HeaderMap, StatusCode};
use http_body::Body;

use crate::answer::{self, HttpResponse};
use crate::cors::{self, Verdict};
use crate::forward::{Asked, Exchange, Forwarding, Origin};
use crate::limits::{ConnectionInfo, HttpLimits};
use crate::method::{self, BadMethod};
use crate::page;
use crate::path::{self, ApiPath, UiPath};
use crate::query::Query;
use crate::response_body::BoxError;
use crate::upload;

/// Answers the requests of all connections of a listener.
pub struct Service {
    node: Arc<Node>,
    limits: HttpLimits,
    forwarding: Option<Arc<Forwarding>>,
}

/// By whom a request came.
enum Via {
    /// The client's own connection, from this address.
    Client(Option<Remote>),
    /// Another member, to which a client at this address was connected.
    Member(Option<Remote>, Wanted),
}

impl Service {
    /// Answers for a node, within limits; what the node can't answer itself fails.
    pub fn new(node: Arc<Node>, limits: HttpLimits) -> Self {
        Self { node, limits, forwarding: None }
    }

    /// Sends to the leader what this node can't answer.
    #[must_use]
    pub fn with_forwarding(mut self, forwarding: Arc<Forwarding>) -> Self {
        self.forwarding = Some(forwarding);
        self
    }

    /// Answers one request. The future may be dropped when the caller goes away: what changes anything is then carried
    /// out to its end all the same.
    pub async fn respond<B>(&self, connection: &ConnectionInfo, request: http::Request<B>) -> HttpResponse
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        match cors::judge(&self.node.local().browser.cors(), request.method(), request.headers()) {
            Verdict::Unconcerned => self.route(connection.remote, request).await,
            Verdict::Answered(response) => response,
            Verdict::Allowed(headers) => {
                let mut response = self.route(connection.remote, request).await;
                response.headers_mut().extend(headers);
                response
            }
        }
    }

    async fn route<B>(&self, remote: Option<Remote>, request: http::Request<B>) -> HttpResponse
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
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
        self.in_time(Via::Client(remote), request, path, id).await
    }

    /// Answers a request that another member had and sent on, and which says where it comes from. What its listener
    /// sets goes before the limits of this service.
    pub async fn respond_to_member<B>(&self, mut request: http::Request<B>) -> HttpResponse
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let origin = match Origin::take(request.headers_mut()) {
            Ok(origin) => origin,
            Err(bad) => return answer::errors(StatusCode::BAD_REQUEST, &[bad.to_string()]),
        };
        let ApiPath::V1(path) = path::parse(request.uri().path()) else {
            return answer::errors(StatusCode::NOT_FOUND, &[]);
        };
        let service = Self { node: Arc::clone(&self.node), limits: origin.limits, forwarding: self.forwarding.clone() };
        service.in_time(Via::Member(origin.remote, origin.wanted), request, path, origin.id).await
    }

    async fn in_time<B>(&self, via: Via, request: http::Request<B>, path: String, id: String) -> HttpResponse
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let operation = method::operation(request.method(), &path, &Query::parse(request.uri().query()));
        let is_upload = operation.is_ok_and(|operation| upload::is_upload(&path, operation));
        let time_limit = if is_upload { upload::TIME_LIMIT } else { self.limits.request_time };
        let answered = tokio::time::timeout(time_limit, self.respond_v1(via, request, path, id.clone())).await;
        answered.unwrap_or_else(|_| {
            let text = format!("the request took longer than {} s (max_request_duration)", time_limit.as_secs());
            answer::answer(&id, Err(Failure::OutcomeUnknown(text)))
        })
    }

    async fn respond_v1<B>(&self, via: Via, request: http::Request<B>, path: String, id: String) -> HttpResponse
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        let query = Query::parse(head.uri.query());
        let operation = match method::operation(&head.method, &path, &query) {
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
        let (remote, wanted, from_member) = match via {
            Via::Client(remote) => (remote, Wanted::Answer, false),
            Via::Member(remote, wanted) => (remote, wanted, true),
        };
        let asked = Asked { head, body, operation, method, path, id, remote, wanted };
        let exchange = Exchange::new(&self.node, &self.limits, asked);
        match &self.forwarding {
            Some(forwarding) if from_member => exchange.for_member(forwarding).await,
            forwarding => exchange.for_client(forwarding.as_ref()).await,
        }
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
