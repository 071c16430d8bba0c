//! From a block to a [`Listener`].

use std::time::Duration;

use coffer_hcl::Block;

use super::{Access, Endpoint, Limits, Listener, Security, SocketOwner};
use super::{headers, proxy, tls};
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
        response_headers: headers::read(&section)?,
        proxy_protocol: proxy::read(&section)?,
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
    }
    if let Some(profiling) = section.block("profiling")? {
        profiling.check(&keys::PROFILING, warnings)?;
    }
    if let Some(in_flight) = section.block("inflight_requests_logging")? {
        in_flight.check(&keys::IN_FLIGHT, warnings)?;
    }
    Ok(access)
}
