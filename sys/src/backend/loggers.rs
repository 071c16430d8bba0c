//! `sys/loggers`, `sys/monitor`: the log's levels while it runs, and listening in on it.

use coffer_core::Operation::{Delete, Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::local::{LogFormat, LogLevel};
use coffer_core::{Body, Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("name", Kind::Text, "Name of the logger."),
    Field::new("level", Kind::Text, "trace, debug, info, warn or error."),
];

const MONITOR_FIELDS: &[Field] = &[
    Field::new("log_level", Kind::Text, "The least that is shown; info by default."),
    Field::new("log_format", Kind::Text, "standard (default) or json."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("loggers/?", FIELDS, "The levels of all loggers. Lost at restart.")
            .on(Read, all)
            .on(Update, set_all)
            .on(Delete, reset_all),
        Route::new("loggers/{name...}", FIELDS, "The level of one logger. Lost at restart.")
            .on(Read, one)
            .on(Update, set)
            .on(Delete, reset),
        Route::new("monitor", MONITOR_FIELDS, "The log from now on, line by line.").on(Read, monitor),
    ]
}

fn all(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let levels = active.local.logs.levels().into_iter();
    let shown: Map<_, _> = levels.map(|(name, level)| (name, json!(level.to_string()))).collect();
    Ok(Response::data(Value::Object(shown)))
}

fn one(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let name = matched.fields.capture("name");
    let (_, active) = cx.system(backend.access());
    let level = active.local.logs.levels().remove(name);
    Ok(Response::data(level.map_or_else(|| json!({}), |level| json!({ name: level.to_string() }))))
}

fn set_all(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let level = level(matched)?;
    let (_, active) = cx.system(backend.access());
    active.local.logs.set_all(level);
    Ok(Response::empty())
}

fn set(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (name, level) = (matched.fields.capture("name"), level(matched)?);
    let (_, active) = cx.system(backend.access());
    if active.local.logs.set(name, level) { Ok(Response::empty()) } else { Err(unknown(name)) }
}

fn reset_all(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    active.local.logs.reset_all();
    Ok(Response::empty())
}

fn reset(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let name = matched.fields.capture("name");
    let (_, active) = cx.system(backend.access());
    if active.local.logs.reset(name) { Ok(Response::empty()) } else { Err(unknown(name)) }
}

fn level(matched: &Matched<'_>) -> Result<LogLevel, Failure> {
    let text = matched.fields.text_or_empty("level")?;
    if text.is_empty() {
        return Err(Failure::invalid("level is required"));
    }
    text.parse().map_err(|unknown| Failure::Invalid(format!("invalid level provided: {unknown}")))
}

fn unknown(name: &str) -> Failure {
    Failure::Invalid(format!("logger {name:?} not found"))
}

fn monitor(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let level = match matched.fields.text_or_empty("log_level")?.as_ref() {
        "" => LogLevel::Info,
        text => text.parse().map_err(|_| Failure::invalid("unknown log level"))?,
    };
    let format = match matched.fields.text_or_empty("log_format")?.as_ref() {
        "" | "standard" => LogFormat::Standard,
        "json" => LogFormat::Json,
        _ => return Err(Failure::invalid("unknown log format")),
    };
    let (_, active) = cx.system(backend.access());
    Ok(Response { body: Body::Stream(active.local.logs.listen(level, format)), ..Response::default() })
}
