//! Root tokens, which no request makes.

use super::{StoredTokenType, TokenEntry, Tokens};
use crate::{Failure, SecretText, Timestamp, Transaction};

impl Tokens {
    /// Makes a root token that never expires and that no token made: at init, by generate-root, and with an id of choice
    /// for a development server.
    pub fn create_root(
        &self,
        tx: &mut Transaction,
        id: Option<SecretText>,
        now: Timestamp,
    ) -> Result<TokenEntry, Failure> {
        let chosen = id.is_some();
        let mut entry = TokenEntry {
            id: id.unwrap_or_else(|| SecretText::new("")),
            accessor: String::new(),
            parent: SecretText::new(""),
            policies: vec!["root".to_owned()],
            // A development server's own root token is made through the API in Vault.
            path: if chosen { "auth/token/create" } else { "auth/token/root" }.to_owned(),
            meta: None,
            display_name: if chosen { "token" } else { "root" }.to_owned(),
            num_uses: 0,
            creation_time: now.unix(),
            ttl: std::time::Duration::ZERO,
            explicit_max_ttl: std::time::Duration::ZERO,
            role: String::new(),
            period: std::time::Duration::ZERO,
            kind: StoredTokenType::Service,
            entity_id: String::new(),
            no_identity_policies: false,
            bound_cidrs: Vec::new(),
            namespace_id: "root".to_owned(),
            cubbyhole_id: String::new(),
            inline_policy: String::new(),
        };
        let salted = super::create::store_new(tx, &mut entry)?;
        if chosen {
            let auth = crate::lease::AuthRecord {
                display_name: entry.display_name.clone(),
                policies: entry.policies.clone(),
                token_policies: entry.policies.clone(),
                client_token: entry.id.clone(),
                accessor: entry.accessor.clone(),
                creation_path: entry.path.clone(),
                token_type: entry.kind.into(),
                orphan: true,
                ..crate::lease::AuthRecord::default()
            };
            crate::lease::register_token(tx, &entry, &salted, auth, entry.ttl, now)?;
        }
        Ok(entry)
    }
}
