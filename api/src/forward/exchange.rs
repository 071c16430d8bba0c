//! One request, from who has to answer it to its answer: here or on the leader, over elections, never twice.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use coffer_core::lifecycle::Node;
use coffer_core::local::Running;
use coffer_core::{Failure, Operation, Payload, Remote, Request, Response, Wanted};
use http::StatusCode;
use http::request::Parts;
use http_body::Body;
use tokio::time::Instant;

use super::message::{self, NotServed};
use super::patience::Patience;
use super::target::{Leader, Target};
use super::{CarryError, Concern, Forwarding, Origin, SentBody, origin, redirect};
use crate::answer::{self, HttpResponse};
use crate::body::{self, Room};
use crate::limits::HttpLimits;
use crate::query::Query;
use crate::response_body::BoxError;
use crate::{token, upload, wrap};

/// A node that was the leader has this long to answer what it was sent; then it counts as lost.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A request whose head was read.
pub(crate) struct Asked<B> {
    pub(crate) head: Parts,
    pub(crate) body: B,
    pub(crate) operation: Operation,
    /// HTTP's method.
    pub(crate) method: &'static str,
    /// Canonical, below `/v1/`.
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) remote: Option<Remote>,
    /// By whom it came: what the leader is to do, where another member has sent it.
    pub(crate) wanted: Wanted,
}

/// The way of one request.
pub(crate) struct Exchange<'s, B> {
    node: &'s Arc<Node>,
    limits: &'s HttpLimits,
    began: Instant,
    head: Parts,
    operation: Operation,
    method: &'static str,
    path: String,
    id: String,
    remote: Option<Remote>,
    wanted: Wanted,
    body: Kept<B>,
    /// Made when it is first carried out here.
    request: Option<Arc<Request>>,
}

/// What is left of the body: it may be needed more than once.
enum Kept<B> {
    Unread(B),
    Whole(Bytes, Room),
    /// Too large to be kept, and not begun with.
    Streamed(SentBody),
    /// Too large to be kept, and gone.
    Gone,
}

/// Whether the member that a request is sent to may send it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hop {
    /// It is the leader.
    Last,
    /// It is asked to send it to the leader.
    Relay,
}

/// From when a request that can't be brought to the leader is sent by another member: links can break one by one.
const RELAY_AFTER: Duration = Duration::from_millis(750);
const RELAY_EVERY: Duration = Duration::from_millis(500);

/// What became of a request that was sent to the leader.
enum There {
    Answered(HttpResponse),
    /// Not carried out.
    NotYet(Failure),
    /// Not carried out, and not to be asked again.
    Failed(Failure),
}

impl<'s, B> Exchange<'s, B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(node: &'s Arc<Node>, limits: &'s HttpLimits, asked: Asked<B>) -> Self {
        let Asked { head, body, operation, method, path, id, remote, wanted } = asked;
        Self {
            node,
            limits,
            began: Instant::now(),
            head,
            operation,
            method,
            path,
            id,
            remote,
            wanted,
            body: Kept::Unread(body),
            request: None,
        }
    }

    /// On the node that the client asked.
    pub(crate) async fn for_client(mut self, forwarding: Option<&Arc<Forwarding>>) -> HttpResponse {
        let concern = Concern::of(&self.path, self.operation);
        let seals = concern == Concern::ThisNodeWithLeave && self.path == "sys/seal";
        let forwarding = match forwarding {
            Some(forwarding) if concern != Concern::ThisNode => forwarding,
            _ => return self.only_here().await,
        };
        let mut patience = None;
        let mut relay_at = RELAY_AFTER;
        loop {
            let holds_keys = self.node.phase().holds_keys();
            let failure = match forwarding.target(self.node) {
                Target::Here => match self.here().await {
                    Err(failure) if failure.may_be_asked_again() => failure,
                    result => {
                        forwarding.trouble.is_over();
                        return answer::answer(&self.id, result);
                    }
                },
                // Sealed already.
                _ if seals && !holds_keys => return self.only_here().await,
                Target::Never(failure) => return answer::answer(&self.id, Err(failure)),
                _ if !seals && redirect::is_wanted(&self.head.headers) => {
                    return match forwarding.leader() {
                        Some(leader) => redirect::to_leader(&leader.api_address, &self.head.uri),
                        None => redirect::nowhere(),
                    };
                }
                Target::Leader(leader) => {
                    let with_leave = concern == Concern::ThisNodeWithLeave && holds_keys && !self.is_wrapped();
                    self.wanted = if with_leave { Wanted::Leave } else { Wanted::Answer };
                    match self.there(forwarding, &leader).await {
                        There::Answered(response) => {
                            forwarding.trouble.is_over();
                            if with_leave && response.status() == StatusCode::NO_CONTENT {
                                return self.with_leave().await;
                            }
                            return response;
                        }
                        There::Failed(failure) => return answer::answer(&self.id, Err(failure)),
                        There::NotYet(failure) => failure,
                    }
                }
                Target::Nobody(_) if seals => return self.seal_without_leader().await,
                Target::Nobody(failure) => failure,
            };
            if concern == Concern::Cluster && self.began.elapsed() >= relay_at {
                relay_at = self.began.elapsed() + RELAY_EVERY;
                match self.by_another(forwarding).await {
                    Some(There::Answered(response)) => return response,
                    Some(There::Failed(failure)) => return answer::answer(&self.id, Err(failure)),
                    Some(There::NotYet(_)) | None => {}
                }
            }
            let patience = patience.get_or_insert_with(|| Patience::begin(forwarding, self.node));
            if !patience.wait().await {
                return answer::answer(&self.id, Err(in_words(failure)));
            }
        }
    }

    /// By a member that may see the leader where this node does not; `None`: there is none.
    async fn by_another(&mut self, forwarding: &Arc<Forwarding>) -> Option<There> {
        let helper = forwarding.helper()?;
        self.wanted = Wanted::Answer;
        Some(self.carried(forwarding, &helper, Hop::Relay).await)
    }

    /// On the node that another one has sent it to.
    pub(crate) async fn for_member(mut self, forwarding: &Arc<Forwarding>) -> HttpResponse {
        let mut patience = None;
        loop {
            match forwarding.target(self.node) {
                Target::Here => {
                    return match self.here().await {
                        Err(Failure::NotLeader) => message::not_served(NotServed::NotLeader),
                        // By command, this moment: another is about to lead.
                        Err(Failure::Sealed) => message::not_served(NotServed::Sealed),
                        Err(failure) if failure.may_be_asked_again() => message::not_served(NotServed::NoQuorum),
                        result => answer::answer(&self.id, result),
                    };
                }
                // Elected, and not serving yet: it will be soon.
                Target::Nobody(Failure::NotLeader) if forwarding.is_led_here() => {}
                Target::Nobody(Failure::Sealed) | Target::Never(Failure::Sealed) => {
                    return message::not_served(NotServed::Sealed);
                }
                Target::Leader(leader) if message::asks_for_relay(&self.head.headers) => {
                    return match self.there(forwarding, &leader).await {
                        There::Answered(response) => response,
                        There::Failed(failure) => answer::answer(&self.id, Err(failure)),
                        There::NotYet(_) => message::not_served(NotServed::NotLeader),
                    };
                }
                _ => return message::not_served(NotServed::NotLeader),
            }
            if !patience.get_or_insert_with(|| Patience::begin(forwarding, self.node)).wait().await {
                return message::not_served(NotServed::NotLeader);
            }
        }
    }

    /// What the leader gave leave for.
    async fn with_leave(mut self) -> HttpResponse {
        let result = match self.parsed().await {
            Ok(request) => {
                let _ticket = self.node.local().in_flight.begin(self.running(&request));
                self.node.serve_permitted(&request).await
            }
            Err(failure) => Err(failure),
        };
        answer::answer(&self.id, result)
    }

    async fn seal_without_leader(mut self) -> HttpResponse {
        let result = match self.parsed().await {
            Ok(request) => self.node.seal_without_leader(&request).await,
            Err(failure) => Err(failure),
        };
        answer::answer(&self.id, result)
    }

    fn running(&self, request: &Arc<Request>) -> Running {
        Running { request: Arc::clone(request), method: self.method, started: self.node.clock().now() }
    }

    fn is_wrapped(&self) -> bool {
        self.head.headers.contains_key("x-vault-wrap-ttl")
    }

    async fn only_here(mut self) -> HttpResponse {
        let result = self.here().await;
        answer::answer(&self.id, result)
    }

    async fn here(&mut self) -> Result<Response, Failure> {
        let request = self.parsed().await?;
        if request.operation.is_reading() {
            return carry_out(self.node, request, self.method).await;
        }
        // A task of its own: a change is not left half way because its caller hung up.
        let (node, method) = (Arc::clone(self.node), self.method);
        let carried = tokio::spawn(async move { carry_out(&node, request, method).await });
        // What a panic says may quote the request.
        carried.await.unwrap_or_else(|_| Err(Failure::internal("the request's handler panicked")))
    }

    async fn parsed(&mut self) -> Result<Arc<Request>, Failure> {
        if let Some(request) = &self.request {
            return Ok(Arc::clone(request));
        }
        let request = Arc::new(self.parse().await?);
        self.request = Some(Arc::clone(&request));
        Ok(request)
    }

    async fn parse(&mut self) -> Result<Request, Failure> {
        let mut upload = None;
        let data: Payload = if upload::is_upload(&self.path, self.operation) {
            upload = match std::mem::replace(&mut self.body, Kept::Gone) {
                Kept::Unread(body) => Some(upload::pass_on(body)),
                Kept::Streamed(body) => Some(upload::pass_on(body)),
                Kept::Whole(bytes, _) => Some(upload::pass_on(SentBody::whole(bytes))),
                Kept::Gone => None,
            };
            Payload::default()
        } else if self.has_body() {
            let body = self.whole_body(self.limits.body).await?;
            body::parse(&self.head.headers, &body)?
        } else {
            Query::parse(self.head.uri.query()).into_data().into()
        };
        let headers = &self.head.headers;
        Ok(Request {
            token: token::token(headers).map_err(|bad| Failure::invalid(bad.to_string()))?,
            wrap: wrap::wrap(headers)?,
            headers: plain_headers(headers),
            policy_override: headers.get("x-vault-policy-override").is_some_and(|value| value == "true"),
            merge_patch: self.operation == Operation::Patch,
            metrics_access: self.limits.metrics_access(),
            ceremony_access: self.limits.ceremony_access,
            remote: self.remote,
            path: with_folder_slash(self.path.clone(), self.operation),
            data,
            upload,
            operation: self.operation,
            id: self.id.clone(),
            wanted: self.wanted,
            once: coffer_core::Once::default(),
        })
    }

    fn has_body(&self) -> bool {
        self.operation.is_write() || self.operation == Operation::Patch
    }

    async fn whole_body(&mut self, limit: usize) -> Result<Bytes, Failure> {
        let headers = &self.head.headers;
        match std::mem::replace(&mut self.body, Kept::Gone) {
            Kept::Unread(unread) => {
                let (bytes, room) = body::read(headers, unread, limit).await?;
                self.body = Kept::Whole(bytes, room);
            }
            Kept::Streamed(unread) => {
                let (bytes, room) = body::read(headers, unread, limit).await?;
                self.body = Kept::Whole(bytes, room);
            }
            other => self.body = other,
        }
        match &self.body {
            Kept::Whole(bytes, _) => Ok(bytes.clone()),
            _ => Err(Failure::Unavailable(
                "leadership changed while the request was being sent; nothing was changed: send it again".to_owned(),
            )),
        }
    }

    async fn there(&mut self, forwarding: &Arc<Forwarding>, leader: &Leader) -> There {
        self.carried(forwarding, leader, Hop::Last).await
    }

    async fn carried(&mut self, forwarding: &Arc<Forwarding>, to: &Leader, hop: Hop) -> There {
        let body = match self.body_to_send().await {
            Ok(body) => body,
            Err(failure) => return There::Failed(failure),
        };
        let time_left = self.limits.request_time.saturating_sub(self.began.elapsed());
        let limits = HttpLimits { request_time: time_left, ..self.limits.clone() };
        let origin = Origin { id: self.id.clone(), remote: self.remote, limits, wanted: self.wanted };
        let head = &self.head;
        let mut request = message::outgoing(&head.method, &head.uri, &head.headers, &origin, body);
        if hop == Hop::Relay {
            message::ask_for_relay(&mut request);
        }
        let carried = tokio::select! {
            biased;
            carried = forwarding.carrier.carry(&to.node_id, request) => carried,
            () = until_deposed(forwarding, to), if hop == Hop::Last => {
                Err(CarryError::Lost { reason: "it no longer leads, and does not answer".to_owned() })
            }
        };
        match carried {
            Ok(response) => match message::was_not_served(&response) {
                None => There::Answered(response),
                Some(NotServed::Sealed) => There::NotYet(self.as_if_nobody_led()),
                Some(NotServed::NotLeader) => There::NotYet(Failure::NotLeader),
                Some(NotServed::NoQuorum) => {
                    There::NotYet(Failure::NoQuorum("the leader has no majority of the cluster".to_owned()))
                }
            },
            Err(CarryError::NotSent { request, reason }) => {
                if matches!(self.body, Kept::Gone) {
                    self.body = Kept::Streamed(request.into_body());
                }
                tracing::debug!(member = to.node_id, reason, "a request could not be forwarded");
                There::NotYet(Failure::Unavailable(format!(
                    "the leader {:?} cannot be reached: {reason}. Where too few other voters run to elect another: {RECOVERY}",
                    to.node_id
                )))
            }
            Err(CarryError::Lost { reason }) if self.is_repeatable() => {
                There::NotYet(Failure::Unavailable(format!("the leader {:?} did not answer: {reason}", to.node_id)))
            }
            Err(CarryError::Lost { reason }) => There::Failed(Failure::OutcomeUnknown(format!(
                "the leader {:?} was lost while it carried out the request: whether it took effect is not known; look \
                 before you repeat it ({reason})",
                to.node_id
            ))),
        }
    }

    /// A body that is small is kept: it can be sent again.
    async fn body_to_send(&mut self) -> Result<SentBody, Failure> {
        if !self.has_body() {
            return Ok(SentBody::whole(Bytes::new()));
        }
        let is_small = match &self.body {
            Kept::Unread(body) => body.size_hint().upper().is_some_and(|most| most <= body::SMALL as u64),
            Kept::Whole(..) | Kept::Streamed(_) | Kept::Gone => false,
        };
        if is_small {
            self.whole_body(self.limits.body).await?;
        }
        match std::mem::replace(&mut self.body, Kept::Gone) {
            Kept::Whole(bytes, room) => {
                let sent = SentBody::whole(bytes.clone());
                self.body = Kept::Whole(bytes, room);
                Ok(sent)
            }
            Kept::Unread(body) => Ok(SentBody::streamed(body)),
            Kept::Streamed(body) => Ok(body),
            Kept::Gone => self.whole_body(0).await.map(|_| SentBody::whole(Bytes::new())),
        }
    }

    /// To carry it out twice changes nothing that carrying it out once would not.
    fn is_repeatable(&self) -> bool {
        self.operation.is_reading() && !self.is_wrapped()
    }

    /// What this node itself would say.
    fn as_if_nobody_led(&self) -> Failure {
        if self.node.phase().holds_keys() { Failure::NotLeader } else { Failure::Sealed }
    }
}

/// Returns when that node has not led for a while.
async fn until_deposed(forwarding: &Forwarding, leader: &Leader) {
    let mut changes = forwarding.watch_leader();
    loop {
        if changes.changed().await.is_err() {
            return std::future::pending().await;
        }
        if !forwarding.leads(leader) {
            tokio::time::sleep(LAST_WORDS).await;
            if !forwarding.leads(leader) {
                return;
            }
        }
    }
}

/// What to do where that lasts.
const RECOVERY: &str = "start the other nodes; if a majority of the voters is lost for good, stop those that are left and \
                        recover them with \"coffer operator raft recover\" or a peers.json";

/// The end of a request that nobody could serve in time.
fn in_words(failure: Failure) -> Failure {
    match failure {
        Failure::NotLeader => Failure::Unavailable(format!(
            "no node leads the cluster: this node is cut off from the others, or too few of them run; nothing was \
                 changed. {RECOVERY}"
        )),
        Failure::NoQuorum(why) => Failure::Unavailable(format!(
            "{why}: this node leads and does not reach a majority of the cluster; nothing was changed. {RECOVERY}"
        )),
        other => other,
    }
}

async fn carry_out(node: &Arc<Node>, request: Arc<Request>, method: &'static str) -> Result<Response, Failure> {
    let running = Running { request: Arc::clone(&request), method, started: node.clock().now() };
    let _ticket = node.local().in_flight.begin(running);
    match coffer_sys::node::answer(node, &request).await {
        Some(answered) => answered,
        None => node.serve(request).await,
    }
}

/// Lists are of folders, with or without the slash.
fn with_folder_slash(mut path: String, operation: Operation) -> String {
    if matches!(operation, Operation::List | Operation::Scan) && !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// All headers but those that carry a token, and those between nodes.
fn plain_headers(headers: &http::HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| *name != "x-vault-token" && *name != http::header::AUTHORIZATION)
        .filter(|(name, _)| !origin::is_between_nodes(name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}
