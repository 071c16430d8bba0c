//! New secret ids, random or of choice.

use std::time::Duration;

use coffer_core::framework::{Field, Fields, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::json;
use zeroize::Zeroizing;

use super::metadata;
use super::record::{SecretId, by_hmac, insert};
use crate::approle::role::{self, Role};
use crate::approle::{AppRole, PAGE, ROLE_NAME, ids};
use crate::token_params::join;
use crate::{networks, sent};

const SECRET_ID: Field = Field::new("secret_id", Kind::Text, "The secret id.");

const PROPERTIES: [Field; 5] = [
    Field::new("metadata", Kind::Text, "Pairs to be kept with its tokens, as JSON in a text."),
    Field::new("cidr_list", Kind::CommaList, "Networks that logins come from, within the role's."),
    Field::new("token_bound_cidrs", Kind::CommaList, "Networks that tokens are used from, within the role's."),
    Field::new("num_uses", Kind::Int, "Logins with it, at most the role's number."),
    Field::new("ttl", Kind::Duration, "Its life, at most the role's."),
];

static RANDOM: [Field; 8] = join(join::<1, 5, 6>([ROLE_NAME], PROPERTIES), PAGE);
static CUSTOM: [Field; 7] = join([ROLE_NAME, SECRET_ID], PROPERTIES);

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}/secret-id/?", &RANDOM, "Makes a secret id; lists accessors.")
            .on(Operation::Update, AppRole::make_secret_id)
            .on(Operation::List, AppRole::list_accessors),
        Route::new("role/{role_name}/custom-secret-id", &CUSTOM, "Takes over a secret id of choice.")
            .on(Operation::Update, AppRole::take_secret_id),
    ]
}

impl AppRole {
    fn make_secret_id(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        generate(cx, &matched.fields, Zeroizing::new(ids::random()?))
    }

    fn take_secret_id(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let secret = Zeroizing::new(sent::text(&matched.fields, "secret_id")?.unwrap_or_default());
        if secret.is_empty() {
            return Err(Failure::invalid("missing secret_id"));
        }
        generate(cx, &matched.fields, secret)
    }
}

fn generate(cx: &mut Context<'_>, fields: &Fields<'_>, secret: Zeroizing<String>) -> Result<Response, Failure> {
    let name = fields.capture("role_name");
    let role = role::find(cx, name)?.ok_or_else(|| Failure::NotFoundBecause(super::find::no_such_role(name)))?;
    if !role.bind_secret_id {
        return Err(Failure::invalid("bind_secret_id is not set on the role"));
    }
    let mut made = SecretId::new(ids::random()?, cx.now());
    made.cidr_list = Some(narrower(fields, "cidr_list", "CIDR blocks", role.secret_id_bound_cidrs())?);
    made.token_cidr_list = Some(narrower(fields, "token_bound_cidrs", "token CIDR blocks", role.token.bound_cidrs())?);
    made.secret_id_num_uses = uses(fields, &role)?;
    made.secret_id_ttl = life(fields, &role)?;
    let metadata = metadata::parse(&sent::text(fields, "metadata")?.unwrap_or_default());
    made.metadata = Some(metadata.map_err(|wrong| Failure::Invalid(format!("failed to parse metadata: {wrong}")))?);

    let life = made.secret_id_ttl.min(cx.lease_limits().max);
    if !life.is_zero() {
        made.expiration_time = made.creation_time.plus(life);
    }
    let hmac = role.secret_id_hmac(&secret).map_err(|failure| match failure {
        Failure::Fault(text) => Failure::fault(format!("failed to store secret_id: {text}")),
        other => other,
    })?;
    if by_hmac(cx, &role, &hmac)?.is_some() {
        return Err(Failure::fault("failed to store secret_id: SecretID is already registered"));
    }
    insert(cx, &role, &hmac, &made)?;
    Ok(Response::data(json!({
        "secret_id": secret.as_str(),
        "secret_id_accessor": made.secret_id_accessor,
        "secret_id_ttl": life.as_secs(),
        "secret_id_num_uses": made.secret_id_num_uses,
    })))
}

/// Networks that must lie within those of the role.
fn narrower(fields: &Fields<'_>, name: &str, what: &str, of_role: &[String]) -> Result<Vec<String>, Failure> {
    let given = sent::list(fields, name)?.unwrap_or_default();
    networks::check_blocks(&given).map_err(|wrong| Failure::fault(format!("failed to validate {what}: {wrong}")))?;
    networks::check_within(&given, of_role)?;
    Ok(given)
}

fn uses(fields: &Fields<'_>, role: &Role) -> Result<i64, Failure> {
    let Some(uses) = sent::int(fields, "num_uses")? else { return Ok(role.secret_id_num_uses) };
    if uses < 0 {
        return Err(Failure::invalid("num_uses cannot be negative"));
    }
    let most = role.secret_id_num_uses;
    if most > 0 && (uses == 0 || uses > most) {
        return Err(Failure::invalid("num_uses cannot be higher than the role's secret_id_num_uses"));
    }
    Ok(uses)
}

fn life(fields: &Fields<'_>, role: &Role) -> Result<Duration, Failure> {
    let Some(life) = sent::span(fields, "ttl")? else { return Ok(role.secret_id_ttl) };
    let longest = role.secret_id_ttl;
    if !longest.is_zero() && (life.is_zero() || life > longest) {
        return Err(Failure::invalid("ttl cannot be longer than the role's secret_id_ttl"));
    }
    Ok(life)
}
