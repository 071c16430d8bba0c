//! How a line looks: Vault's standard form, or one JSON object.

use std::fmt::{self, Write};
use std::time::SystemTime;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::format_description;
use tracing::field::{Field, Visit};

use super::redact::redact;
use crate::config::{LogFormat, LogLevel};

/// What was said.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) at: SystemTime,
    pub(super) level: LogLevel,
    pub(super) subsystem: String,
    pub(super) message: String,
    pub(super) fields: Vec<(&'static str, Value)>,
}

/// The most that a field's value may take of a line, in bytes: what a stranger sends must not fill the log.
const MAX_TEXT: usize = 4096;

impl Record {
    pub(super) fn new(level: LogLevel, subsystem: &str, event: &tracing::Event<'_>) -> Self {
        let mut record = Self {
            at: SystemTime::now(),
            level,
            subsystem: subsystem.to_owned(),
            message: String::new(),
            fields: Vec::new(),
        };
        event.record(&mut record);
        record
    }

    /// The line, with its end.
    pub(super) fn line(&self, format: LogFormat) -> String {
        let mut line = match format {
            LogFormat::Standard => self.standard(),
            LogFormat::Json => self.json(),
        };
        line.push('\n');
        line
    }

    fn standard(&self) -> String {
        let level = match self.level {
            LogLevel::Trace => "[TRACE]",
            LogLevel::Debug => "[DEBUG]",
            LogLevel::Info => "[INFO] ",
            LogLevel::Warn => "[WARN] ",
            LogLevel::Error => "[ERROR]",
        };
        let mut line = format!("{} {level} {}: ", timestamp(self.at), self.subsystem);
        escape_into(&mut line, &self.message);
        if !self.fields.is_empty() {
            line.push(':');
        }
        for (name, value) in &self.fields {
            let _ = write!(line, " {name}=");
            match value {
                Value::String(text) if is_plain(text) => line.push_str(text),
                Value::String(text) => {
                    line.push('"');
                    escape_into(&mut line, &text.replace('\\', "\\\\").replace('"', "\\\""));
                    line.push('"');
                }
                other => {
                    let _ = write!(line, "{other}");
                }
            }
        }
        line
    }

    fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("@level".into(), self.level.to_string().into());
        object.insert("@message".into(), self.message.clone().into());
        object.insert("@module".into(), self.subsystem.clone().into());
        object.insert("@timestamp".into(), timestamp(self.at).into());
        for (name, value) in &self.fields {
            object.insert((*name).into(), value.clone());
        }
        Value::Object(object).to_string()
    }

    fn keep(&mut self, field: &Field, text: &str) {
        let text = bounded(&redact(text));
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.push((field.name(), Value::String(text)));
        }
    }
}

impl Visit for Record {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep(field, &format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.keep(field, &value.to_string());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((field.name(), value.into()));
    }
}

fn bounded(text: &str) -> String {
    match text.char_indices().find(|(at, c)| at + c.len_utf8() > MAX_TEXT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '=' | '\\'))
}

/// Nobody else's text may begin a line of the log or speak to a terminal.
fn escape_into(line: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
}

fn timestamp(at: SystemTime) -> String {
    const FORM: &[time::format_description::BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from(at).format(FORM).unwrap_or_default()
}
