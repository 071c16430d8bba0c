//! `auth/token/roles/`.

use std::time::Duration;

use coffer_core::framework::{Field, Fields, Kind, Matched, Route};
use coffer_core::token::{parse_cidr, show_cidr};
use coffer_core::{Context, Failure, Operation, Response};

use super::TokenBackend;
use super::lists::unique;
use super::role::{Role, RoleTokenType};

pub(super) const ROLE_NAME: Field = Field::new("role_name", Kind::Text, "Name of the role.");

const FIELDS: &[Field] = &[
    ROLE_NAME,
    Field::new("allowed_policies", Kind::CommaList, "Policies its tokens may have, whatever the parent has."),
    Field::new("disallowed_policies", Kind::CommaList, "Policies its tokens may not have."),
    Field::new("allowed_policies_glob", Kind::CommaList, "Like allowed_policies, with `*` for any text."),
    Field::new("disallowed_policies_glob", Kind::CommaList, "Like disallowed_policies, with `*` for any text."),
    Field::new("orphan", Kind::Bool, "Its tokens have no parent."),
    Field::new("period", Kind::Duration, "Use token_period."),
    Field::new("path_suffix", Kind::Text, "Added to the path of its tokens, for revocation by prefix."),
    Field::new("explicit_max_ttl", Kind::Duration, "Use token_explicit_max_ttl."),
    Field::new("renewable", Kind::Bool, "Whether its tokens can be renewed; they can if nothing is said."),
    Field::new("bound_cidrs", Kind::CommaList, "Use token_bound_cidrs."),
    Field::new(
        "allowed_entity_aliases",
        Kind::CommaList,
        "Entity aliases that may be asked for, with `*` for any text.",
    ),
    Field::new("token_bound_cidrs", Kind::CommaList, "Addresses its tokens may be used from."),
    Field::new("token_explicit_max_ttl", Kind::Duration, "Hard end of its tokens."),
    Field::new("token_period", Kind::Duration, "Its tokens can be renewed for ever in steps of this."),
    Field::new("token_type", Kind::Text, "service, batch, default-service or default-batch."),
    Field::new("token_no_default_policy", Kind::Bool, "Its tokens do not get the policy default."),
    Field::new("token_num_uses", Kind::Int, "Uses of its tokens; 0: unlimited."),
];

pub(super) fn routes() -> Vec<Route<TokenBackend>> {
    vec![
        Route::new("roles/?", &[], "Lists the roles.").on(Operation::List, TokenBackend::list_roles),
        Route::new("roles/{role_name}", FIELDS, "A role that tokens are made by.")
            .on(Operation::Read, TokenBackend::read_role)
            .on(Operation::Update, TokenBackend::write_role)
            .on(Operation::Delete, TokenBackend::delete_role),
    ]
}

impl TokenBackend {
    fn list_roles(&self, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
        Response::keys(cx.list("roles/", "", usize::MAX)?)
    }

    fn read_role(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let role = Role::read(cx, role_name(matched)?)?.ok_or(Failure::NotFound)?;
        Ok(Response::data(role.to_json()))
    }

    fn delete_role(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        Role::remove(cx, role_name(matched)?);
        Ok(Response::empty())
    }

    fn write_role(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let name = role_name(matched)?;
        let mut role = match Role::read(cx, name)? {
            Some(role) => role,
            None => Role { name: name.to_owned(), renewable: true, ..Role::default() },
        };
        let fields = &matched.fields;
        let mut response = Response::empty();
        role.take_own(fields)?;
        role.take_type(fields)?;
        role.take_token_fields(fields)?;
        let explicit = role.take_old_fields(fields, &mut response)?;
        let max = cx.lease_limits().max;
        if explicit > max {
            response.warnings.push(format!(
                "Given explicit max TTL of {} is greater than system/mount allowed value of {} seconds; until this is fixed attempting to create tokens against this role will result in an error",
                explicit.as_secs(),
                max.as_secs()
            ));
        }
        role.check_batch()?;
        if let Some(aliases) = fields.list("allowed_entity_aliases")? {
            role.allowed_entity_aliases = Some(unique(&aliases));
        }
        role.write(cx)?;
        Ok(response)
    }
}

impl Role {
    fn take_own(&mut self, fields: &Fields<'_>) -> Result<(), Failure> {
        if let Some(orphan) = fields.flag("orphan")? {
            self.orphan = orphan;
        }
        if let Some(renewable) = fields.flag("renewable")? {
            self.renewable = renewable;
        }
        if let Some(suffix) = fields.text("path_suffix")? {
            if !suffix.is_empty() && !has_suffix_form(&suffix) {
                return Err(Failure::invalid(
                    r"given role path suffix contains invalid characters; must match \w[\w-.]+\w",
                ));
            }
            self.path_suffix = suffix.into_owned();
        }
        if self.path_suffix.contains("..") {
            return Err(Failure::invalid("error registering path suffix: path cannot contain parent references"));
        }
        if let Some(names) = fields.list("allowed_policies")? {
            self.allowed_policies = coffer_policy::sanitize(&names, false);
        }
        if let Some(names) = fields.list("disallowed_policies")? {
            self.disallowed_policies = unique(&names);
        }
        if let Some(names) = fields.list("allowed_policies_glob")? {
            self.allowed_policies_glob = coffer_policy::sanitize(&names, false);
        }
        if let Some(names) = fields.list("disallowed_policies_glob")? {
            self.disallowed_policies_glob = unique(&names);
        }
        Ok(())
    }

    fn take_type(&mut self, fields: &Fields<'_>) -> Result<(), Failure> {
        if !fields.has("token_type") {
            return Ok(());
        }
        let text = fields.text("token_type")?.ok_or_else(|| Failure::invalid("Invalid 'token_type' value: null"))?;
        self.token_type = RoleTokenType::parse(&text)
            .ok_or_else(|| Failure::Invalid(format!("invalid 'token_type' value {text:?}")))?;
        Ok(())
    }

    fn take_token_fields(&mut self, fields: &Fields<'_>) -> Result<(), Failure> {
        if let Some(texts) = fields.list("token_bound_cidrs")? {
            self.token_bound_cidrs =
                cidrs(&texts).map_err(|wrong| Failure::Invalid(format!("error parsing role fields: {wrong}")))?;
        }
        if let Some(explicit) = fields.duration("token_explicit_max_ttl")? {
            self.token_explicit_max_ttl = explicit;
        }
        if let Some(no_default) = fields.flag("token_no_default_policy")? {
            self.token_no_default_policy = no_default;
        }
        if let Some(period) = fields.duration("token_period")? {
            self.token_period = period;
        }
        if let Some(uses) = fields.int("token_num_uses")? {
            if uses < 0 {
                return Err(Failure::invalid("error parsing role fields: 'token_num_uses' cannot be negative"));
            }
            self.token_num_uses = uses;
        }
        Ok(())
    }

    /// The fields of old Vaults, where the new one of the same meaning was not sent. Gives the explicit maximum that is to
    /// be warned of.
    fn take_old_fields(&mut self, fields: &Fields<'_>, response: &mut Response) -> Result<Duration, Failure> {
        let mut both = |new: &str, old: &str| {
            if fields.raw(old).is_some() {
                response
                    .warnings
                    .push(format!("Both '{new}' and deprecated '{old}' value supplied, ignoring the deprecated value"));
            }
        };
        if fields.raw("token_period").is_some() {
            both("token_period", "period");
            self.period = Duration::ZERO;
        } else if let Some(period) = fields.duration("period")? {
            (self.period, self.token_period) = (period, period);
        }
        if fields.raw("token_bound_cidrs").is_some() {
            both("token_bound_cidrs", "bound_cidrs");
            self.bound_cidrs.clear();
        } else if let Some(texts) = fields.list("bound_cidrs")? {
            let nets =
                cidrs(&texts).map_err(|wrong| Failure::Invalid(format!("error parsing bound_cidrs: {wrong}")))?;
            self.bound_cidrs.clone_from(&nets);
            self.token_bound_cidrs = nets;
        }
        if fields.raw("token_explicit_max_ttl").is_some() {
            both("token_explicit_max_ttl", "explicit_max_ttl");
            self.explicit_max_ttl = Duration::ZERO;
            return Ok(self.token_explicit_max_ttl);
        }
        if let Some(explicit) = fields.duration("explicit_max_ttl")? {
            (self.explicit_max_ttl, self.token_explicit_max_ttl) = (explicit, explicit);
        }
        Ok(self.explicit_max_ttl)
    }

    fn check_batch(&self) -> Result<(), Failure> {
        if self.token_type != RoleTokenType::Batch {
            return Ok(());
        }
        let conflict = if !self.orphan {
            "non-orphan tokens"
        } else if !self.period.is_zero() || !self.token_period.is_zero() {
            "periodic tokens"
        } else if self.renewable {
            "renewable tokens"
        } else if !self.explicit_max_ttl.is_zero() || !self.token_explicit_max_ttl.is_zero() {
            "tokens with an explicit max TTL"
        } else {
            return Ok(());
        };
        Err(Failure::Invalid(format!("'token_type' cannot be 'batch' when role is set to generate {conflict}")))
    }
}

/// The role of the path. Its name is made of letters, digits, `_`, and within also `-` and `.`.
fn role_name<'a>(matched: &Matched<'a>) -> Result<&'a str, Failure> {
    let name = matched.fields.capture("role_name");
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ends = name.starts_with(word) && name.ends_with(word);
    if ends && name.chars().all(|c| word(c) || c == '-' || c == '.') { Ok(name) } else { Err(Failure::UnsupportedPath) }
}

/// Networks as they are kept and shown.
fn cidrs(texts: &[String]) -> Result<Vec<String>, String> {
    let one = |text: &String| {
        parse_cidr(text).map(|net| show_cidr(&net)).ok_or_else(|| {
            format!(
                "error parsing address {text:?}: Unable to convert {text:?} to an IPv4 or IPv6 address, or a UNIX Socket"
            )
        })
    };
    texts.iter().map(one).collect()
}

/// Whether a text holds a word character, one or more of word, `-` and `.`, and a word character in a row, as Vault demands
/// of it (and not that it is made of these alone).
fn has_suffix_form(text: &str) -> bool {
    let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let chars: Vec<char> = text.chars().collect();
    chars.split(|c| !word(c) && *c != '-' && *c != '.').any(|run| {
        match (run.iter().position(word), run.iter().rposition(word)) {
            (Some(first), Some(last)) => last >= first + 2,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_taken_as_vault_takes_them() {
        for (text, taken) in
            [("abc", true), ("ab-c", true), ("a", false), ("ci", false), ("!!abc!!", true), ("a/b/c", false)]
        {
            assert_eq!(has_suffix_form(text), taken, "{text}");
        }
    }
}
