//! `sys/capabilities*`: what a token may do on paths.

use coffer_core::Operation::Update;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response};
use coffer_policy::Acl;
use serde_json::{Map, Value, json};

use super::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("token", Kind::Text, "The token asked about."),
    Field::new("accessor", Kind::Text, "Accessor of the token asked about."),
    Field::new("paths", Kind::CommaList, "The paths asked about."),
    Field::new("path", Kind::CommaList, "Old name of paths."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("capabilities", FIELDS, "What a token may do on paths.").on(Update, of_token),
        Route::new("capabilities-accessor", FIELDS, "What the token of an accessor may do on paths.")
            .on(Update, of_accessor),
        Route::new("capabilities-self", FIELDS, "What the caller may do on paths.").on(Update, of_self),
    ]
}

fn of_token(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let token = matched.fields.text_or_empty("token")?;
    if token.is_empty() {
        return Err(Failure::Fault("no token found".to_owned()));
    }
    let paths = paths(matched)?;
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let entry = active
        .tokens
        .find(tx, &token, now)?
        .ok_or_else(|| Failure::invalid("1 error occurred:\n\t* invalid token\n\n"))?;
    let caller = active.caller(tx, entry)?;
    Ok(answer(&caller.acl, &paths))
}

fn of_accessor(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let accessor = matched.fields.text_or_empty("accessor")?;
    if accessor.is_empty() {
        return Err(Failure::invalid("missing accessor"));
    }
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let unknown = || Failure::invalid("1 error occurred:\n\t* invalid accessor\n\n");
    let token = active.tokens.token_of_accessor(tx, &accessor)?.ok_or_else(unknown)?;
    let paths = paths(matched)?;
    let entry = active.tokens.find(tx, token.expose(), now)?.ok_or_else(unknown)?;
    let caller = active.caller(tx, entry)?;
    Ok(answer(&caller.acl, &paths))
}

fn of_self(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let paths = paths(matched)?;
    let caller = matched.call.caller.ok_or(Failure::Denied)?;
    Ok(answer(&caller.acl, &paths))
}

fn paths(matched: &Matched<'_>) -> Result<Vec<String>, Failure> {
    let mut paths = matched.fields.list("paths")?.unwrap_or_default();
    if paths.is_empty() {
        paths = matched.fields.list("path")?.unwrap_or_default();
    }
    if paths.is_empty() {
        return Err(Failure::invalid("paths must be supplied"));
    }
    if paths.iter().any(String::is_empty) {
        return Err(Failure::invalid("1 error occurred:\n\t* missing path\n\n"));
    }
    Ok(paths)
}

fn answer(acl: &Acl, paths: &[String]) -> Response {
    let mut map: Map<String, Value> = paths.iter().map(|path| (path.clone(), json!(acl.capabilities(path)))).collect();
    if let [only] = paths {
        let capabilities = map.get(only).cloned().unwrap_or_default();
        map.insert("capabilities".to_owned(), capabilities);
    }
    Response::doubled(Value::Object(map))
}
