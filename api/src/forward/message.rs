//! The two heads of a forwarded request: as it is sent on, and as its answer comes back.

use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version, header};

use super::origin::is_between_nodes;
use super::{Origin, SentBody};
use crate::answer::{self, HttpResponse};

/// Says that a request was not carried out, and why.
const NOT_SERVED: &str = "x-coffer-not-served";

/// Asks a member that does not lead to send the request on to the one that does, once.
const RELAY: &str = "x-coffer-relay";

/// Belong to one connection, not to the request.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why a node did not carry out what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotServed {
    /// It does not lead, or not any more.
    NotLeader,
    /// It leads and has no majority.
    NoQuorum,
    /// It leads and holds no keys.
    Sealed,
}

/// What is sent to the leader.
pub(super) fn outgoing(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    origin: &Origin,
    body: SentBody,
) -> Request<SentBody> {
    let mut request = Request::new(body);
    *request.version_mut() = Version::HTTP_2;
    *request.method_mut() = method.clone();
    *request.uri_mut() = absolute(uri);
    let out = request.headers_mut();
    out.reserve(headers.len() + 1);
    for (name, value) in headers {
        if !HOP_BY_HOP.contains(name)
            && !is_between_nodes(name.as_str())
            && name != "keep-alive"
            && name != "proxy-connection"
        {
            let mut value = value.clone();
            // Secrets do not stay in the memory of HTTP/2's header compression.
            value.set_sensitive(name == "x-vault-token" || name == header::AUTHORIZATION);
            out.append(name, value);
        }
    }
    origin.put(out);
    request
}

/// Lets the member that gets this send it on.
pub(super) fn ask_for_relay(request: &mut Request<SentBody>) {
    request.headers_mut().insert(RELAY, HeaderValue::from_static("1"));
}

/// Whether a member's request may be sent on.
pub(super) fn asks_for_relay(headers: &HeaderMap) -> bool {
    headers.contains_key(RELAY)
}

/// HTTP/2 wants to know a host; the connection has but one.
fn absolute(uri: &Uri) -> Uri {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = Some(Authority::from_static("leader"));
    parts.path_and_query = uri.path_and_query().cloned();
    Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("https://leader/"))
}

/// The answer to a request that was not carried out.
pub(super) fn not_served(why: NotServed) -> HttpResponse {
    let mut response = answer::errors(StatusCode::SERVICE_UNAVAILABLE, &[]);
    let word = match why {
        NotServed::NotLeader => "not-leader",
        NotServed::NoQuorum => "no-quorum",
        NotServed::Sealed => "sealed",
    };
    response.headers_mut().insert(NOT_SERVED, HeaderValue::from_static(word));
    response
}

/// Whether an answer says that nothing was carried out.
pub(super) fn was_not_served(response: &HttpResponse) -> Option<NotServed> {
    Some(match response.headers().get(NOT_SERVED)?.as_bytes() {
        b"sealed" => NotServed::Sealed,
        b"no-quorum" => NotServed::NoQuorum,
        _ => NotServed::NotLeader,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::HttpLimits;

    #[test]
    fn what_belongs_to_the_connection_or_to_nodes_stays_here() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-vault-token", "t"),
            ("connection", "keep-alive"),
            ("transfer-encoding", "chunked"),
            ("host", "vault.example.com"),
            ("x-coffer-origin", "1 forged"),
            ("x-coffer-not-served", "sealed"),
            ("x-vault-wrap-ttl", "60"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let origin = Origin {
            id: uuid::Uuid::new_v4().to_string(),
            remote: None,
            limits: HttpLimits { require_request_header: false, ..HttpLimits::default() },
            wanted: coffer_core::Wanted::Answer,
        };
        let uri = "/v1/kv/a?list=true".parse().unwrap();
        let mut sent = outgoing(&Method::GET, &uri, &headers, &origin, SentBody::whole(bytes::Bytes::new()));
        assert_eq!(sent.uri(), "https://leader/v1/kv/a?list=true");
        assert_eq!(Origin::take(sent.headers_mut()), Ok(origin));
        let mut names: Vec<_> = sent.headers().keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["x-vault-token", "x-vault-wrap-ttl"]);
    }

    #[test]
    fn what_was_not_served_says_so() {
        for why in [NotServed::NotLeader, NotServed::NoQuorum, NotServed::Sealed] {
            assert_eq!(was_not_served(&not_served(why)), Some(why));
        }
        assert_eq!(was_not_served(&answer::errors(StatusCode::SERVICE_UNAVAILABLE, &[])), None);
    }
}
