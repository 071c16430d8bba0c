//! Cross-origin requests: what a browser asks before it lets a page of another origin talk to this server.

use coffer_core::local::CorsConfig;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::answer::{self, HttpResponse};

const METHODS: &[&str] = &["DELETE", "GET", "OPTIONS", "POST", "PUT", "LIST", "SCAN"];

/// How long a browser may keep the answer, in seconds.
const MAX_AGE: &str = "300";

/// What the rules make of a request.
pub(crate) enum Verdict {
    /// Of no other origin, or nobody has set rules.
    Unconcerned,
    /// Answered already: a preflight, or a refusal.
    Answered(HttpResponse),
    /// To be answered as any other, with these headers on top.
    Allowed(HeaderMap),
}

pub(crate) fn judge(rules: &CorsConfig, method: &Method, headers: &HeaderMap) -> Verdict {
    let Some(origin) = headers.get(ORIGIN).filter(|origin| rules.is_enabled() && !origin.is_empty()) else {
        return Verdict::Unconcerned;
    };
    if !origin.to_str().is_ok_and(|origin| rules.allows(origin)) {
        return Verdict::Answered(answer::errors(StatusCode::FORBIDDEN, &["origin not allowed".to_owned()]));
    }
    let mut allowed = HeaderMap::new();
    allowed.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    allowed.insert(VARY, HeaderValue::from_name(ORIGIN));
    if rules.allow_credentials {
        allowed.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    if method != Method::OPTIONS {
        return Verdict::Allowed(allowed);
    }
    let asked = headers.get(ACCESS_CONTROL_REQUEST_METHOD).map(HeaderValue::as_bytes).unwrap_or_default();
    if !METHODS.iter().any(|method| method.as_bytes() == asked) {
        return Verdict::Answered(bare(StatusCode::METHOD_NOT_ALLOWED, HeaderMap::new()));
    }
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS.join(",")),
        (ACCESS_CONTROL_ALLOW_HEADERS, rules.allowed_headers.join(",")),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE.to_owned()),
    ] {
        // A header name with a control character was stored: leave the whole list out.
        if let Ok(value) = HeaderValue::try_from(value) {
            allowed.insert(name, value);
        }
    }
    Verdict::Answered(bare(StatusCode::OK, allowed))
}

fn bare(status: StatusCode, headers: HeaderMap) -> HttpResponse {
    let mut response = HttpResponse::new(Vec::new().into());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(credentials: bool) -> CorsConfig {
        CorsConfig::allowing(vec!["https://a.example".into()], vec!["X-More".into()], credentials).unwrap()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    fn answered(verdict: Verdict) -> HttpResponse {
        match verdict {
            Verdict::Answered(response) => response,
            Verdict::Unconcerned | Verdict::Allowed(_) => panic!("not answered"),
        }
    }

    #[test]
    fn nothing_changes_without_rules_or_origin() {
        let asked = headers(&[("origin", "https://a.example")]);
        assert!(matches!(judge(&CorsConfig::default(), &Method::GET, &asked), Verdict::Unconcerned));
        assert!(matches!(judge(&rules(false), &Method::GET, &HeaderMap::new()), Verdict::Unconcerned));
    }

    #[test]
    fn a_foreign_origin_is_refused() {
        let asked = headers(&[("origin", "https://evil.example"), ("access-control-request-method", "GET")]);
        for method in [Method::GET, Method::OPTIONS] {
            let response = answered(judge(&rules(true), &method, &asked));
            assert_eq!(response.status(), StatusCode::FORBIDDEN);
            assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        }
    }

    #[test]
    fn a_preflight_tells_what_is_allowed() {
        let asked = headers(&[("origin", "https://a.example"), ("access-control-request-method", "LIST")]);
        let response = answered(judge(&rules(true), &Method::OPTIONS, &asked));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert!(response.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().ends_with(",X-More"));
        let other = headers(&[("origin", "https://a.example"), ("access-control-request-method", "TRACE")]);
        assert_eq!(answered(judge(&rules(true), &Method::OPTIONS, &other)).status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn an_allowed_request_is_told_so_and_credentials_only_where_set() {
        let asked = headers(&[("origin", "https://a.example")]);
        let Verdict::Allowed(added) = judge(&rules(false), &Method::GET, &asked) else { panic!("not allowed") };
        assert_eq!(added[VARY], "origin");
        assert!(!added.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }
}
