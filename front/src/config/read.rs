//! From HCL to types. A key that is not known is an error that names the nearest one.

use std::collections::BTreeSet;
use std::time::Duration;

use coffer_hcl::{Block, Body};

use super::{
    Backend, Balance, Check, CheckKind, CheckTiming, Config, ConfigError, DEFAULT_MAX_CONNECTIONS, Frontend, HostPort,
    HttpsCheck, SendProxy, Server, Status, circle,
};

pub(super) const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
pub(super) const ACK_TIMEOUT: Duration = Duration::from_secs(3);
pub(super) const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);
pub(super) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);
/// What can be asked for in seconds and in connections.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
const MOST_CONNECTIONS: usize = 1_000_000;

const TOP: &[&str] = &["frontend", "backend", "status", "shutdown_timeout", "log_level", "log_format", "log_file"];
const FRONTEND: &[&str] = &["bind", "backend", "max_connections", "idle_timeout"];
const BACKEND: &[&str] =
    &["balance", "server", "check", "connect_timeout", "ack_timeout", "queue_timeout", "drain_timeout", "send_proxy"];
const CHECK: &[&str] =
    &["type", "inter", "fall", "rise", "timeout", "path", "codes", "ca_file", "server_name", "tls_skip_verify"];
const SERVER: &[&str] = &["address", "check", "inter", "fall", "rise", "max_connections", "drain"];
const STATUS: &[&str] = &["address", "admin"];

/// Reads a configuration.
///
/// # Errors
/// The first thing that cannot be followed, with its place.
pub fn read(text: &str) -> Result<Config, ConfigError> {
    let body = coffer_hcl::parse(text)?;
    known(&body, TOP)?;
    let frontends: Vec<_> = labelled(&body, "frontend")?.iter().map(frontend).collect::<Result<_, _>>()?;
    let backends: Vec<_> = labelled(&body, "backend")?.iter().map(backend).collect::<Result<_, _>>()?;
    if frontends.is_empty() {
        return Err(ConfigError::Whole(
            "there is no frontend: add frontend \"name\" { bind = ..., backend = ... }".into(),
        ));
    }
    let mut binds = BTreeSet::new();
    for frontend in &frontends {
        if !backends.iter().any(|backend: &Backend| backend.name == frontend.backend) {
            let message =
                format!("frontend {:?} names the backend {:?}, which is not there", frontend.name, frontend.backend);
            return Err(ConfigError::Whole(message));
        }
        if !binds.insert(frontend.bind.to_string()) {
            return Err(ConfigError::Whole(format!("two frontends bind {}", frontend.bind)));
        }
    }
    let status = body.block("status", 0)?.map(|block| status(&block)).transpose()?;
    let config = Config {
        frontends,
        backends,
        status,
        shutdown_timeout: limit(&body, "shutdown_timeout")?.unwrap_or(SHUTDOWN_TIMEOUT),
    };
    circle::refuse(&config)?;
    Ok(config)
}

fn frontend(block: &Block<'_>) -> Result<Frontend, ConfigError> {
    let body = block.body;
    known(body, FRONTEND)?;
    Ok(Frontend {
        name: name(block)?,
        bind: required(block, "bind")?,
        backend: body.string("backend")?.ok_or_else(|| missing(block, "backend"))?,
        max_connections: count(body, "max_connections")?.unwrap_or(DEFAULT_MAX_CONNECTIONS),
        idle_timeout: limit(body, "idle_timeout")?.filter(|timeout| !timeout.is_zero()),
    })
}

fn backend(block: &Block<'_>) -> Result<Backend, ConfigError> {
    let body = block.body;
    known(body, BACKEND)?;
    let balance = match body.string("balance")?.as_deref() {
        None | Some("roundrobin") => Balance::RoundRobin,
        Some("leastconn") => Balance::LeastConnections,
        Some("leader") => Balance::Leader,
        Some(other) => return Err(wrong(body, "balance", format!("{other:?} is not roundrobin, leastconn or leader"))),
    };
    let (check, timing) = check(body, balance)?;
    let mut servers = Vec::new();
    for block in labelled(body, "server")? {
        servers.push(server(&block, timing)?);
    }
    if servers.is_empty() {
        return Err(missing(block, "server"));
    }
    let send_proxy = match body.string("send_proxy")?.as_deref() {
        None | Some("" | "no") => SendProxy::No,
        Some("v2") => SendProxy::V2,
        Some(_) => return Err(wrong(body, "send_proxy", "must be \"v2\" or \"no\"")),
    };
    Ok(Backend {
        name: name(block)?,
        balance,
        servers,
        check,
        connect_timeout: time(body, "connect_timeout", CONNECT_TIMEOUT)?,
        ack_timeout: time(body, "ack_timeout", ACK_TIMEOUT)?,
        queue_timeout: time(body, "queue_timeout", QUEUE_TIMEOUT)?,
        drain_timeout: limit(body, "drain_timeout")?.unwrap_or(DRAIN_TIMEOUT),
        send_proxy,
    })
}

/// Whom to ask for health, and the timing of servers that do not have their own.
fn check(backend: &Body, balance: Balance) -> Result<(Check, Option<CheckTiming>), ConfigError> {
    let Some(block) = backend.block("check", 0)? else {
        // Only health tells who is active.
        let kind = match balance {
            Balance::Leader => CheckKind::Https(HttpsCheck::default()),
            Balance::RoundRobin | Balance::LeastConnections => CheckKind::Tcp,
        };
        let timing = (balance == Balance::Leader).then_some(CheckTiming::DEFAULT);
        return Ok((Check { kind, timeout: CHECK_TIMEOUT }, timing));
    };
    let body = block.body;
    known(body, CHECK)?;
    let https = HttpsCheck::default();
    let kind = match body.string("type")?.as_deref() {
        Some("tcp") if balance == Balance::Leader => {
            return Err(wrong(body, "type", "balance = \"leader\" asks for health: it needs type = \"https\""));
        }
        Some("https") => true,
        Some("tcp") => false,
        None => balance == Balance::Leader,
        Some(_) => return Err(wrong(body, "type", "must be \"tcp\" or \"https\"")),
    };
    let kind = if kind {
        CheckKind::Https(HttpsCheck {
            path: body.string("path")?.unwrap_or(https.path),
            codes: codes(body)?.unwrap_or(https.codes),
            ca_file: body.string("ca_file")?.map(Into::into),
            server_name: body.string("server_name")?,
            skip_verify: body.boolean("tls_skip_verify")?.unwrap_or(false),
        })
    } else {
        if let Some(key) = ["path", "codes", "ca_file", "server_name", "tls_skip_verify"]
            .into_iter()
            .find(|key| body.all(key).next().is_some())
        {
            return Err(wrong(body, key, "is for checks of type = \"https\""));
        }
        CheckKind::Tcp
    };
    if let CheckKind::Https(https) = &kind
        && !(https.path.starts_with('/') && https.path.parse::<http::uri::PathAndQuery>().is_ok())
    {
        return Err(wrong(body, "path", "must be a path that begins with a slash, such as /v1/sys/health"));
    }
    let timing = timing(body, CheckTiming::DEFAULT)?;
    Ok((Check { kind, timeout: time(body, "timeout", CHECK_TIMEOUT)? }, Some(timing)))
}

fn codes(body: &Body) -> Result<Option<Vec<u16>>, ConfigError> {
    let Some(texts) = body.strings("codes")? else { return Ok(None) };
    let codes = texts.iter().map(|text| text.parse().ok().filter(|code| (100..600).contains(code)));
    let codes: Option<Vec<u16>> = codes.collect();
    match codes {
        Some(codes) if !codes.is_empty() => Ok(Some(codes)),
        _ => Err(wrong(body, "codes", "must be a list of HTTP statuses, such as [\"200\", \"429\"]")),
    }
}

fn server(block: &Block<'_>, default: Option<CheckTiming>) -> Result<Server, ConfigError> {
    let body = block.body;
    known(body, SERVER)?;
    let own = ["inter", "fall", "rise"].into_iter().find(|key| body.all(key).next().is_some());
    let check = match (body.boolean("check")?, own) {
        (Some(false), Some(key)) => return Err(wrong(body, key, "has no effect with check = false")),
        (Some(false), None) => None,
        // A server of a backend with a check block is checked; elsewhere it says so.
        (None, None) if default.is_none() => None,
        (Some(true) | None, _) => Some(timing(body, default.unwrap_or(CheckTiming::DEFAULT))?),
    };
    Ok(Server {
        name: name(block)?,
        address: required(block, "address")?,
        check,
        max_connections: count(body, "max_connections")?.unwrap_or(usize::MAX),
        drain: body.boolean("drain")?.unwrap_or(false),
    })
}

fn timing(body: &Body, default: CheckTiming) -> Result<CheckTiming, ConfigError> {
    let number = |key: &str, default: u32| -> Result<u32, ConfigError> {
        match body.integer(key)? {
            None => Ok(default),
            Some(number) => {
                let number = u32::try_from(number).ok().filter(|number| (1..=1000).contains(number));
                number.ok_or_else(|| wrong(body, key, "must be from 1 to 1000"))
            }
        }
    };
    Ok(CheckTiming {
        interval: time(body, "inter", default.interval)?,
        fall: number("fall", default.fall)?,
        rise: number("rise", default.rise)?,
    })
}

fn status(block: &Block<'_>) -> Result<Status, ConfigError> {
    known(block.body, STATUS)?;
    Ok(Status { address: required(block, "address")?, admin: block.body.boolean("admin")?.unwrap_or(false) })
}

/// Blocks with one label each, no two alike.
fn labelled<'a>(body: &'a Body, key: &str) -> Result<Vec<Block<'a>>, ConfigError> {
    let blocks = body.blocks(key, 1)?;
    let mut names = BTreeSet::new();
    for block in &blocks {
        if let Some(name) = block.label()
            && !names.insert(name.to_owned())
        {
            return Err(ConfigError::at(block.position(), format!("there is another {key} {name:?}")));
        }
    }
    Ok(blocks)
}

fn name(block: &Block<'_>) -> Result<String, ConfigError> {
    let fits = |name: &&str| {
        !name.is_empty() && name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c))
    };
    let name = block.label().filter(fits).map(str::to_owned);
    name.ok_or_else(|| ConfigError::at(block.position(), "needs a name of letters, digits and . _ - :"))
}

fn required(block: &Block<'_>, key: &str) -> Result<HostPort, ConfigError> {
    let text = block.body.string(key)?.ok_or_else(|| missing(block, key))?;
    text.parse().map_err(|error| wrong(block.body, key, error))
}

/// A time for something that has to take some.
fn time(body: &Body, key: &str, default: Duration) -> Result<Duration, ConfigError> {
    match limit(body, key)? {
        Some(time) if time < SHORTEST => Err(wrong(body, key, "must be at least 10ms")),
        other => Ok(other.unwrap_or(default)),
    }
}

/// A time that may be none at all.
fn limit(body: &Body, key: &str) -> Result<Option<Duration>, ConfigError> {
    match body.duration(key)? {
        Some(time) if time > LONGEST => Err(wrong(body, key, "must be at most 7d")),
        other => Ok(other),
    }
}

fn count(body: &Body, key: &str) -> Result<Option<usize>, ConfigError> {
    match body.integer(key)? {
        None => Ok(None),
        Some(number) => {
            let number = usize::try_from(number).ok().filter(|number| (1..=MOST_CONNECTIONS).contains(number));
            number.map(Some).ok_or_else(|| wrong(body, key, format!("must be from 1 to {MOST_CONNECTIONS}")))
        }
    }
}

fn missing(block: &Block<'_>, key: &str) -> ConfigError {
    ConfigError::at(block.position(), format!("{key} is missing"))
}

fn wrong(body: &Body, key: &str, message: impl std::fmt::Display) -> ConfigError {
    let position = body.all(key).next().map_or(body.position(), |item| item.value.position);
    ConfigError::at(position, format!("{key}: {message}"))
}

fn known(body: &Body, keys: &[&str]) -> Result<(), ConfigError> {
    for item in body.items() {
        let first = &item.key;
        if keys.contains(&first.text.as_str()) {
            continue;
        }
        let nearest = keys
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, &first.text), known))
            .min()
            .filter(|(distance, known)| *distance <= known.len().div_ceil(3));
        let hint = nearest.map(|(_, known)| format!(" (did you mean {known}?)")).unwrap_or_default();
        return Err(ConfigError::at(first.position, format!("unknown key {:?}{hint}", first.text)));
    }
    Ok(())
}
