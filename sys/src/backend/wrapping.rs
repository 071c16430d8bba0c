//! `sys/wrapping`: answers put into a token, and taken out again.

use coffer_core::Operation::{Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::wrapping::Wrapped;
use coffer_core::{Body, Context, Failure, Raw, Response, WrapInfo};

use super::SystemBackend;

const FIELDS: &[Field] =
    &[Field::new("token", Kind::Text, "The wrapping token; the caller's own where there is none.")];

/// Whatever is sent is wrapped.
const ANYTHING: &[Field] = &[Field::new("*", Kind::Any, "What is to be wrapped.")];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("wrapping/wrap", ANYTHING, "Wrap what was sent.").on(Update, wrap),
        Route::new("wrapping/unwrap", FIELDS, "Take an answer out of its token.").on(Update, unwrap),
        Route::new("wrapping/lookup", FIELDS, "What is known of a wrapped answer.").on(Read, lookup).on(Update, lookup),
        Route::new("wrapping/rewrap", FIELDS, "Move an answer to a new token.").on(Update, rewrap),
    ]
}

/// The pipeline wraps the answer.
fn wrap(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    if matched.call.request.wrap.is_none() {
        return Err(Failure::invalid("endpoint requires response wrapping to be used"));
    }
    Ok(Response { body: Body::Data(matched.call.request.data.clone()), ..Response::default() })
}

/// The answer as it would have been sent; or, where the caller wants it wrapped again, in a token of the life asked for.
fn unwrap(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let token = token(matched)?;
    let request = matched.call.request;
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let inside = active.wrapping.unwrap(tx, &active.tokens, active, &token, now)?;
    if let Some(wanted) = request.wrap {
        let wrapped = Wrapped {
            response: &inside,
            path: &request.path,
            display_name: matched.call.caller.map_or("", |caller| &caller.entry.display_name),
            accessor: None,
            ttl: wanted.ttl,
        };
        return active.wrapping.wrap(tx, &active.tokens, active, wrapped, now).map(wrapped_again);
    }
    let raw = Raw { status: 200, content_type: "application/json", bytes: inside.to_vec() };
    Ok(Response { body: Body::Raw(raw), ..Response::default() })
}

fn lookup(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let token = token(matched)?;
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let known = active.wrapping.lookup(tx, &active.tokens, active, &token, now)?;
    Ok(Response::data(known.to_json()))
}

fn rewrap(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let token = token(matched)?;
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    active.wrapping.rewrap(tx, &active.tokens, active, &token, now).map(wrapped_again)
}

fn wrapped_again(info: WrapInfo) -> Response {
    Response { wrap: Some(Box::new(info)), ..Response::default() }
}

fn token<'a>(matched: &Matched<'a>) -> Result<std::borrow::Cow<'a, str>, Failure> {
    let given = matched.fields.text_or_empty("token")?;
    if !given.is_empty() {
        return Ok(given);
    }
    Ok(matched.call.request.token.as_ref().map(|token| token.expose()).unwrap_or_default().into())
}
