//! What lies on disk: each node's configuration and data, the certificates, and the key that opens it all again.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use coffer_tls::{Authority, LeafRequest};
use zeroize::Zeroizing;

use super::ThreeNodeError;
use super::plan::Plan;
use crate::config::HostPort;
use crate::dev::certificates::{CertificateFailure, LIFETIME, host_name, write};

const SECRETS: &str = "secrets.json";

/// The cluster's folder; a temporary one is removed at the end.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) nodes: Vec<NodeFiles>,
    /// The CA that clients are to trust.
    pub(super) authority: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

/// One node.
pub(super) struct NodeFiles {
    pub(super) name: String,
    pub(super) api: HostPort,
    pub(super) config: PathBuf,
}

impl NodeFiles {
    /// The URL of its API.
    pub(super) fn url(&self) -> String {
        format!("https://{}", self.api)
    }
}

/// What opens the cluster.
pub(super) struct Secrets {
    pub(super) unseal_key: Zeroizing<String>,
    pub(super) root_token: Zeroizing<String>,
}

impl Folder {
    /// Makes what is missing. Certificates are made anew at every start; the data stays.
    pub(super) fn prepare(plan: &Plan) -> Result<Self, ThreeNodeError> {
        let (path, temporary) = match &plan.folder {
            Some(path) => {
                make_folder(path)?;
                let path = path.canonicalize().map_err(|error| at(path, error))?;
                (path, None)
            }
            None => {
                let made = tempfile::Builder::new().prefix("coffer-three-node").tempdir();
                let made = made.map_err(|error| at(&std::env::temp_dir(), error))?;
                (made.path().to_owned(), Some(made))
            }
        };
        let certificates = plan.certificates.clone().unwrap_or_else(|| path.join("tls"));
        make_folder(&certificates)?;
        let certificates = certificates.canonicalize().map_err(|error| at(&certificates, error))?;
        let authority = certificates.join("vault-ca.pem");
        let issuer = Authority::new("coffer development CA", LIFETIME).map_err(CertificateFailure::from)?;
        write(&authority, issuer.certificate(), 0o644)?;
        let mut folder = Self { path, nodes: Vec::new(), authority, temporary };
        folder.refuse_other_ports(plan)?;
        for number in 0..plan.api.len() {
            let node = folder.node(plan, &issuer, &certificates, number)?;
            folder.nodes.push(node);
        }
        Ok(folder)
    }

    /// Whether it stays.
    pub(super) fn kept(&self) -> bool {
        self.temporary.is_none()
    }

    /// What the first start kept, if there was one.
    pub(super) fn secrets(&self) -> Result<Option<Secrets>, ThreeNodeError> {
        let path = self.path.join(SECRETS);
        let text = match std::fs::read(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path, error)),
        };
        let read: Option<Secrets> = serde_json::from_slice::<serde_json::Value>(&text).ok().and_then(|read| {
            let part = |name: &str| Some(Zeroizing::new(read.get(name)?.as_str()?.to_owned()));
            Some(Secrets { unseal_key: part("unseal_key")?, root_token: part("root_token")? })
        });
        read.map(Some).ok_or_else(|| ThreeNodeError::Folder(format!("{} cannot be read", path.display())))
    }

    /// Keeps them for the next start on this folder.
    pub(super) fn keep(&self, secrets: &Secrets) -> Result<(), ThreeNodeError> {
        let path = self.path.join(SECRETS);
        let text = Zeroizing::new(
            serde_json::json!({"unseal_key": *secrets.unseal_key, "root_token": *secrets.root_token}).to_string(),
        );
        write(&path, &text, 0o600)?;
        Ok(())
    }

    fn node(
        &self,
        plan: &Plan,
        issuer: &Authority,
        certificates: &Path,
        number: usize,
    ) -> Result<NodeFiles, ThreeNodeError> {
        let name = name(number);
        let api = plan.api[number].clone();
        let (certificate, key) =
            (certificates.join(format!("{name}.pem")), certificates.join(format!("{name}-key.pem")));
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), name.clone()];
        names.extend(host_name());
        names.push(api.host.clone());
        names.extend(plan.names.iter().cloned());
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let request = LeafRequest { common_name: name.clone(), names, lifetime: LIFETIME };
        let issued = issuer.issue(&request).map_err(CertificateFailure::from)?;
        write(&certificate, &issued.certificate, 0o644)?;
        write(&key, &issued.key, 0o600)?;
        let joins: Vec<_> = (0..plan.api.len())
            .filter(|other| *other != number)
            .map(|other| {
                serde_json::json!({
                    "leader_api_addr": format!("https://{}", plan.api[other]),
                    "leader_ca_cert_file": self.authority,
                })
            })
            .collect();
        let configuration = serde_json::json!({
            "storage": {"raft": {"path": self.path.join(&name), "node_id": name, "retry_join": joins}},
            "listener": [{"tcp": {
                "address": api.to_string(),
                "cluster_address": plan.cluster[number].to_string(),
                "tls_cert_file": certificate,
                "tls_key_file": key,
                "telemetry": {"unauthenticated_metrics_access": true},
            }}],
            "api_addr": format!("https://{api}"),
            "cluster_addr": format!("https://{}", plan.cluster[number]),
            "disable_mlock": true,
            "ui": true,
        });
        make_folder(&self.path.join(&name))?;
        let config = self.path.join(format!("{name}.json"));
        write_whole(&config, &format!("{configuration:#}\n"))?;
        Ok(NodeFiles { name, api, config })
    }

    /// The members know each other by the addresses of the first start.
    fn refuse_other_ports(&self, plan: &Plan) -> Result<(), ThreeNodeError> {
        if self.secrets()?.is_none() {
            return Ok(());
        }
        for (number, wanted) in plan.api.iter().enumerate() {
            let path = self.path.join(format!("{}.json", name(number)));
            let Ok(text) = std::fs::read(&path) else { continue };
            let old = serde_json::from_slice::<serde_json::Value>(&text).unwrap_or_default();
            let old = old["api_addr"].as_str().unwrap_or_default();
            if old != format!("https://{wanted}") {
                let hint = if plan.any_ports { "name its port" } else { "start it there" };
                return Err(ThreeNodeError::Folder(format!(
                    "{} holds a cluster whose {} is at {old}: {hint} with -dev-listen-address, or choose another folder",
                    self.path.display(),
                    name(number),
                )));
            }
        }
        Ok(())
    }
}

fn name(number: usize) -> String {
    format!("node{}", number + 1)
}

fn make_folder(path: &Path) -> Result<(), ThreeNodeError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| at(path, error))
}

fn write_whole(path: &Path, text: &str) -> Result<(), ThreeNodeError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| at(path, error))
}

fn at(path: &Path, error: std::io::Error) -> ThreeNodeError {
    ThreeNodeError::Folder(format!("{}: {error}", path.display()))
}
