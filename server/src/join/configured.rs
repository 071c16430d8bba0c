//! The nodes that `retry_join` blocks name.

use coffer_core::SecretText;
use coffer_core::joining::{JoinTarget, Pem};
use coffer_core::lifecycle::JoinRequest;

use crate::config::{NodeUrl, PemSetting, RaftStorage, RetryJoin};

/// What the configuration wants joined; nobody where it names nobody but this node itself.
pub fn configured(raft: &RaftStorage, own_api: Option<&NodeUrl>) -> JoinRequest {
    let others = raft.retry_join.iter().filter(|join| Some(&join.leader_api_addr) != own_api);
    JoinRequest { targets: others.map(target).collect(), retry: true, non_voter: raft.join_as_non_voter }
}

fn target(join: &RetryJoin) -> JoinTarget {
    JoinTarget {
        api_address: join.leader_api_addr.to_string(),
        server_name: join.server_name.clone(),
        ca: join.ca.as_ref().map(pem),
        client: join.client.as_ref().map(|(certificate, key)| (pem(certificate), pem(key))),
        configured: true,
    }
}

fn pem(setting: &PemSetting) -> Pem {
    match setting {
        PemSetting::File(path) => Pem::File(path.clone()),
        PemSetting::Text(text) => Pem::Text(SecretText::new(text.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Storage};

    #[test]
    fn the_nodes_own_address_is_not_among_them() {
        let text = r#"
            storage "raft" {
              path = "/tmp/unused"
              node_id = "n1"
              retry_join { leader_api_addr = "https://n1.example.com:8200" }
              retry_join {
                leader_api_addr = "https://n2.example.com:8200"
                leader_ca_cert_file = "/certs/ca.pem"
                leader_tls_servername = "vault"
              }
            }
            listener "tcp" {
              address = "127.0.0.1:8200"
              tls_disable = true
            }
            api_addr = "https://n1.example.com:8200"
            cluster_addr = "https://n1.example.com:8201"
        "#;
        let (config, _) = Config::load_over(Some(text), &[], &|_| None).expect("valid");
        let Storage::Raft(raft) = &config.storage else { panic!("raft") };
        let wanted = configured(raft, config.api_addr.as_ref());
        assert_eq!(wanted.targets.len(), 1);
        let target = &wanted.targets[0];
        assert_eq!(target.api_address, "https://n2.example.com:8200");
        assert_eq!(target.ca, Some(Pem::File("/certs/ca.pem".into())));
        assert_eq!(target.server_name.as_deref(), Some("vault"));
        assert!(target.configured && wanted.retry);
    }
}
