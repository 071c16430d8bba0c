//! The one place where failures become HTTP statuses and texts.

use coffer_core::Failure;
use http::StatusCode;

/// What a caller is told of a failure.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) errors: Vec<String>,
}

pub(crate) fn told(failure: &Failure) -> Told {
    match failure {
        Failure::Tokenless(inner) => tell(inner, str::to_owned),
        _ => tell(failure, one),
    }
}

/// `routed` puts into words what Vault's router says.
fn tell(failure: &Failure, routed: fn(&str) -> String) -> Told {
    let (status, errors) = match failure {
        Failure::Invalid(text) | Failure::CheckAndSet(text) | Failure::BadCredentials(text) => {
            (StatusCode::BAD_REQUEST, vec![text.clone()])
        }
        Failure::Denied => (StatusCode::FORBIDDEN, vec![routed("permission denied")]),
        Failure::DeniedBecause(text) => (StatusCode::FORBIDDEN, vec![text.clone()]),
        Failure::NotFound | Failure::Gone(_) => (StatusCode::NOT_FOUND, Vec::new()),
        Failure::NotFoundBecause(text) => (StatusCode::NOT_FOUND, vec![text.clone()]),
        Failure::NoRoute(_) => (StatusCode::NOT_FOUND, vec![failure.to_string()]),
        Failure::UnsupportedPath => (StatusCode::NOT_FOUND, vec![routed("unsupported path")]),
        Failure::UnsupportedOperation => (StatusCode::METHOD_NOT_ALLOWED, vec![routed("unsupported operation")]),
        Failure::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, Vec::new()),
        Failure::TooManyRequests { reason, .. } => (StatusCode::TOO_MANY_REQUESTS, vec![reason.clone()]),
        Failure::TooLarge(text) => (StatusCode::PAYLOAD_TOO_LARGE, vec![text.clone()]),
        Failure::Sealed => (StatusCode::SERVICE_UNAVAILABLE, vec![failure.to_string()]),
        Failure::Uninitialized => (StatusCode::SERVICE_UNAVAILABLE, vec![failure.to_string()]),
        Failure::NotLeader => (StatusCode::SERVICE_UNAVAILABLE, vec![failure.to_string()]),
        Failure::NoQuorum(text) | Failure::Unavailable(text) | Failure::OutcomeUnknown(text) => {
            (StatusCode::SERVICE_UNAVAILABLE, vec![text.clone()])
        }
        Failure::Fault(text) => (StatusCode::INTERNAL_SERVER_ERROR, vec![routed(text)]),
        Failure::Tokenless(inner) => return tell(inner, routed),
        Failure::Audit(text) => (StatusCode::INTERNAL_SERVER_ERROR, vec![text.clone()]),
        Failure::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, vec!["internal error".to_owned()]),
    };
    Told { status, errors }
}

/// The words in which Vault wraps what its router says.
fn one(text: &str) -> String {
    format!("1 error occurred:\n\t* {text}\n\n")
}
