//! `auth/token/create*`.

use coffer_core::framework::{Field, Fields, Kind, Matched, Route};
use coffer_core::policies::PolicyRecord;
use coffer_core::token::{Caller, NewToken, Shown, StoredTokenType, TokenEntry, auth_payload};
use coffer_core::{Alias, Call, Context, Failure, Granted, Operation, Response, SecretText};

use super::TokenBackend;
use super::create_policies::resolve_policies;
use super::create_ttl::{Lifetimes, check_batch_fields};
use super::lists::any_glob_matches;
use super::role::{Role, RoleTokenType};
use super::role_routes::ROLE_NAME;

const DISPLAY_NAME: Field = Field::new("display_name", Kind::Text, "Name shown with the token.");
const EXPLICIT_MAX_TTL: Field = Field::new("explicit_max_ttl", Kind::Text, "Hard end of the token.");
const ENTITY_ALIAS: Field =
    Field::new("entity_alias", Kind::Text, "Alias of the entity behind the token; by roles alone.");
const NUM_USES: Field = Field::new("num_uses", Kind::Int, "Uses of the token; 0: unlimited.");
const PERIOD: Field = Field::new("period", Kind::Text, "It can be renewed for ever in steps of this.");
const RENEWABLE: Field = Field::new("renewable", Kind::Bool, "Whether it can be renewed; it can if nothing is said.");
const TTL: Field = Field::new("ttl", Kind::Text, "Life of the token.");
const LEASE: Field = Field::new("lease", Kind::Text, "Use ttl.");
const TYPE: Field = Field::new("type", Kind::Text, "service or batch.");
const NO_DEFAULT_POLICY: Field = Field::new("no_default_policy", Kind::Bool, "Leaves the policy default out.");
const ID: Field = Field::new("id", Kind::Text, "The token itself; needs sudo.");
const META: Field = Field::new("meta", Kind::Pairs, "Texts by name, shown with the token.");
const NO_PARENT: Field = Field::new("no_parent", Kind::Bool, "Makes an orphan; needs sudo.");
const POLICIES: Field = Field::new("policies", Kind::List, "Policies of the token.");

const FIELDS: &[Field] = &[
    DISPLAY_NAME,
    EXPLICIT_MAX_TTL,
    ENTITY_ALIAS,
    NUM_USES,
    PERIOD,
    RENEWABLE,
    TTL,
    LEASE,
    TYPE,
    NO_DEFAULT_POLICY,
    ID,
    META,
    NO_PARENT,
    POLICIES,
];
const FIELDS_WITH_ROLE: &[Field] = &[
    ROLE_NAME,
    DISPLAY_NAME,
    EXPLICIT_MAX_TTL,
    ENTITY_ALIAS,
    NUM_USES,
    PERIOD,
    RENEWABLE,
    TTL,
    LEASE,
    TYPE,
    NO_DEFAULT_POLICY,
    ID,
    META,
    NO_PARENT,
    POLICIES,
];

pub(super) fn routes() -> Vec<Route<TokenBackend>> {
    vec![
        Route::new("create-orphan", FIELDS, "Makes a token without a parent.")
            .on(Operation::Update, TokenBackend::create_orphan),
        Route::new("create/{role_name}", FIELDS_WITH_ROLE, "Makes a token by a role.")
            .on(Operation::Update, TokenBackend::create_by_role),
        Route::new("create", FIELDS, "Makes a token, a child of the request's own.")
            .on(Operation::Update, TokenBackend::create_child),
    ]
}

/// Whether the caller's policies give `sudo` on the path of the request.
pub(super) fn has_sudo(call: &Call<'_>) -> bool {
    let granted = |caller: &Caller| {
        let capabilities = caller.acl.capabilities(&call.request.path);
        capabilities.iter().any(|name| matches!(*name, "root" | "sudo"))
    };
    call.caller.is_some_and(granted)
}

/// Whether a token stays with the one that makes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kinship {
    Child,
    Orphan,
}

impl TokenBackend {
    fn create_child(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        self.create(cx, matched, Kinship::Child, None)
    }

    fn create_orphan(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        self.create(cx, matched, Kinship::Orphan, None)
    }

    fn create_by_role(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let name = matched.fields.capture("role_name");
        let role = Role::read(cx, name)?.ok_or_else(|| Failure::Invalid(format!("unknown role {name}")))?;
        self.create(cx, matched, Kinship::Child, Some(&role))
    }

    fn create(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
        kinship: Kinship,
        role: Option<&Role>,
    ) -> Result<Response, Failure> {
        let fields = &matched.fields;
        let parent = &*matched.call.caller.ok_or(Failure::Denied)?.entry;
        check_parent(parent)?;
        let sudo = has_sudo(matched.call);
        let kind = token_kind(fields, role)?;
        let batch = kind == StoredTokenType::Batch;
        let num_uses = fields.int("num_uses")?.unwrap_or(0);
        if num_uses < 0 {
            return Err(Failure::invalid("number of uses cannot be negative"));
        }
        let explicit_entity = self.entity_of_alias(cx, fields, role)?;
        let mut renewable =
            fields.flag("renewable")?.unwrap_or(true) && !batch && role.is_none_or(|role| role.renewable);
        let id = fields.text_or_empty("id")?;
        if !id.is_empty() && !sudo {
            return Err(Failure::invalid("root or sudo privileges required to specify token id"));
        }
        let policies = resolve_policies(fields, role, parent, sudo)?;
        let is_root = policies.iter().any(|name| name == "root");
        if is_root && !parent.is_root() {
            return Err(Failure::invalid("root tokens may not be created without parent token being root"));
        }
        if is_root && batch {
            return Err(Failure::invalid("batch tokens cannot be root tokens"));
        }
        let orphan = is_orphan(fields, role, kinship, sudo)?;
        let mut response = Response::empty();
        let lifetimes = Lifetimes::read(fields, role, kind, sudo, &mut response)?;
        let ttl = lifetimes.settle(cx, is_root, &mut response)?;
        let mut bound_cidrs = match role {
            Some(role) => role.token_bound_cidrs.clone(),
            None if orphan || explicit_entity.is_some() => Vec::new(),
            None => parent.bound_cidrs.clone(),
        };
        if ttl.is_zero() {
            if !parent.ttl.is_zero() {
                return Err(Failure::invalid("expiring root tokens cannot create non-expiring root tokens"));
            }
            // Nothing to renew; and no root token without an end is to be locked out by an address.
            renewable = false;
            bound_cidrs.clear();
        }
        let entity_id = match explicit_entity {
            Some(id) => id,
            None if orphan => String::new(),
            None => parent.entity_id.clone(),
        };
        if !id.is_empty() {
            response.warnings.push("Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups.".to_owned());
        }
        let new = NewToken {
            id: (!id.is_empty()).then(|| SecretText::new(id.into_owned())),
            parent: (!orphan).then(|| parent.id.clone()),
            kind,
            policies,
            path: token_path(matched.call.path, role),
            meta: fields.pairs("meta")?,
            display_name: display_name(&fields.text_or_empty("display_name")?),
            num_uses: effective_uses(num_uses, role),
            ttl,
            period: lifetimes.period,
            explicit_max_ttl: lifetimes.explicit_max_ttl,
            shown: Shown { period: lifetimes.own_period, explicit_max_ttl: lifetimes.own_explicit_max_ttl },
            renewable,
            role: role.map(|role| role.name.clone()).unwrap_or_default(),
            entity_id,
            bound_cidrs,
            ..NewToken::default()
        };
        let now = cx.now();
        let (tx, active) = cx.system(&self.access);
        let made = active.tokens.create(tx, new, now)?;
        for name in &made.entry.policies {
            if name != coffer_policy::ROOT && PolicyRecord::peek(tx, name)?.is_none() {
                response.warnings.push(format!("Policy {name:?} does not exist"));
            }
        }
        let identity_policies = match made.entry.entity_id.as_str() {
            "" => Vec::new(),
            id => active.identities.policies(tx, id)?,
        };
        response.auth = Some(Box::new(Granted::Token(auth_payload(&made.auth, &identity_policies))));
        Ok(response)
    }

    /// The entity that was asked for by alias, which only a role can allow.
    fn entity_of_alias(
        &self,
        cx: &mut Context<'_>,
        fields: &Fields<'_>,
        role: Option<&Role>,
    ) -> Result<Option<String>, Failure> {
        let name = fields.text_or_empty("entity_alias")?;
        if name.is_empty() {
            return Ok(None);
        }
        let role =
            role.ok_or_else(|| Failure::invalid("'entity_alias' is only allowed in combination with token role"))?;
        let allowed = role.allowed_entity_aliases.as_deref().unwrap_or_default();
        let folded = name.to_lowercase();
        if !allowed.contains(&folded) && !any_glob_matches(allowed, &folded) {
            return Err(Failure::invalid("invalid 'entity_alias' value"));
        }
        let alias = Alias { name: name.into_owned(), ..Alias::default() };
        let (now, mount) = (cx.now(), cx.mount());
        let (tx, active) = cx.system(&self.access);
        match active.identities.of_login(tx, mount, &alias, now) {
            Ok(entity) => Ok(Some(entity.id)),
            Err(Failure::Denied) => {
                Err(Failure::DeniedBecause("entity from given entity alias is disabled".to_owned()))
            }
            Err(failure) => Err(failure),
        }
    }
}

fn check_parent(parent: &TokenEntry) -> Result<(), Failure> {
    if parent.is_batch() {
        return Err(Failure::invalid("batch tokens cannot create more tokens"));
    }
    match parent.num_uses {
        0 => Ok(()),
        // Its last use is this request.
        ..=1 => Err(Failure::invalid("parent token lookup failed: no parent found")),
        _ => Err(Failure::invalid("restricted use token cannot generate child tokens")),
    }
}

fn token_kind(fields: &Fields<'_>, role: Option<&Role>) -> Result<StoredTokenType, Failure> {
    let asked = fields.text_or_empty("type")?;
    let kind = match role.map(|role| role.token_type) {
        Some(RoleTokenType::Service) => "service",
        Some(RoleTokenType::Batch) => "batch",
        Some(RoleTokenType::DefaultBatch) if asked.is_empty() => "batch",
        Some(RoleTokenType::DefaultService | RoleTokenType::DefaultBatch) | None => &*asked,
    };
    match kind {
        "" | "service" => Ok(StoredTokenType::Service),
        "batch" => check_batch_fields(fields).map(|()| StoredTokenType::Batch),
        _ => Err(Failure::invalid("invalid 'token_type' value")),
    }
}

fn is_orphan(fields: &Fields<'_>, role: Option<&Role>, kinship: Kinship, sudo: bool) -> Result<bool, Failure> {
    match role {
        Some(role) => Ok(role.orphan),
        None if fields.flag("no_parent")?.unwrap_or(false) => {
            if sudo {
                Ok(true)
            } else {
                Err(Failure::invalid("root or sudo privileges required to create orphan token"))
            }
        }
        None => Ok(kinship == Kinship::Orphan),
    }
}

fn token_path(path: &str, role: Option<&Role>) -> String {
    match role {
        Some(role) if !role.path_suffix.is_empty() => format!("auth/token/{path}/{}", role.path_suffix),
        _ => format!("auth/token/{path}"),
    }
}

/// The fewer of what was asked for and what the role gives; 0 is no limit.
fn effective_uses(asked: i64, role: Option<&Role>) -> i64 {
    match (asked, role.map_or(0, |role| role.token_num_uses)) {
        (asked, 0) => asked,
        (0, of_role) => of_role,
        (asked, of_role) => asked.min(of_role),
    }
}

fn display_name(asked: &str) -> String {
    if asked.is_empty() {
        return "token".to_owned();
    }
    let clean: String = asked.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let full = format!("token-{clean}");
    full.strip_suffix('-').map(str::to_owned).unwrap_or(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_are_made_of_letters_digits_and_dashes() {
        // One dash is taken from the end, and no more.
        for (asked, shown) in
            [("", "token"), ("app one", "token-app-one"), ("a/b*", "token-a-b"), ("a**", "token-a-"), ("é", "token-")]
        {
            assert_eq!(display_name(asked), shown, "{asked}");
        }
    }

    #[test]
    fn the_fewer_uses_count() {
        let role = |uses| Role { token_num_uses: uses, ..Role::default() };
        assert_eq!(effective_uses(5, None), 5);
        assert_eq!(effective_uses(0, Some(&role(2))), 2);
        assert_eq!(effective_uses(5, Some(&role(2))), 2);
        assert_eq!(effective_uses(1, Some(&role(0))), 1);
    }
}
