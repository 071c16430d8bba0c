//! `X-Vault-No-Request-Forwarding`: the client goes to the leader itself.

use http::{HeaderMap, StatusCode, Uri};

use crate::answer::{self, HttpResponse};

/// Whether the client does not want to be forwarded: the header with any value.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get("x-vault-no-request-forwarding").is_some_and(|value| !value.is_empty())
}

/// To the same path on the leader, whose API address it has announced.
pub(super) fn to_leader(api_address: &str, uri: &Uri) -> HttpResponse {
    if api_address.is_empty() {
        return answer::errors(StatusCode::SERVICE_UNAVAILABLE, &["no active Vault instance found".to_owned()]);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    answer::redirect(&format!("{}{path}", api_address.trim_end_matches('/')))
}

/// Where nobody leads.
pub(super) fn nowhere() -> HttpResponse {
    let text = "local node not active but active cluster node not found";
    answer::errors(StatusCode::INTERNAL_SERVER_ERROR, &[text.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_kept() {
        let uri = "/v1/kv/data/a%20b?version=2".parse().unwrap();
        let response = to_leader("https://vault2.example.com:8200/", &uri);
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(response.headers()["location"], "https://vault2.example.com:8200/v1/kv/data/a%20b?version=2");
        assert_eq!(to_leader("", &uri).status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
