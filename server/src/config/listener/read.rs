//! From a block to a [`Listener`].

use std::collections::BTreeMap;
use std::time::Duration;

use coffer_hcl::{Block, ValueKind};

use super::tls;
use super::{Access, Endpoint, Limits, Listener, Security, SocketOwner};
use crate::config::address::HostPort;
use crate::config::keys;
use crate::config::problem::{ConfigError, Warning};
use crate::config::section::Section;

pub(crate) fn read(
    within: Section<'_>,
    block: &Block<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Listener, ConfigError> {
    let section = Section { file: within.file, body: block.body };
    section.check(&keys::LISTENER, warnings)?;
    if let Some(extra) = block.labels.get(1) {
        return Err(section.error(extra.position, "a listener has one label, its type"));
    }
    let kind = match block.label() {
        Some(label) => label.to_owned(),
        None => section.string("type")?.ok_or_else(|| {
            section.error(block.position(), "a listener needs a type: write listener \"tcp\" { ... }")
        })?,
    };
    let endpoint = match kind.as_str() {
        "tcp" => tcp(&section)?,
        "unix" => unix(&section, block)?,
        other => {
            let message = format!("listener type {other:?} is unknown: use \"tcp\" or \"unix\"");
            return Err(section.error(block.position(), message));
        }
    };
    Ok(Listener {
        security: security(&section, &endpoint, block, warnings)?,
        endpoint,
        limits: limits(&section)?,
        access: access(&section, warnings)?,
        response_headers: response_headers(&section)?,
    })
}

fn tcp(section: &Section<'_>) -> Result<Endpoint, ConfigError> {
    let default = || HostPort { host: "127.0.0.1".into(), port: 8200 };
    let address = section.parsed("address", str::parse::<HostPort>)?.unwrap_or_else(default);
    let cluster_address = match section.parsed("cluster_address", str::parse::<HostPort>)? {
        Some(address) => address,
        // Port 0 stays 0: the system chooses for each.
        None if address.port == 0 => address.clone(),
        None => {
            let port = address.port.checked_add(1).ok_or_else(|| {
                section.wrong("address", "there is no port above 65535 for the other nodes: set cluster_address")
            })?;
            address.with_port(port)
        }
    };
    Ok(Endpoint::Tcp { address, cluster_address })
}

fn unix(section: &Section<'_>, block: &Block<'_>) -> Result<Endpoint, ConfigError> {
    let path = section
        .string("address")?
        .ok_or_else(|| section.error(block.position(), "a unix listener needs an address, the socket's path"))?;
    let mode = section.parsed("socket_mode", |text| {
        u32::from_str_radix(text, 8)
            .ok()
            .filter(|mode| *mode <= 0o777)
            .ok_or("must be permission bits in octal, such as \"0660\"")
    })?;
    let owner = SocketOwner { mode, user: section.string("socket_user")?, group: section.string("socket_group")? };
    Ok(Endpoint::Unix { path: path.into(), owner })
}

fn security(
    section: &Section<'_>,
    endpoint: &Endpoint,
    block: &Block<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<Security, ConfigError> {
    let disabled = section.boolean("tls_disable")?.unwrap_or(false);
    let bare_socket = matches!(endpoint, Endpoint::Unix { .. }) && section.string("tls_cert_file")?.is_none();
    if disabled || bare_socket {
        return Ok(Security::Plain);
    }
    tls::read(section, block, warnings).map(Security::Tls)
}

fn limits(section: &Section<'_>) -> Result<Limits, ConfigError> {
    let defaults = Limits::default();
    // Vault: a negative size is no bound, and so is a time of zero.
    let max_request_size = match section.body.integer("max_request_size") {
        Ok(Some(negative)) if negative < 0 => None,
        _ => match section.size("max_request_size")? {
            None | Some(0) => defaults.max_request_size,
            set => set,
        },
    };
    let some_time = |key: &str| Ok(section.duration(key)?.filter(|time| !time.is_zero()));
    let read_timeout = match section.duration("http_read_timeout")? {
        None => defaults.read_timeout,
        Some(Duration::ZERO) => None,
        set => set,
    };
    Ok(Limits {
        max_request_size,
        max_request_duration: some_time("max_request_duration")?,
        read_header_timeout: some_time("http_read_header_timeout")?.unwrap_or(defaults.read_header_timeout),
        read_timeout,
        write_timeout: some_time("http_write_timeout")?,
        idle_timeout: some_time("http_idle_timeout")?.unwrap_or(defaults.idle_timeout),
    })
}

fn access(section: &Section<'_>, warnings: &mut Vec<Warning>) -> Result<Access, ConfigError> {
    let on = |section: &Section<'_>, key: &str| Ok::<_, ConfigError>(section.boolean(key)?.unwrap_or(false));
    let mut access = Access {
        rekey_needs_token: on(section, "disable_unauthed_rekey_endpoints")?,
        generate_root_needs_token: on(section, "disable_unauthed_generate_root_endpoints")?,
        ..Access::default()
    };
    if let Some(telemetry) = section.block("telemetry")? {
        telemetry.check(&keys::LISTENER_TELEMETRY, warnings)?;
        access.unauthenticated_metrics = on(&telemetry, "unauthenticated_metrics_access")?;
        access.metrics_disallowed = on(&telemetry, "disallow_metrics")?;
    }
    if let Some(profiling) = section.block("profiling")? {
        profiling.check(&keys::PROFILING, warnings)?;
    }
    if let Some(in_flight) = section.block("inflight_requests_logging")? {
        in_flight.check(&keys::IN_FLIGHT, warnings)?;
        access.unauthenticated_in_flight = on(&in_flight, "unauthenticated_in_flight_requests_access")?;
    }
    Ok(access)
}

type HeadersByStatus = BTreeMap<String, Vec<(String, String)>>;

fn response_headers(section: &Section<'_>) -> Result<HeadersByStatus, ConfigError> {
    let mut found = HeadersByStatus::new();
    let Some(headers) = section.block("custom_response_headers")? else { return Ok(found) };
    for status in headers.body.items() {
        let name = &status.key.text;
        if !is_status(name) {
            let message =
                format!("{name:?} is no status: use \"default\", a class such as \"4xx\" or a code such as \"404\"");
            return Err(headers.error(status.key.position, message));
        }
        for block in headers.blocks(name, 0)? {
            for item in block.body.items() {
                let entry = (item.key.text.to_ascii_lowercase(), header_value(&headers, &item.value)?);
                check_header(&headers, item, &entry)?;
                found.entry(name.clone()).or_default().push(entry);
            }
        }
    }
    Ok(found)
}

fn is_status(name: &str) -> bool {
    let class = |text: &str| matches!(text.as_bytes(), [b'1'..=b'5', b'x', b'x']);
    name == "default" || class(name) || name.parse::<u16>().is_ok_and(|code| (100..600).contains(&code))
}

fn header_value(section: &Section<'_>, value: &coffer_hcl::Value) -> Result<String, ConfigError> {
    let texts = match &value.kind {
        ValueKind::String(text) => return Ok(text.clone()),
        ValueKind::List(values) => values
            .iter()
            .map(|value| match &value.kind {
                ValueKind::String(text) => Some(text.as_str()),
                _ => None,
            })
            .collect::<Option<Vec<_>>>(),
        _ => None,
    };
    texts
        .map(|texts| texts.join(";"))
        .ok_or_else(|| section.error(value.position, "a header's value must be a list of strings"))
}

fn check_header(
    section: &Section<'_>,
    item: &coffer_hcl::Item,
    (name, value): &(String, String),
) -> Result<(), ConfigError> {
    if name.starts_with("x-vault-") {
        return Err(section.error(item.key.position, "headers that begin with X-Vault- are the server's own"));
    }
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(section.error(item.key.position, format!("{name:?} is no header name")));
    }
    if http::HeaderValue::from_str(value).is_err() {
        return Err(section.error(item.value.position, "a header's value cannot hold control characters"));
    }
    Ok(())
}
