//! Making a role and changing it.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};

use super::record::{Role, find, store};
use crate::approle::{AppRole, ids};
use crate::token_params::{upgrade_policies, upgrade_span};
use crate::{networks, sent};

impl AppRole {
    pub(super) fn write_role(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (fields, name) = (&matched.fields, matched.fields.capture("role_name"));
        if name.len() > ids::LONGEST {
            return Err(Failure::Invalid(format!("role_name is longer than maximum of {} bytes", ids::LONGEST)));
        }
        let (mut role, is_new) = match find(cx, name)? {
            Some(role) => (role, false),
            None => (Role::new(name)?, true),
        };
        let mut response = Response::empty();
        role.token.parse_with_warnings(fields, &mut response.warnings)?;

        if let Some(local) = sent::flag(fields, "local_secret_ids")? {
            match (is_new, local) {
                (true, true) => role.keep_secret_ids_local(),
                (true, false) => {}
                (false, _) => {
                    return Err(Failure::invalid("local_secret_ids can only be modified during role creation"));
                }
            }
        }
        let previous = role.role_id.clone();
        match sent::text(fields, "role_id")? {
            Some(role_id) => role.role_id = role_id,
            None if is_new => role.role_id = ids::random()?,
            None => {}
        }
        if role.role_id.is_empty() {
            return Err(Failure::invalid("invalid role_id supplied, or failed to generate a role_id"));
        }
        match sent::flag(fields, "bind_secret_id")? {
            Some(bind) => role.bind_secret_id = bind,
            None if is_new => role.bind_secret_id = true,
            None => {}
        }
        let blocks = match sent::list(fields, "secret_id_bound_cidrs")? {
            None => sent::list(fields, "bound_cidr_list")?,
            given => given,
        };
        if let Some(blocks) = blocks {
            networks::check_blocks(&blocks)
                .map_err(|wrong| Failure::fault(format!("failed to validate CIDR blocks: {wrong}")))?;
            role.secret_id_bound_cidrs = Some(blocks);
        }
        if let Some(uses) = sent::int(fields, "secret_id_num_uses")? {
            role.secret_id_num_uses = uses;
        }
        if role.secret_id_num_uses < 0 {
            return Err(Failure::invalid("secret_id_num_uses cannot be negative"));
        }
        if let Some(ttl) = sent::span(fields, "secret_id_ttl")? {
            role.secret_id_ttl = ttl;
        }
        upgrade_policies(fields, &mut role.policies, &mut role.token.token_policies)?;
        upgrade_span(fields, ("period", "token_period"), &mut role.period, &mut role.token.token_period)?;
        let longest = cx.lease_limits().max;
        super::spans::check_period(role.period, role.period, longest)?;
        if role.token.token_max_ttl > longest {
            response.warnings.push(
                "token_max_ttl is greater than the backend mount's maximum TTL value; issued tokens' max TTL value will be truncated"
                    .to_owned(),
            );
        }
        store(cx, &role, &previous)?;
        Ok(response)
    }
}
