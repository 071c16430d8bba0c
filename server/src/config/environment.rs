//! Settings from the environment. `VAULT_X` and `BAO_X` are the same; where both are set, `BAO_X` holds.

use std::path::PathBuf;

use super::log::{LogFormat, LogLevel};
use super::{Config, ConfigError, NodeId, NodeUrl, Storage};

/// Looks a variable up; an empty one is not set.
pub(crate) struct Environment<'a>(pub(crate) &'a dyn Fn(&str) -> Option<String>);

impl Environment<'_> {
    /// The value and the name under which it was found.
    pub(crate) fn get(&self, variable: Variable) -> Option<(&'static str, String)> {
        [variable.bao, variable.vault]
            .into_iter()
            .find_map(|name| (self.0)(name).filter(|value| !value.is_empty()).map(|value| (name, value)))
    }

    fn parsed<T, E: std::fmt::Display>(
        &self,
        variable: Variable,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        match self.get(variable) {
            None => Ok(None),
            Some((name, value)) => {
                parse(&value).map(Some).map_err(|error| ConfigError::in_environment(name, error.to_string()))
            }
        }
    }
}

/// A variable in both spellings.
#[derive(Clone, Copy)]
pub(crate) struct Variable {
    bao: &'static str,
    vault: &'static str,
}

macro_rules! variables {
    ($($name:ident),* $(,)?) => {
        $(pub(crate) const $name: Variable =
            Variable { bao: concat!("BAO_", stringify!($name)), vault: concat!("VAULT_", stringify!($name)) };)*
    };
}

variables!(
    API_ADDR,
    REDIRECT_ADDR,
    ADVERTISE_ADDR,
    CLUSTER_ADDR,
    CONFIG_PATH,
    DEV_LISTEN_ADDRESS,
    DEV_ROOT_TOKEN_ID,
    LOG_FORMAT,
    LOG_LEVEL,
    RAFT_NODE_ID,
    RAFT_PATH,
    RAFT_RETRY_JOIN_AS_NON_VOTER,
    SEAL_TYPE,
    UI,
);

/// Lays the environment over what the files say.
pub(crate) fn apply(config: &mut Config, environment: &Environment<'_>) -> Result<(), ConfigError> {
    for variable in [API_ADDR, REDIRECT_ADDR, ADVERTISE_ADDR] {
        if let Some(address) = environment.parsed(variable, str::parse::<NodeUrl>)? {
            config.api_addr = Some(address);
            break;
        }
    }
    if let Some(address) = environment.parsed(CLUSTER_ADDR, NodeUrl::for_nodes)? {
        config.cluster_addr = Some(address);
    }
    if let Some(level) = environment.parsed(LOG_LEVEL, str::parse::<LogLevel>)? {
        config.log.level = Some(level);
    }
    if let Some(format) = environment.parsed(LOG_FORMAT, str::parse::<LogFormat>)? {
        config.log.format = Some(format);
    }
    if let Some((name, kind)) = environment.get(SEAL_TYPE).filter(|(_, kind)| kind != "shamir") {
        let message = format!("seal {kind:?} is not built yet: unset it to seal with Shamir's shares");
        return Err(ConfigError::in_environment(name, message));
    }
    let boolean = |text: &str| coffer_hcl::parse_bool(text).ok_or("must be true or false");
    if let Some(ui) = environment.parsed(UI, boolean)? {
        config.ui = ui;
    }
    if let Storage::Raft(raft) = &mut config.storage {
        if let Some((_, path)) = environment.get(RAFT_PATH) {
            raft.path = PathBuf::from(path);
        }
        if let Some(id) = environment.parsed(RAFT_NODE_ID, NodeId::new)? {
            raft.node_id = Some(id);
        }
        if let Some(non_voter) = environment.parsed(RAFT_RETRY_JOIN_AS_NON_VOTER, boolean)? {
            raft.join_as_non_voter = non_voter;
        }
    }
    Ok(())
}
