//! `storage` blocks.

use std::fmt;
use std::path::PathBuf;

use coffer_hcl::Block;
use zeroize::Zeroizing;

use super::address::NodeUrl;
use super::keys;
use super::problem::{ConfigError, Warning};
use super::section::Section;

/// Where the data is kept.
#[derive(Debug, Clone)]
pub enum Storage {
    /// On disk, replicated with Raft.
    Raft(RaftStorage),
    /// In memory, for tests: gone when the process ends.
    InMemory,
}

/// `storage "raft"`.
#[derive(Debug, Clone)]
pub struct RaftStorage {
    /// The folder.
    pub path: PathBuf,
    /// The node's name in the cluster; `None` to make one and keep it in the folder.
    pub node_id: Option<NodeId>,
    /// Bytes of the largest log entry.
    pub max_entry_size: u64,
    /// Clusters to join when the node has none yet.
    pub retry_join: Vec<RetryJoin>,
    /// Joins without a vote.
    pub join_as_non_voter: bool,
    /// `leader_priority`: the highest healthy one leads, 0 only where no other can.
    pub leader_priority: Option<u32>,
    /// `performance_multiplier`; `None` where the timing follows what is measured.
    pub performance_multiplier: Option<u32>,
}

/// A node's name in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(String);

impl NodeId {
    /// # Errors
    /// The text is empty, long, or holds characters that logs and metrics could not show.
    pub fn new(text: &str) -> Result<Self, BadNodeId> {
        let fits = !text.is_empty() && text.len() <= 256 && text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        if fits { Ok(Self(text.to_owned())) } else { Err(BadNodeId) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not a name for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a node id must have 1 to 256 characters, and none of them white space")]
pub struct BadNodeId;

/// A node through which to join a cluster.
#[derive(Debug, Clone)]
pub struct RetryJoin {
    /// Its API.
    pub leader_api_addr: NodeUrl,
    /// The name that its certificate must bear.
    pub server_name: Option<String>,
    /// The CA of its certificate; the system's if `None`.
    pub ca: Option<PemSetting>,
    /// What this node shows it.
    pub client: Option<(PemSetting, PemSetting)>,
}

/// PEM text, or the file that holds it.
#[derive(Clone)]
pub enum PemSetting {
    /// A file.
    File(PathBuf),
    /// The text itself, which may be a private key.
    Text(Zeroizing<String>),
}

impl fmt::Debug for PemSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_) => f.write_str("Text(redacted)"),
        }
    }
}

/// What the storage block says beside the storage itself: older spellings of top-level keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct OlderSpellings {
    pub(crate) api_addr: Option<NodeUrl>,
    pub(crate) cluster_addr: Option<NodeUrl>,
    pub(crate) disable_clustering: bool,
}

const DEFAULT_MAX_ENTRY_SIZE: u64 = 1 << 20;
/// The range in which one entry is still one write and one message to the other nodes.
const MAX_ENTRY_SIZES: std::ops::RangeInclusive<u64> = (16 << 10)..=(32 << 20);
/// Highest `leader_priority`.
const MAX_PRIORITY: u32 = 1000;
/// Highest `performance_multiplier`, as in Vault.
const MAX_MULTIPLIER: u32 = 10;

pub(crate) fn read(
    within: Section<'_>,
    block: &Block<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<(Storage, OlderSpellings), ConfigError> {
    let section = Section { file: within.file, body: block.body };
    let storage = match block.label() {
        Some("raft") => {
            section.check(&keys::RAFT, warnings)?;
            Storage::Raft(raft(&section, warnings)?)
        }
        Some("inmem" | "inmem_ha" | "inmem_transactional") => {
            section.check(&keys::INMEM, warnings)?;
            Storage::InMemory
        }
        Some(other) => {
            let message = format!(
                "storage {other:?} is not built: coffer keeps its data itself; use storage \"raft\" with a path and \
                 a node_id (\"inmem\" for tests)"
            );
            return Err(section.error(block.position(), message));
        }
        None => {
            let message = "storage needs a type: write storage \"raft\" { ... }";
            return Err(section.error(block.position(), message));
        }
    };
    let api_addr = match section.parsed("api_addr", str::parse)? {
        None => section.parsed("redirect_addr", str::parse)?,
        set => set,
    };
    let older = OlderSpellings {
        api_addr,
        cluster_addr: section.parsed("cluster_addr", NodeUrl::for_nodes)?,
        disable_clustering: section.boolean("disable_clustering")?.unwrap_or(false),
    };
    Ok((storage, older))
}

fn raft(section: &Section<'_>, warnings: &mut Vec<Warning>) -> Result<RaftStorage, ConfigError> {
    let max_entry_size = section.size("max_entry_size")?.unwrap_or(DEFAULT_MAX_ENTRY_SIZE);
    if !MAX_ENTRY_SIZES.contains(&max_entry_size) {
        return Err(section.wrong("max_entry_size", "must be from 16 KiB to 32 MiB"));
    }
    let mut retry_join = Vec::new();
    for block in section.blocks("retry_join", 0)? {
        retry_join.push(join(&Section { file: section.file, body: block.body }, &block, warnings)?);
    }
    Ok(RaftStorage {
        // Filled in from the environment where it is empty, and required after that.
        path: section.string("path")?.unwrap_or_default().into(),
        node_id: section.parsed("node_id", NodeId::new)?,
        max_entry_size,
        retry_join,
        join_as_non_voter: section.boolean("retry_join_as_non_voter")?.unwrap_or(false),
        leader_priority: whole(section, "leader_priority", MAX_PRIORITY)?,
        // 0 is the default, as in Vault.
        performance_multiplier: whole(section, "performance_multiplier", MAX_MULTIPLIER)?.filter(|set| *set > 0),
    })
}

/// A whole number from 0 to `most`.
fn whole(section: &Section<'_>, key: &str, most: u32) -> Result<Option<u32>, ConfigError> {
    let Some(number) = section.integer(key)? else { return Ok(None) };
    let fitting = u32::try_from(number).ok().filter(|number| *number <= most);
    fitting.map(Some).ok_or_else(|| section.wrong(key, format!("must be a whole number from 0 to {most}")))
}

fn join(section: &Section<'_>, block: &Block<'_>, warnings: &mut Vec<Warning>) -> Result<RetryJoin, ConfigError> {
    section.check(&keys::RETRY_JOIN, warnings)?;
    let leader_api_addr = section
        .parsed("leader_api_addr", str::parse)?
        .ok_or_else(|| section.error(block.position(), "a retry_join block needs leader_api_addr"))?;
    let pem = |file: &str, text: &str| match (section.string(file)?, section.string(text)?) {
        (Some(_), Some(_)) => Err(section.wrong(text, format!("only one of {file} and {text} can be set"))),
        (Some(path), None) => Ok(Some(PemSetting::File(path.into()))),
        (None, Some(text)) => Ok(Some(PemSetting::Text(text.into()))),
        (None, None) => Ok(None),
    };
    let client = match (
        pem("leader_client_cert_file", "leader_client_cert")?,
        pem("leader_client_key_file", "leader_client_key")?,
    ) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            let message = "a client certificate needs its key: set both leader_client_cert and leader_client_key, or \
                           both as files";
            return Err(section.error(block.position(), message));
        }
    };
    Ok(RetryJoin {
        leader_api_addr,
        server_name: section.string("leader_tls_servername")?,
        ca: pem("leader_ca_cert_file", "leader_ca_cert")?,
        client,
    })
}
