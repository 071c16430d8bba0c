//! From an answer, or a failure, to an HTTP response.

use coffer_core::local::UiHeaders;
use coffer_core::{Body, Completion, Envelope, Failure, Payload, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, STRICT_TRANSPORT_SECURITY};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::path::BadPath;
use crate::response_body::ResponseBody;
use crate::status::told;

/// An answer.
pub type HttpResponse = http::Response<ResponseBody>;

const JSON: &str = "application/json";

pub(crate) fn answer(request_id: &str, result: Result<Response, Failure>) -> HttpResponse {
    match result {
        Ok(response) => {
            let status = match response.completion {
                Completion::Done => StatusCode::OK,
                Completion::Accepted => StatusCode::ACCEPTED,
            };
            success(request_id, response, status)
        }
        Err(Failure::Gone(response)) => success(request_id, *response, StatusCode::NOT_FOUND),
        Err(failure) => {
            if let Failure::Internal(text) = &failure {
                tracing::error!(request = request_id, "{text}");
            }
            let told = told(&failure);
            let mut response = errors(told.status, &told.errors);
            if let Failure::TooManyRequests { headers, .. } = &failure {
                extend(response.headers_mut(), headers);
            }
            response
        }
    }
}

fn success(request_id: &str, response: Response, status: StatusCode) -> HttpResponse {
    if let Some(envelope) = Envelope::of(request_id, &response) {
        let mut http = bytes(status, JSON, envelope.to_json());
        extend(http.headers_mut(), &response.headers);
        return http;
    }
    let mut http = match response.body {
        Body::Raw(raw) => {
            let status = StatusCode::from_u16(raw.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            bytes(status, raw.content_type, raw.bytes)
        }
        Body::Stream(chunks) => with_body(status, chunks.content_type, chunks.pieces.into()),
        Body::Download(download) => with_body(status, download.content_type, download.pieces.into()),
        Body::Bare(payload) => bytes(status, JSON, bare(&payload)),
        Body::Empty | Body::Null | Body::Data(_) | Body::Doubled(_) => {
            let status = if status == StatusCode::OK { StatusCode::NO_CONTENT } else { status };
            bytes(status, JSON, Vec::new())
        }
    };
    extend(http.headers_mut(), &response.headers);
    http
}

fn bare(payload: &Payload) -> Vec<u8> {
    let mut out = serde_json::to_vec(payload.map()).unwrap_or_default();
    out.push(b'\n');
    out
}

/// `{"errors": [...]}`.
pub(crate) fn errors(status: StatusCode, errors: &[String]) -> HttpResponse {
    let mut body = json!({ "errors": errors }).to_string().into_bytes();
    body.push(b'\n');
    bytes(status, JSON, body)
}

pub(crate) fn bad_path(bad: &BadPath) -> HttpResponse {
    errors(StatusCode::BAD_REQUEST, &[bad.to_string()])
}

pub(crate) fn redirect(to: &str) -> HttpResponse {
    let mut response = bytes(StatusCode::TEMPORARY_REDIRECT, "text/plain; charset=utf-8", Vec::new());
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

pub(crate) fn page(html: &'static str, headers: &UiHeaders) -> HttpResponse {
    let mut response = bytes(StatusCode::OK, "text/html; charset=utf-8", html.as_bytes().to_vec());
    response.headers_mut().insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    for (name, values) in &headers.headers {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        response.headers_mut().remove(&name);
        for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().append(&name, value);
        }
    }
    response
}

pub(crate) fn bytes(status: StatusCode, content_type: &'static str, bytes: Vec<u8>) -> HttpResponse {
    with_body(status, content_type, bytes.into())
}

fn with_body(status: StatusCode, content_type: &'static str, body: ResponseBody) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

fn extend(headers: &mut HeaderMap, more: &[(&'static str, String)]) {
    for (name, value) in more {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
}
