//! A join under way, kept beside the data: `join.json`, readable by this user alone, since a client key may be in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use coffer_core::SecretText;
use coffer_core::joining::{FormerKeys, JoinTarget, Pem, RememberedJoin, RememberedSeal};
use serde_json::{Value, json};
use zeroize::Zeroizing;

const FILE: &str = "join.json";
/// The data folder clears names that end so at every start.
const UNFINISHED: &str = "join.json.unfinished";
const VERSION: u64 = 1;

/// The file of one data folder.
#[derive(Clone, Debug)]
pub struct JoinMemory {
    folder: PathBuf,
}

impl JoinMemory {
    /// In this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What is kept; a file that makes no sense is left alone and reported.
    pub fn read(&self) -> Option<RememberedJoin> {
        let path = self.folder.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::error!("{} cannot be read, the join that it tells of does not go on: {error}", path.display());
                return None;
            }
        };
        let join = serde_json::from_slice(&bytes).ok().and_then(|value| from_json(&value));
        if join.is_none() {
            tracing::error!("{} makes no sense, the join that it tells of does not go on", path.display());
        }
        join
    }

    /// Replaces what is kept, durably.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, join: Option<&RememberedJoin>) -> io::Result<()> {
        let path = self.folder.join(FILE);
        match join {
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
            Some(join) => {
                let bytes = Zeroizing::new(serde_json::to_vec(&to_json(join))?);
                let unfinished = self.folder.join(UNFINISHED);
                let mut options = OpenOptions::new();
                let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
                file.write_all(&bytes)?;
                file.sync_all()?;
                fs::rename(&unfinished, &path)?;
            }
        }
        File::open(&self.folder)?.sync_all()
    }
}

fn to_json(join: &RememberedJoin) -> Value {
    let targets: Vec<Value> = join
        .targets
        .iter()
        .map(|target| {
            json!({
                "leader_api_addr": target.api_address,
                "leader_tls_servername": target.server_name,
                "leader_ca_cert": target.ca.as_ref().map(pem_to_json),
                "leader_client_cert": target.client.as_ref().map(|(certificate, _)| pem_to_json(certificate)),
                "leader_client_key": target.client.as_ref().map(|(_, key)| pem_to_json(key)),
            })
        })
        .collect();
    let seal = join.seal.as_ref().map(|seal| {
        json!({
            "shares": seal.shares,
            "threshold": seal.threshold,
            "cluster_id": seal.cluster_id,
            "former": seal.former.as_ref().map(|former| {
                json!({ "stored_keys": STANDARD.encode(&former.stored_keys), "keyring": STANDARD.encode(&former.keyring) })
            }),
        })
    });
    json!({ "version": VERSION, "targets": targets, "non_voter": join.non_voter, "seal": seal })
}

fn from_json(value: &Value) -> Option<RememberedJoin> {
    if value["version"].as_u64() != Some(VERSION) {
        return None;
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let targets = value["targets"].as_array()?.iter().map(|target| {
        Some(JoinTarget {
            api_address: text(&target["leader_api_addr"])?,
            server_name: text(&target["leader_tls_servername"]),
            ca: pem_from_json(&target["leader_ca_cert"]),
            client: pem_from_json(&target["leader_client_cert"]).zip(pem_from_json(&target["leader_client_key"])),
            configured: false,
        })
    });
    let count = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let seal = match &value["seal"] {
        Value::Null => None,
        seal => Some(RememberedSeal {
            shares: count(&seal["shares"])?,
            threshold: count(&seal["threshold"])?,
            cluster_id: text(&seal["cluster_id"])?,
            former: match &seal["former"] {
                Value::Null => None,
                former => Some(FormerKeys {
                    stored_keys: STANDARD.decode(former["stored_keys"].as_str()?).ok()?,
                    keyring: STANDARD.decode(former["keyring"].as_str()?).ok()?,
                }),
            },
        }),
    };
    Some(RememberedJoin { targets: targets.collect::<Option<_>>()?, non_voter: value["non_voter"].as_bool()?, seal })
}

fn pem_to_json(pem: &Pem) -> Value {
    match pem {
        Pem::File(path) => json!({ "file": path }),
        Pem::Text(text) => json!({ "text": text.expose() }),
    }
}

fn pem_from_json(value: &Value) -> Option<Pem> {
    match (value["file"].as_str(), value["text"].as_str()) {
        (Some(path), _) => Some(Pem::File(path.into())),
        (None, Some(text)) => Some(Pem::Text(SecretText::new(text))),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use proptest::prelude::*;

    fn join() -> RememberedJoin {
        let target = JoinTarget {
            api_address: "https://n2:8200".into(),
            server_name: Some("vault".into()),
            ca: Some(Pem::File("/ca.pem".into())),
            client: Some((Pem::Text(SecretText::new("certificate")), Pem::Text(SecretText::new("key")))),
            configured: false,
        };
        let plain = JoinTarget { server_name: None, ca: None, client: None, ..target.clone() };
        let former = FormerKeys { stored_keys: vec![1, 255], keyring: vec![2] };
        let seal = RememberedSeal { shares: 5, threshold: 3, cluster_id: "ab".into(), former: Some(former) };
        RememberedJoin { targets: vec![target, plain], non_voter: true, seal: Some(seal) }
    }

    #[test]
    fn what_is_kept_comes_back_and_goes() {
        let folder = tempfile::tempdir().expect("folder");
        let memory = JoinMemory::new(folder.path());
        assert_eq!(memory.read(), None);
        memory.write(Some(&join())).expect("written");
        assert_eq!(memory.read(), Some(join()));
        let mode = fs::metadata(folder.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let searching = RememberedJoin { seal: None, ..join() };
        memory.write(Some(&searching)).expect("written");
        assert_eq!(memory.read(), Some(searching));
        memory.write(None).expect("removed");
        memory.write(None).expect("removed");
        assert_eq!(memory.read(), None);
    }

    proptest! {
        #[test]
        fn no_file_does_harm(bytes: Vec<u8>) {
            let folder = tempfile::tempdir().expect("folder");
            fs::write(folder.path().join(FILE), bytes).expect("written");
            prop_assert_eq!(JoinMemory::new(folder.path()).read(), None);
        }
    }
}
