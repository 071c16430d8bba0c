//! Reads the options of a device one by one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ConfigError, DeviceKind, Environment, Family, FileConfig, FileMode, Network, SocketConfig, SyslogConfig};
use crate::entry::Syntax;

pub(super) struct Options<'a>(&'a BTreeMap<String, String>);

const KNOWN: [&str; 16] = [
    "address",
    "elide_list_responses",
    "facility",
    "file_path",
    "format",
    "fsync",
    "hmac_accessor",
    "log_raw",
    "mode",
    "path",
    "prefix",
    "skip_test",
    "socket_type",
    "tag",
    "write_timeout",
    "fallback",
];

/// Vault Enterprise's, which would keep entries or parts of them from a device.
const NOT_BUILT: [&str; 2] = ["filter", "exclude"];

impl<'a> Options<'a> {
    pub(super) fn new(options: &'a BTreeMap<String, String>) -> Self {
        Self(options)
    }

    pub(super) fn get(&self, option: &str) -> Option<&'a str> {
        self.0.get(option).map(String::as_str)
    }

    /// A boolean as Go reads it.
    pub(super) fn flag(&self, option: &'static str) -> Result<Option<bool>, ConfigError> {
        match self.get(option) {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Some(false)),
            Some(_) => Err(ConfigError::Invalid { option, expected: "true or false" }),
        }
    }

    pub(super) fn file(&self, environment: &Environment) -> Result<DeviceKind, ConfigError> {
        let path = self.get("file_path").or_else(|| self.get("path"));
        let path = path.filter(|path| !path.is_empty()).ok_or(ConfigError::PathMissing)?;
        if path.chars().any(char::is_control) {
            let expected = "a path without control characters";
            return Err(ConfigError::Invalid { option: "file_path", expected });
        }
        let mode = self.mode()?;
        let fsync = self.flag("fsync")?.unwrap_or(false);
        Ok(match () {
            () if path.eq_ignore_ascii_case("stdout") => DeviceKind::Stdout,
            () if path.eq_ignore_ascii_case("discard") => DeviceKind::Discard,
            () => DeviceKind::File(FileConfig {
                path: path.into(),
                mode,
                fsync,
                forbidden: environment.forbidden_folders.clone(),
            }),
        })
    }

    /// Octal; executable bits are taken away, so that no log can be made a program.
    fn mode(&self) -> Result<FileMode, ConfigError> {
        let Some(text) = self.get("mode") else { return Ok(FileMode::Set(0o600)) };
        let octal = !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        let mode = octal.then(|| u32::from_str_radix(text, 8).ok()).flatten();
        match mode {
            None => Err(ConfigError::Invalid { option: "mode", expected: "octal digits" }),
            Some(0) => Ok(FileMode::Keep),
            Some(mode) if mode > 0o777 => Err(ConfigError::IrregularMode),
            Some(mode) => Ok(FileMode::Set(mode & !0o111)),
        }
    }

    pub(super) fn syslog(&self, environment: &Environment) -> Result<DeviceKind, ConfigError> {
        let facility = self.get("facility").unwrap_or("AUTH").to_ascii_uppercase();
        let code = FACILITIES.iter().find(|(name, _)| *name == facility).map(|(_, code)| *code);
        let code = code.ok_or(ConfigError::UnknownFacility(facility))?;
        let tag = self.get("tag").unwrap_or("vault");
        let plain = tag.bytes().all(|byte| byte.is_ascii_graphic() && !b":[]".contains(&byte));
        if tag.is_empty() || tag.len() > 48 || !plain {
            let expected = "1 to 48 printable ASCII characters without space, colon and brackets";
            return Err(ConfigError::Invalid { option: "tag", expected });
        }
        Ok(DeviceKind::Syslog(SyslogConfig {
            priority: code << 3 | SEVERITY_INFO,
            tag: tag.to_owned(),
            sockets: environment.syslog_sockets.clone(),
        }))
    }

    pub(super) fn socket(&self) -> Result<DeviceKind, ConfigError> {
        let address = self.get("address").filter(|address| !address.is_empty());
        let address = address.ok_or(ConfigError::AddressMissing)?.to_owned();
        let network = match self.get("socket_type").unwrap_or("tcp") {
            "tcp" => Network::Tcp(Family::Any),
            "tcp4" => Network::Tcp(Family::V4),
            "tcp6" => Network::Tcp(Family::V6),
            "udp" => Network::Udp(Family::Any),
            "udp4" => Network::Udp(Family::V4),
            "udp6" => Network::Udp(Family::V6),
            "unix" => Network::Unix,
            "unixgram" => Network::Unixgram,
            other => return Err(ConfigError::UnknownNetwork(other.to_owned())),
        };
        Ok(DeviceKind::Socket(SocketConfig { network, address }))
    }

    pub(super) fn syntax(&self) -> Result<Syntax, ConfigError> {
        match self.get("format") {
            None | Some("" | "json") => Ok(Syntax::Json),
            Some("jsonx") => Ok(Syntax::Jsonx),
            Some(other) => Err(ConfigError::UnknownFormat(other.to_owned())),
        }
    }

    pub(super) fn prefix(&self, environment: &Environment) -> Result<String, ConfigError> {
        let prefix = self.get("prefix").unwrap_or_default();
        if prefix.is_empty() {
            return Ok(String::new());
        }
        if !environment.allow_prefix {
            return Err(ConfigError::PrefixForbidden);
        }
        if prefix.len() > 256 || prefix.starts_with("#!") || prefix.chars().any(char::is_control) {
            return Err(ConfigError::PrefixUnsafe);
        }
        Ok(prefix.to_owned())
    }

    /// Zero means no limit, as in Vault.
    pub(super) fn write_timeout(&self, default: Duration) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = self.get("write_timeout") else { return Ok(Some(default)) };
        let expected = "a duration such as 2s";
        let span = duration(text).ok_or(ConfigError::Invalid { option: "write_timeout", expected });
        Ok(Some(span?).filter(|span| !span.is_zero()))
    }

    pub(super) fn refuse_what_is_not_built(&self) -> Result<(), ConfigError> {
        let restricting = NOT_BUILT.into_iter().find(|option| self.0.contains_key(*option));
        let fallback = self.flag("fallback")?.unwrap_or(false).then_some("fallback");
        restricting.or(fallback).map_or(Ok(()), |option| Err(ConfigError::NotBuilt(option)))
    }

    pub(super) fn unknown(&self) -> Vec<String> {
        self.0.keys().filter(|option| !KNOWN.contains(&option.as_str())).cloned().collect()
    }
}

/// Seconds, or numbers with units (`1m30s`, `1.5s`, `500ms`), at most a day.
fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, tail) = rest.split_at(digits);
        let unit = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(unit);
        let scale = match unit {
            "" if tail.is_empty() && number.len() == text.trim().len() => 1.0,
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|span| *span <= Duration::from_secs(86_400))
}

const SEVERITY_INFO: u8 = 6;

const FACILITIES: [(&str, u8); 20] = [
    ("KERN", 0),
    ("USER", 1),
    ("MAIL", 2),
    ("DAEMON", 3),
    ("AUTH", 4),
    ("SYSLOG", 5),
    ("LPR", 6),
    ("NEWS", 7),
    ("UUCP", 8),
    ("CRON", 9),
    ("AUTHPRIV", 10),
    ("FTP", 11),
    ("LOCAL0", 16),
    ("LOCAL1", 17),
    ("LOCAL2", 18),
    ("LOCAL3", 19),
    ("LOCAL4", 20),
    ("LOCAL5", 21),
    ("LOCAL6", 22),
    ("LOCAL7", 23),
];
