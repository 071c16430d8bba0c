//! What a backend answers, before `core` adds leases, tokens and wrapping, and `api` the envelope.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::snapshot::{Download, Restore};
use crate::{Grant, Payload};

/// An answer.
#[derive(Debug, Default)]
pub struct Response {
    /// What it holds.
    pub body: Body,
    /// A login, or a token made: becomes the `auth` of the envelope.
    pub auth: Option<Box<Granted>>,
    /// What is known of how long the data lasts.
    pub lease: Lease,
    /// Told to the caller in the envelope.
    pub warnings: Vec<String>,
    /// Set by the pipeline when the answer was put into a wrapping token.
    pub wrap: Option<Box<WrapInfo>>,
    /// Whether the work is done, or has only begun.
    pub completion: Completion,
    /// Further HTTP headers.
    pub headers: Vec<(&'static str, String)>,
    /// What the node does once the answer is committed and audited.
    pub afterwards: Afterwards,
}

/// Whether the work of a request is done when it is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completion {
    /// It is.
    #[default]
    Done,
    /// It goes on (HTTP 202).
    Accepted,
}

/// What a request asks of the node itself, done after its commit and, but for changes of members, its audit.
#[derive(Debug, Default)]
pub enum Afterwards {
    /// Nothing.
    #[default]
    Nothing,
    /// Forget the keys.
    Seal,
    /// Send the whole state.
    SaveSnapshot,
    /// Put the uploaded state in the place of this one.
    RestoreSnapshot(Restore),
    /// Hand leadership to another node.
    StepDown,
    /// Store new keys. Apart from the request's own entry, since whoever asked must get the new shares even where it is not
    /// known whether they were stored.
    ChangeKeys(Box<coffer_seal::KeyringChange>),
    /// Change the member list, or how it is kept up.
    ChangeMembers(Box<MemberChange>),
}

/// A change of the member list, or of its upkeep; members are named by their `node_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// Take it out. One that is none is no error, so that a removal can be asked for again.
    Remove(String),
    /// Give it a vote.
    Promote(String),
    /// Take its vote away, for good.
    Demote(String),
    /// How the list is kept up.
    Autopilot(coffer_model::AutopilotConfig),
}

/// What an answer holds.
#[derive(Debug, Default)]
pub enum Body {
    /// Nothing: HTTP 204, unless there are warnings, auth or wrapping to tell.
    #[default]
    Empty,
    /// The `data` of the envelope.
    Data(Payload),
    /// The `data` of the envelope, with all its keys at the top level of the envelope too, as the old `sys/` answers have it.
    Doubled(Payload),
    /// A JSON object without an envelope (`sys/seal-status` and the like).
    Bare(Payload),
    /// An envelope with nothing in it, where Vault does not answer 204.
    Null,
    /// Anything else.
    Raw(Raw),
    /// Piece by piece, for as long as it takes.
    Stream(Chunks),
    /// A file that has an end, without which it is none.
    Download(Download),
}

/// An answer without an end: pieces are sent as they come, until either side has had enough.
#[derive(Debug)]
pub struct Chunks {
    /// MIME type.
    pub content_type: &'static str,
    /// The pieces; whoever makes them stops when this is dropped.
    pub pieces: tokio::sync::mpsc::Receiver<Vec<u8>>,
}

impl Chunks {
    /// One that is over before it began.
    pub fn ended(content_type: &'static str) -> Self {
        Self { content_type, pieces: tokio::sync::mpsc::channel(1).1 }
    }
}

/// An answer that is no JSON object.
#[derive(Debug)]
pub struct Raw {
    /// HTTP status.
    pub status: u16,
    /// MIME type.
    pub content_type: &'static str,
    /// As sent.
    pub bytes: Vec<u8>,
}

/// How long the data of an answer lasts.
#[derive(Debug, Default)]
pub enum Lease {
    /// Not said: `lease_duration` 0.
    #[default]
    None,
    /// A hint without a lease (KV v1).
    Hint(Duration),
    /// A lease to be made by the pipeline; expiry and revocation call the backend again.
    Secret(Box<LeasedSecret>),
    /// A lease that stands already (a renewal).
    Standing {
        /// Lease id.
        id: String,
        /// Time left.
        ttl: Duration,
        /// Whether it can be renewed again.
        renewable: bool,
    },
}

/// What the pipeline needs to make a lease.
#[derive(Debug)]
pub struct LeasedSecret {
    /// Wanted life; zero: the mount's default.
    pub ttl: Duration,
    /// Longest life; zero: the mount's maximum.
    pub max_ttl: Duration,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// Kept with the lease and given back to the backend at renewal and revocation; never shown.
    pub internal: Payload,
}

/// A login on its way to a token, or a token that was made.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "an answer holds it in a box")]
pub enum Granted {
    /// A backend vouches for the caller: the pipeline makes entity and token.
    Login(Grant),
    /// The token, ready to be shown.
    Token(Payload),
}

/// `wrap_info` of the envelope.
#[derive(Debug)]
pub struct WrapInfo {
    /// The wrapping token.
    pub token: crate::SecretText,
    /// Its accessor.
    pub accessor: String,
    /// Life in seconds.
    pub ttl: u64,
    /// When it was made.
    pub creation_time: crate::Timestamp,
    /// Path of the request whose answer it holds.
    pub creation_path: String,
    /// Accessor of the token inside, if one is.
    pub wrapped_accessor: Option<String>,
}

impl Response {
    /// The change of members that is asked for, if so.
    pub(crate) fn take_member_change(&mut self) -> Option<Box<MemberChange>> {
        match std::mem::take(&mut self.afterwards) {
            Afterwards::ChangeMembers(change) => Some(change),
            other => {
                self.afterwards = other;
                None
            }
        }
    }

    /// HTTP 204.
    pub fn empty() -> Self {
        Self::default()
    }

    /// An answer with data: `Response::data(json!({...}))`. Anything but an object becomes an empty one.
    pub fn data(value: Value) -> Self {
        let map = match value {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self { body: Body::Data(map.into()), ..Self::default() }
    }

    /// Data without an envelope.
    pub fn bare(value: Value) -> Self {
        Self::data(value).reshaped(Body::Bare)
    }

    /// Data both in the envelope's `data` and beside it.
    pub fn doubled(value: Value) -> Self {
        Self::data(value).reshaped(Body::Doubled)
    }

    /// The answer to LIST: `keys`, or "not found" where there are none, as Vault has it.
    pub fn keys(keys: Vec<String>) -> Result<Self, crate::Failure> {
        if keys.is_empty() {
            return Err(crate::Failure::NotFound);
        }
        Ok(Self::data(serde_json::json!({ "keys": keys })))
    }

    /// A login.
    pub fn login(grant: Grant) -> Self {
        Self { auth: Some(Box::new(Granted::Login(grant))), ..Self::default() }
    }

    /// Adds a warning.
    #[must_use]
    pub fn warn(mut self, text: impl Into<String>) -> Self {
        self.warnings.push(text.into());
        self
    }

    /// Says that the work has only begun.
    #[must_use]
    pub fn accepted(mut self) -> Self {
        self.completion = Completion::Accepted;
        self
    }

    /// Whether there is nothing to tell: HTTP 204.
    pub fn is_nothing(&self) -> bool {
        matches!(self.body, Body::Empty)
            && self.auth.is_none()
            && self.warnings.is_empty()
            && self.wrap.is_none()
            && !matches!(self.lease, Lease::Standing { .. })
    }

    /// The data, whichever way it is enveloped.
    pub fn payload(&self) -> Option<&Payload> {
        match &self.body {
            Body::Data(data) | Body::Doubled(data) | Body::Bare(data) => Some(data),
            Body::Empty | Body::Null | Body::Raw(_) | Body::Stream(_) | Body::Download(_) => None,
        }
    }

    fn reshaped(mut self, shape: fn(Payload) -> Body) -> Self {
        if let Body::Data(data) = self.body {
            self.body = shape(data);
        }
        self
    }
}
