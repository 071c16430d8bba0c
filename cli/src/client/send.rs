use std::cell::RefCell;
use std::rc::Rc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use hyper::body::Incoming;
use tokio::runtime::Runtime;

use super::address::{Address, Scheme};
use super::body::Outgoing;
use super::config::Config;
use super::connection;
use super::error::RequestError;
use super::request::{Body, Request};
use super::response::{self, Answer, MAX_ANSWER, Stream, WholeError};
use super::secret::SecretToken;
use super::{curl, retry, sudo};

/// Talks to one server.
pub(crate) struct Client {
    pub(super) config: Config,
    token: SecretToken,
    wrapping: bool,
    capture: Option<Capture>,
    captured: Rc<RefCell<Option<String>>>,
    runtime: Runtime,
}

/// What is printed about a request instead of sending it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture {
    Curl,
    Policy,
}

/// One way to one place, as redirects change it.
struct Route {
    address: Address,
    target: String,
}

impl Client {
    /// `captured` receives what is printed instead of a request, where `capture` asks for it.
    ///
    /// # Errors
    /// The runtime cannot start.
    pub(crate) fn new(
        config: Config,
        token: SecretToken,
        capture: Option<Capture>,
        captured: Rc<RefCell<Option<String>>>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { config, token, wrapping: true, capture, captured, runtime })
    }

    pub(crate) fn token(&self) -> &SecretToken {
        &self.token
    }

    pub(crate) fn set_token(&mut self, token: SecretToken) {
        self.token = token;
    }

    /// From here on no answer is asked to be wrapped.
    pub(crate) fn stop_wrapping(&mut self) {
        self.wrapping = false;
    }

    /// For what every node says of itself, whatever the namespace.
    pub(crate) fn leave_namespace(&mut self) {
        self.config.namespace = None;
    }

    pub(crate) fn address(&self) -> String {
        self.config.address()
    }

    pub(crate) fn captures(&self) -> bool {
        self.capture.is_some()
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// The server was not reached, or answered with an error.
    pub(crate) fn send(&self, request: &Request) -> Result<Answer, RequestError> {
        self.check(request)?;
        let work = async {
            let (status, headers, mut body, route) = self.exchange(request).await?;
            let url = route.url();
            let body = response::whole(&mut body).await.map_err(|error| match error {
                WholeError::TooLarge => RequestError::TooLarge(MAX_ANSWER),
                WholeError::Broken(reason) => transport(request, &url, reason),
            })?;
            if !response::is_good(status, &route.target) {
                let method = request.method.to_string();
                let error = response::status_error((method, url), status, &headers, &body);
                return Err(RequestError::Status(Box::new(error)));
            }
            Ok(Answer { body })
        };
        self.runtime.block_on(self.in_time(request, work))
    }

    /// Sends a request and leaves the answer's body to be read piece by piece.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(crate) fn stream(&self, request: &Request) -> Result<Stream<'_>, RequestError> {
        self.check(request)?;
        let work = async {
            let (status, headers, mut body, route) = self.exchange(request).await?;
            let url = route.url();
            if response::is_good(status, &route.target) {
                return Ok((body, url));
            }
            let read = response::whole(&mut body).await.unwrap_or_else(|_| Vec::new().into());
            let error = response::status_error((request.method.to_string(), url), status, &headers, &read);
            Err(RequestError::Status(Box::new(error)))
        };
        let (body, url) = self.runtime.block_on(self.in_time(request, work))?;
        Ok(Stream { runtime: &self.runtime, body, url })
    }

    async fn in_time<T>(
        &self,
        request: &Request,
        work: impl Future<Output = Result<T, RequestError>>,
    ) -> Result<T, RequestError> {
        match self.config.timeout.filter(|_| !request.unlimited) {
            None => work.await,
            Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
                let url = self.route(request).url();
                Err(transport(request, &url, "context deadline exceeded".to_owned()))
            }),
        }
    }

    /// What must hold before anything is sent; a request that is only to be shown ends here.
    fn check(&self, request: &Request) -> Result<(), RequestError> {
        if self.token.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' ')) {
            return Err(RequestError::UnprintableToken);
        }
        let Some(capture) = self.capture.filter(|_| request.captured) else {
            return Ok(());
        };
        let shown = match capture {
            Capture::Policy => sudo::policy_for(request, &self.config.address),
            Capture::Curl => {
                let headers = self.headers(request)?;
                curl::command(&self.config, request, &headers, &self.route(request).url())
            }
        };
        *self.captured.borrow_mut() = Some(shown);
        Err(RequestError::Captured)
    }

    fn route(&self, request: &Request) -> Route {
        let address = self.config.address.clone();
        Route { target: request.target(&address), address }
    }

    /// Sends, tries again where that is of use, and follows one redirect.
    async fn exchange(&self, request: &Request) -> Result<(StatusCode, HeaderMap, Incoming, Route), RequestError> {
        let headers = self.headers(request)?;
        let mut route = self.route(request);
        let mut redirected = false;
        loop {
            let (status, answer, body) = self.attempts(request, &headers, &route).await?;
            let redirect = matches!(status.as_u16(), 301 | 302 | 307) && self.config.follow_redirects && !redirected;
            if !redirect {
                return Ok((status, answer, body, route));
            }
            let location = response::location(&answer).ok_or(RequestError::NoLocation(status.as_u16()))?;
            let next = route.follow(location)?;
            if route.address.is_https() && !next.address.is_https() {
                return Err(RequestError::Downgrade);
            }
            route = next;
            redirected = true;
        }
    }

    async fn attempts(
        &self,
        request: &Request,
        headers: &HeaderMap,
        route: &Route,
    ) -> Result<(StatusCode, HeaderMap, Incoming), RequestError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let may_retry = attempt <= self.config.max_retries;
            match self.attempt(request, headers, route).await {
                Ok((status, answer, _)) if may_retry && retry::worth_another_try(status) => {
                    tokio::time::sleep(retry::wait(attempt, Some((status, &answer)))).await;
                }
                Ok(answer) => return Ok(answer),
                Err((_, true)) if may_retry => tokio::time::sleep(retry::wait(attempt, None)).await,
                Err((reason, _)) => return Err(transport(request, &route.url(), reason)),
            }
        }
    }

    /// One try. The error says whether another could succeed.
    async fn attempt(
        &self,
        request: &Request,
        headers: &HeaderMap,
        route: &Route,
    ) -> Result<(StatusCode, HeaderMap, Incoming), (String, bool)> {
        let sent = connection::open(&self.config, &route.address).await;
        let mut sender = sent.map_err(|failure| (failure.reason, failure.passing))?;
        let body = Outgoing::of(&request.body).map_err(|error| (error.to_string(), false))?;
        let proxied = !route.address.is_https()
            && !matches!(route.address.scheme, Scheme::Unix(_))
            && self.config.proxies.before(&route.address).is_some();
        let target = if proxied { route.url() } else { route.target.clone() };
        let uri: Uri = target.parse().map_err(|error: http::uri::InvalidUri| (error.to_string(), false))?;
        let mut message = http::Request::new(body);
        *message.method_mut() = request.method.as_http();
        *message.uri_mut() = uri;
        *message.headers_mut() = headers.clone();
        let host = HeaderValue::from_str(&route.address.authority()).map_err(|error| (error.to_string(), false))?;
        message.headers_mut().insert(header::HOST, host);
        if let Some(authorization) =
            self.config.proxies.before(&route.address).and_then(|proxy| proxy.authorization.as_ref())
            && proxied
            && let Ok(value) = HeaderValue::from_str(authorization)
        {
            message.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
        }
        let answer = sender.send_request(message).await.map_err(|error| (broken_words(&error), true))?;
        let (head, body) = answer.into_parts();
        Ok((head.status, head.headers, body))
    }

    fn headers(&self, request: &Request) -> Result<HeaderMap, RequestError> {
        let mut headers = HeaderMap::new();
        let mut add = |name: &str, value: &str| -> Result<(), RequestError> {
            let bad = || RequestError::Other(format!("the value for the header {name} cannot be sent"));
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
            value.set_sensitive(name == "X-Vault-Token");
            headers.append(key, value);
            Ok(())
        };
        for (name, value) in &self.config.headers {
            add(name, value)?;
        }
        if let Some(content_type) = request.content_type {
            add("Content-Type", content_type)?;
        }
        for credential in &self.config.mfa {
            add("X-Vault-MFA", credential)?;
        }
        if let Some(namespace) = &self.config.namespace {
            add("X-Vault-Namespace", namespace)?;
        }
        if self.config.policy_override {
            add("X-Vault-Policy-Override", "true")?;
        }
        add("X-Vault-Request", "true")?;
        if !self.token.is_empty() {
            add("X-Vault-Token", &self.token)?;
        }
        if let Some(ttl) = self.wrap_ttl(request) {
            add("X-Vault-Wrap-Ttl", &ttl)?;
        }
        Ok(headers)
    }

    fn wrap_ttl(&self, request: &Request) -> Option<String> {
        if !self.wrapping || request.unwrapped {
            return None;
        }
        self.config.wrap_ttl.clone().or_else(|| {
            let wraps = request.path == "sys/wrapping/wrap" && !matches!(request.body, Body::Empty);
            wraps.then(|| "5m".to_owned())
        })
    }
}

impl Route {
    fn url(&self) -> String {
        format!("{}{}", self.address.origin(), self.target)
    }

    /// Where a Location header leads.
    fn follow(&self, location: &str) -> Result<Self, RequestError> {
        if location.contains("://") {
            let address = Address::parse(location)?;
            let rest = location.split_once("://").map_or("", |(_, rest)| rest);
            let target = rest.find(['/', '?']).map_or("/", |at| &rest[at..]).to_owned();
            return Ok(Self { address, target });
        }
        let target = if location.starts_with('/') {
            location.to_owned()
        } else {
            let folder = self.target.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{location}")
        };
        Ok(Self { address: self.address.clone(), target })
    }
}

fn transport(request: &Request, url: &str, reason: String) -> RequestError {
    RequestError::Transport { method: request.method.title(), url: url.to_owned(), reason }
}

fn broken_words(error: &hyper::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            return format!("read: {}", connection::io_words(io));
        }
        cause = current.source();
    }
    if error.is_incomplete_message() || error.is_closed() { "EOF".to_owned() } else { error.to_string() }
}
