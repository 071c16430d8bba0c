//! From parsed files to a [`Config`].

use std::time::Duration;

use coffer_core::follower_unseal::FollowerUnsealPolicy;

use super::address::NodeUrl;
use super::environment::{self, Environment};
use super::load::Source;
use super::section::{Files, Section};
use super::storage::{self, OlderSpellings};
use super::{
    Config, ConfigError, LeaseTtl, LogSettings, MemoryLock, Storage, Telemetry, Warning, cluster_tls, keys, listener,
    lockout,
};

const DEFAULT_MAX_REQUEST_DURATION: Duration = Duration::from_secs(90);

pub(super) fn read(sources: &[Source], environment: &Environment<'_>) -> Result<(Config, Vec<Warning>), ConfigError> {
    let mut warnings = Vec::new();
    let files = Files(sources.iter().map(|source| Section { file: &source.path, body: &source.body }).collect());
    for section in &files.0 {
        section.check(&keys::TOP, &mut warnings)?;
    }
    refuse_seals(&files)?;
    let (storage, older) = storage(&files, &mut warnings)?;
    let mut listeners = Vec::new();
    for (within, block) in files.all_blocks("listener", 1)? {
        listeners.push(listener::read(within, &block, &mut warnings)?);
    }
    let on = |key: &str| Ok::<_, ConfigError>(files.last(|section| section.boolean(key))?.unwrap_or(false));
    let mut config = Config {
        storage,
        listeners,
        api_addr: files.last(|section| section.parsed("api_addr", str::parse))?.or(older.api_addr),
        cluster_addr: files.last(|section| section.parsed("cluster_addr", NodeUrl::for_nodes))?.or(older.cluster_addr),
        cluster_name: files.last(|section| section.string("cluster_name"))?,
        memory_lock: if on("disable_mlock")? { MemoryLock::Disabled } else { MemoryLock::Wanted },
        ui: on("ui")?,
        log: LogSettings {
            level: files.last(|section| section.parsed("log_level", str::parse))?,
            format: files.last(|section| section.parsed("log_format", str::parse))?,
            file: files.last(|section| section.string("log_file"))?.map(Into::into),
        },
        pid_file: files.last(|section| section.string("pid_file"))?.map(Into::into),
        lease_ttl: lease_ttl(&files)?,
        max_request_duration: files
            .last(|section| section.duration("default_max_request_duration"))?
            .filter(|duration| !duration.is_zero())
            .unwrap_or(DEFAULT_MAX_REQUEST_DURATION),
        user_lockout: lockout::read(&files, &mut warnings)?,
        allow_audit_prefix: on("allow_audit_log_prefixing")?,
        hostname_header: on("enable_response_header_hostname")?,
        raft_node_id_header: on("enable_response_header_raft_node_id")?,
        telemetry: telemetry(&files, &mut warnings)?,
        cluster_tls: cluster_tls::read(&files)?,
        follower_unseal: follower_unseal(&files)?,
    };
    environment::apply(&mut config, environment)?;
    require(&config, older.disable_clustering || on("disable_clustering")?)?;
    Ok((config, warnings))
}

/// The last file's storage holds, as any other key's last value.
fn storage(files: &Files<'_>, warnings: &mut Vec<Warning>) -> Result<(Storage, OlderSpellings), ConfigError> {
    let mut found = None;
    for section in &files.0 {
        let mut blocks = section.blocks("storage", 1)?;
        blocks.extend(section.blocks("backend", 1)?);
        if let Some(second) = blocks.get(1) {
            return Err(section.error(second.position(), "there is a second storage block: keep one"));
        }
        if let Some(block) = blocks.first() {
            found = Some(storage::read(*section, block, warnings)?);
        }
    }
    found.ok_or_else(|| {
        let message = "no storage is configured: add storage \"raft\" { path = \"...\" node_id = \"...\" }";
        match files.0.first() {
            Some(section) => ConfigError::in_file(section.file, message),
            None => ConfigError::whole(message),
        }
    })
}

fn refuse_seals(files: &Files<'_>) -> Result<(), ConfigError> {
    for (section, block) in files.all_blocks("seal", 1)? {
        let kind = block.label().unwrap_or_default();
        let within = Section { file: section.file, body: block.body };
        let disabled = within.boolean("disabled")?.unwrap_or(false);
        if !disabled && !matches!(kind, "shamir" | "none") {
            let message = format!(
                "seal {kind:?} is not built yet, and ignoring it would weaken a protection: remove the block to seal \
                 with Shamir's shares"
            );
            return Err(section.error(block.position(), message));
        }
    }
    Ok(())
}

fn lease_ttl(files: &Files<'_>) -> Result<LeaseTtl, ConfigError> {
    let defaults = LeaseTtl::default();
    let set =
        |key: &str| Ok::<_, ConfigError>(files.last(|section| section.duration(key))?.filter(|ttl| !ttl.is_zero()));
    let max = set("max_lease_ttl")?;
    let default = set("default_lease_ttl")?;
    match (default, max) {
        (Some(default), max) if default > max.unwrap_or(defaults.max) => Err(ConfigError::whole(format!(
            "default_lease_ttl ({}s) is above max_lease_ttl ({}s)",
            default.as_secs(),
            max.unwrap_or(defaults.max).as_secs()
        ))),
        _ => {
            let max = max.unwrap_or(defaults.max);
            Ok(LeaseTtl { default: default.unwrap_or(defaults.default).min(max), max })
        }
    }
}

fn follower_unseal(files: &Files<'_>) -> Result<FollowerUnsealPolicy, ConfigError> {
    let read = |section: &Section<'_>| {
        Ok(match section.string("follower_unseal")?.as_deref() {
            None => None,
            Some("full-restart") => Some(FollowerUnsealPolicy::FullRestart),
            Some("off") => Some(FollowerUnsealPolicy::Off),
            Some(_) => return Err(section.wrong("follower_unseal", "must be \"full-restart\" or \"off\"")),
        })
    };
    Ok(files.last(read)?.unwrap_or_default())
}

fn telemetry(files: &Files<'_>, warnings: &mut Vec<Warning>) -> Result<Telemetry, ConfigError> {
    let mut telemetry = Telemetry::default();
    for section in &files.0 {
        if let Some(block) = section.block("telemetry")? {
            block.check(&keys::TELEMETRY, warnings)?;
            if let Some(retention) = block.duration("prometheus_retention_time")? {
                if retention.is_zero() {
                    let message = "prometheus_retention_time: metrics cannot be switched off";
                    warnings.push(Warning::at(section.file, block.place("prometheus_retention_time"), message));
                }
                telemetry.prometheus_retention = retention;
            }
            if let Some(disabled) = block.boolean("disable_hostname")? {
                telemetry.disable_hostname = disabled;
            }
        }
    }
    Ok(telemetry)
}

/// What must be there once files and environment are joined.
fn require(config: &Config, clustering_disabled: bool) -> Result<(), ConfigError> {
    if config.listeners.is_empty() {
        let message = "no listener is configured: add listener \"tcp\" { address = \"...\" tls_cert_file = \"...\" \
                       tls_key_file = \"...\" }";
        return Err(ConfigError::whole(message));
    }
    let Storage::Raft(raft) = &config.storage else { return Ok(()) };
    if raft.path.as_os_str().is_empty() {
        return Err(ConfigError::whole("storage \"raft\" needs a path (or VAULT_RAFT_PATH in the environment)"));
    }
    if clustering_disabled {
        return Err(ConfigError::whole("disable_clustering cannot be true with storage \"raft\": remove it"));
    }
    if config.cluster_addr.is_none() {
        let message = "storage \"raft\" needs cluster_addr, where the other nodes reach this one, such as \
                       \"https://vault1.example.com:8201\" (or VAULT_CLUSTER_ADDR in the environment)";
        return Err(ConfigError::whole(message));
    }
    Ok(())
}
