//! Initialise one node, unseal it, let the others join and unseal them: what an operator does.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use super::ThreeNodeError;
use super::api::Api;
use super::folder::{Folder, NodeFiles, Secrets};
use crate::command::{DevFlags, KvVersion};

/// How long one step may take; a machine that compiles beside it is slow.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
const SEAL_STATUS: (Method, &str) = (Method::GET, "/v1/sys/seal-status");

/// Brings the nodes to where all of them serve; `None` where that was not wanted.
pub(super) async fn begin(dev: &DevFlags, folder: &Folder, api: &Api) -> Result<Option<Secrets>, ThreeNodeError> {
    for node in &folder.nodes {
        until(node, "waiting for its API", async || api.ask(node, SEAL_STATUS, None, Value::Null).await.map(|_| true))
            .await?;
    }
    let known = folder.secrets()?;
    if known.is_none() && !dev.initialize {
        return Ok(None);
    }
    let Some(first) = folder.nodes.first() else { return Ok(None) };
    let again = known.is_some();
    let mut secrets = match known {
        Some(secrets) => secrets,
        None => initialise(folder, first, api).await?,
    };
    for node in &folder.nodes {
        unseal(node, api, &secrets).await?;
    }
    if !again {
        // A token that was named takes the place of the random one; both exist until that is on disk.
        if let Some(wanted) = &dev.root_token {
            secrets = named_root(folder, first, api, secrets, wanted.expose()).await?;
        }
        if let Some(version) = dev.kv {
            let version = if version == KvVersion::V1 { "1" } else { "2" };
            let mount = json!({
                "type": "kv", "description": "key/value secret storage", "options": {"version": version},
            });
            let call = (Method::POST, "/v1/sys/mounts/secret");
            api.good(first, "mounting secret/", call, Some(secrets.root_token.as_str()), mount).await?;
        }
    }
    voters(folder, first, api, &secrets).await?;
    Ok(Some(secrets))
}

async fn initialise(folder: &Folder, first: &NodeFiles, api: &Api) -> Result<Secrets, ThreeNodeError> {
    let one = json!({"secret_shares": 1, "secret_threshold": 1});
    let made = api.good(first, "init", (Method::POST, "/v1/sys/init"), None, one).await?;
    let part = |value: &Value| value.as_str().map(|text| Zeroizing::new(text.to_owned()));
    let made = part(&made["keys_base64"][0]).zip(part(&made["root_token"]));
    let Some((unseal_key, root_token)) = made else {
        let reason = "the answer has no key and no token".to_owned();
        return Err(ThreeNodeError::Step { node: first.name.clone(), what: "init", reason });
    };
    let secrets = Secrets { unseal_key, root_token };
    folder.keep(&secrets)?;
    Ok(secrets)
}

/// Waits until the node has joined, and unseals it.
async fn unseal(node: &NodeFiles, api: &Api, secrets: &Secrets) -> Result<(), ThreeNodeError> {
    until(node, "joining the cluster", async || {
        let status = api.ask(node, SEAL_STATUS, None, Value::Null).await?;
        Ok(status.body["initialized"] == true)
    })
    .await?;
    until(node, "unseal", async || {
        let status = api.ask(node, SEAL_STATUS, None, Value::Null).await?;
        if status.body["sealed"] == true {
            let key = json!({"key": *secrets.unseal_key});
            let answer = api.ask(node, (Method::POST, "/v1/sys/unseal"), None, key).await?;
            if answer.status != 200 {
                return Err(format!("{} {}", answer.status, answer.body["errors"]));
            }
        }
        // 200: active, 429: standby, 473 and 472 are standbys of other kinds.
        let health = api.ask(node, (Method::GET, "/v1/sys/health"), None, Value::Null).await?;
        Ok(matches!(health.status, 200 | 429 | 473))
    })
    .await
}

async fn named_root(
    folder: &Folder,
    first: &NodeFiles,
    api: &Api,
    old: Secrets,
    wanted: &str,
) -> Result<Secrets, ThreeNodeError> {
    let token = json!({"id": wanted, "policies": ["root"], "no_parent": true, "no_default_policy": true});
    let call = (Method::POST, "/v1/auth/token/create");
    api.good(first, "the named root token", call, Some(old.root_token.as_str()), token).await?;
    let new = Secrets { unseal_key: old.unseal_key.clone(), root_token: Zeroizing::new(wanted.to_owned()) };
    folder.keep(&new)?;
    let call = (Method::POST, "/v1/auth/token/revoke-self");
    api.good(first, "revoking the first root token", call, Some(old.root_token.as_str()), Value::Null).await?;
    Ok(new)
}

/// Until every node votes: from then on any one can go.
async fn voters(folder: &Folder, first: &NodeFiles, api: &Api, secrets: &Secrets) -> Result<(), ThreeNodeError> {
    let call = "/v1/sys/storage/raft/configuration";
    until(first, "promotion of the nodes to voters", async || {
        let answer = api.ask(first, (Method::GET, call), Some(secrets.root_token.as_str()), Value::Null).await?;
        let servers = answer.body["data"]["config"]["servers"].as_array().cloned().unwrap_or_default();
        Ok(servers.iter().filter(|server| server["voter"] == true).count() >= folder.nodes.len())
    })
    .await
}

/// Asks again until yes; the last reason goes into the error.
async fn until(
    node: &NodeFiles,
    what: &'static str,
    mut asked: impl AsyncFnMut() -> Result<bool, String>,
) -> Result<(), ThreeNodeError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let reason = match asked().await {
            Ok(true) => return Ok(()),
            Ok(false) => "it takes too long".to_owned(),
            Err(reason) => reason,
        };
        if Instant::now() > deadline {
            return Err(ThreeNodeError::Step { node: node.name.clone(), what, reason });
        }
        sleep(POLL).await;
    }
}
