//! Initialise, unseal, mount.

use std::sync::Arc;

use coffer_core::lifecycle::Node;
use coffer_core::{Operation, Payload, Request, SecretText};
use coffer_seal::{InitRequest, KeyShare};

use crate::command::{DevFlags, KvVersion};
use crate::lifecycle::StartError;

/// What was made, to be shown.
pub struct Begun {
    /// The only share.
    pub unseal_key: KeyShare,
    /// The first token.
    pub root_token: SecretText,
}

/// Brings a node of development mode to where it serves.
///
/// # Errors
/// One of the steps failed.
pub async fn begin(flags: &DevFlags, node: &Arc<Node>) -> Result<Begun, StartError> {
    let request = InitRequest { secret_shares: 1, secret_threshold: 1, ..InitRequest::default() };
    let made = node.init(request, flags.root_token.clone()).await?;
    let unseal_key = made
        .shares
        .into_iter()
        .next()
        .ok_or_else(|| StartError::Fatal("the initialization has made no key".to_owned()))?;
    node.unseal(unseal_key.clone()).await?;
    let root_token = made.root_token;
    if let Some(version) = flags.kv {
        mount(node, &root_token, version).await?;
    }
    Ok(Begun { unseal_key, root_token })
}

async fn mount(node: &Arc<Node>, root: &SecretText, version: KvVersion) -> Result<(), StartError> {
    let version = if version == KvVersion::V1 { "1" } else { "2" };
    let mut data = serde_json::Map::new();
    data.insert("type".into(), "kv".into());
    data.insert("description".into(), "key/value secret storage".into());
    data.insert("options".into(), serde_json::json!({"version": version}));
    let mut request = Request::new(Operation::Update, "sys/mounts/secret");
    request.data = Payload::from(data);
    request.token = Some(root.clone());
    node.serve(Arc::new(request)).await.map(|_| ()).map_err(StartError::DevMount)
}
