//! What roles and users of all methods say about the tokens of their logins: the parameters `token_*`, in Vault's JSON.

use std::net::IpAddr;
use std::time::Duration;

use coffer_core::framework::{Field, Fields, Kind};
use coffer_core::mount::nanos;
use coffer_core::{Failure, Grant, TokenType};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{networks, sent};

/// The parameters, for tables of fields: see [`join`].
pub(crate) const TOKEN_FIELDS: [Field; 10] = [
    Field::new("token_bound_cidrs", Kind::CommaList, "Addresses and networks that the token may be used from."),
    Field::new("token_explicit_max_ttl", Kind::Duration, "Hard end of the token's life, whatever is renewed."),
    Field::new("token_max_ttl", Kind::Duration, "Longest life of the token through renewals."),
    Field::new("token_no_default_policy", Kind::Bool, "Leaves the policy \"default\" out."),
    Field::new("token_num_uses", Kind::Int, "Uses before the token ends; 0: unlimited."),
    Field::new("token_period", Kind::Duration, "Makes the token renewable for ever, in steps of this."),
    Field::new("token_policies", Kind::CommaList, "Policies of the token."),
    Field::new("token_strictly_bind_ip", Kind::Bool, "Binds the token to the address that logs in."),
    Field::new("token_ttl", Kind::Duration, "First life of the token."),
    Field::new("token_type", Kind::Text, "Kind of token: service, batch or default."),
];

/// Two tables of fields as one.
pub(crate) const fn join<const A: usize, const B: usize, const ALL: usize>(
    left: [Field; A],
    right: [Field; B],
) -> [Field; ALL] {
    assert!(A > 0 && A + B == ALL);
    let mut all = [left[0]; ALL];
    let mut index = 0;
    while index < ALL {
        all[index] = if index < A { left[index] } else { right[index - A] };
        index += 1;
    }
    all
}

/// The parameters of one role or user, as they are stored. `None` is Go's nil list, which is shown as `null` in places.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenParams {
    #[serde(default)]
    pub(crate) token_bound_cidrs: Option<Vec<String>>,
    #[serde(default, with = "nanos")]
    pub(crate) token_explicit_max_ttl: Duration,
    #[serde(default, with = "nanos")]
    pub(crate) token_max_ttl: Duration,
    #[serde(default)]
    pub(crate) token_no_default_policy: bool,
    #[serde(default)]
    pub(crate) token_num_uses: i64,
    #[serde(default, with = "nanos")]
    pub(crate) token_period: Duration,
    #[serde(default)]
    pub(crate) token_policies: Option<Vec<String>>,
    #[serde(default, with = "numbered")]
    pub(crate) token_type: TokenType,
    #[serde(default, with = "nanos")]
    pub(crate) token_ttl: Duration,
    #[serde(default)]
    pub(crate) token_strictly_bind_ip: bool,
}

impl TokenParams {
    /// Takes over what was sent; what was not stays. The whole must agree with itself.
    pub(crate) fn parse(&mut self, fields: &Fields<'_>) -> Result<(), Failure> {
        self.take_over(fields, sent::text(fields, "token_type")?)
    }

    /// The same, where the kinds `default-service` and `default-batch` are taken for `service` and `batch` with a warning.
    pub(crate) fn parse_with_warnings(
        &mut self,
        fields: &Fields<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let mut kind = sent::text(fields, "token_type")?;
        if let Some(given) = &mut kind
            && let Some(plain @ ("service" | "batch")) = given.strip_prefix("default-")
        {
            warnings.push(format!("{given} has no useful meaning; adjusting to {plain}"));
            *given = plain.to_owned();
        }
        self.take_over(fields, kind)
    }

    fn take_over(&mut self, fields: &Fields<'_>, kind: Option<String>) -> Result<(), Failure> {
        if let Some(given) = sent::list(fields, "token_bound_cidrs")? {
            self.token_bound_cidrs = Some(networks::addresses(&given)?);
        }
        set(&mut self.token_explicit_max_ttl, sent::span(fields, "token_explicit_max_ttl")?);
        set(&mut self.token_max_ttl, sent::span(fields, "token_max_ttl")?);
        set(&mut self.token_no_default_policy, sent::flag(fields, "token_no_default_policy")?);
        set(&mut self.token_period, sent::span(fields, "token_period")?);
        if let Some(given) = sent::list(fields, "token_policies")? {
            self.token_policies = Some(given);
        }
        if let Some(given) = kind {
            self.token_type = wanted_type(&given)?;
        }
        set(&mut self.token_num_uses, sent::int(fields, "token_num_uses")?);
        set(&mut self.token_ttl, sent::span(fields, "token_ttl")?);
        set(&mut self.token_strictly_bind_ip, sent::flag(fields, "token_strictly_bind_ip")?);
        self.check()
    }

    fn check(&self) -> Result<(), Failure> {
        if self.token_num_uses < 0 {
            return Err(Failure::invalid("'token_num_uses' cannot be negative"));
        }
        if matches!(self.token_type, TokenType::Batch | TokenType::DefaultBatch) {
            let cannot = "'token_type' cannot be 'batch' or 'default_batch' when set to generate";
            if !self.token_period.is_zero() {
                return Err(Failure::Invalid(format!("{cannot} periodic tokens")));
            }
            if self.token_num_uses != 0 {
                return Err(Failure::Invalid(format!("{cannot} tokens with limited use count")));
            }
        }
        if !self.token_max_ttl.is_zero() && self.token_ttl > self.token_max_ttl {
            return Err(Failure::invalid("'token_ttl' cannot be greater than 'token_max_ttl'"));
        }
        if self.token_strictly_bind_ip && !self.bound_cidrs().is_empty() {
            return Err(Failure::invalid("'token_strictly_bind_ip' conflicts with 'token_bound_cidrs'; set only one"));
        }
        Ok(())
    }

    /// Adds the parameters to an answer.
    pub(crate) fn show(&self, shown: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        put("token_bound_cidrs", json!(self.bound_cidrs()));
        put("token_explicit_max_ttl", json!(self.token_explicit_max_ttl.as_secs()));
        put("token_max_ttl", json!(self.token_max_ttl.as_secs()));
        put("token_no_default_policy", json!(self.token_no_default_policy));
        put("token_num_uses", json!(self.token_num_uses));
        put("token_period", json!(self.token_period.as_secs()));
        put("token_policies", json!(self.policies()));
        put("token_strictly_bind_ip", json!(self.token_strictly_bind_ip));
        put("token_ttl", json!(self.token_ttl.as_secs()));
        put("token_type", json!(self.token_type.name()));
    }

    /// A grant for a caller at `remote`, with all that the parameters say; who it is remains to be filled in.
    pub(crate) fn grant(&self, remote: Option<IpAddr>) -> Result<Grant, Failure> {
        let bound_cidrs = match (self.token_strictly_bind_ip, remote) {
            (false, _) => networks::networks(self.bound_cidrs()),
            (true, Some(address)) => vec![IpNet::from(address)],
            // Nothing to bind the token to.
            (true, None) => return Err(Failure::Denied),
        };
        Ok(Grant {
            policies: self.policies().to_vec(),
            no_default_policy: self.token_no_default_policy,
            ttl: self.token_ttl,
            max_ttl: self.token_max_ttl,
            explicit_max_ttl: self.token_explicit_max_ttl,
            period: self.token_period,
            renewable: true,
            num_uses: u64::try_from(self.token_num_uses).unwrap_or(0),
            token_type: self.token_type,
            bound_cidrs,
            ..Grant::default()
        })
    }

    /// The lifetimes of today, at a renewal.
    pub(crate) fn renew(&self, grant: &mut Grant) {
        grant.ttl = self.token_ttl;
        grant.max_ttl = self.token_max_ttl;
        grant.period = self.token_period;
    }

    pub(crate) fn bound_cidrs(&self) -> &[String] {
        self.token_bound_cidrs.as_deref().unwrap_or_default()
    }

    pub(crate) fn policies(&self) -> &[String] {
        self.token_policies.as_deref().unwrap_or_default()
    }
}

/// A parameter that has an old name beside its new one. The new one counts if it was sent; then the old one repeats it, or
/// is empty again if it was not sent too. `given`: the old one's value if it was sent, read only where it counts.
pub(crate) fn upgrade<T: Clone + Default>(
    new_was_sent: bool,
    old_was_sent: bool,
    given: impl FnOnce() -> Result<T, Failure>,
    old: &mut T,
    new: &mut T,
) -> Result<(), Failure> {
    match (new_was_sent, old_was_sent) {
        (true, true) => old.clone_from(new),
        (true, false) => *old = T::default(),
        (false, true) => {
            *old = given()?;
            new.clone_from(old);
        }
        (false, false) => {}
    }
    Ok(())
}

/// [`upgrade`] of `policies`, whose names are cleaned where those of `token_policies` are kept as sent.
pub(crate) fn upgrade_policies(
    fields: &Fields<'_>,
    old: &mut Option<Vec<String>>,
    new: &mut Option<Vec<String>>,
) -> Result<(), Failure> {
    let given = || Ok(sent::list(fields, "policies")?.map(|names| coffer_policy::sanitize(names, false)));
    upgrade(fields.has("token_policies"), fields.has("policies"), given, old, new)
}

/// [`upgrade`] of a span of time.
pub(crate) fn upgrade_span(
    fields: &Fields<'_>,
    (old_name, new_name): (&str, &str),
    old: &mut Duration,
    new: &mut Duration,
) -> Result<(), Failure> {
    let (given, new_was_sent) = (sent::span(fields, old_name)?, fields.raw(new_name).is_some());
    upgrade(new_was_sent, given.is_some(), || Ok(given.unwrap_or_default()), old, new)
}

fn set<T>(value: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *value = given;
    }
}

fn wanted_type(given: &str) -> Result<TokenType, Failure> {
    match given {
        "" | "default" => Ok(TokenType::Default),
        "service" => Ok(TokenType::Service),
        "batch" => Ok(TokenType::Batch),
        other => Err(Failure::Invalid(format!("invalid 'token_type' value {other:?}"))),
    }
}

/// A kind of token as Vault stores it: a number, long ago its name.
mod numbered {
    use coffer_core::TokenType;
    use serde::{Deserialize, Deserializer, Serializer, de};

    const NUMBERED: [TokenType; 5] =
        [TokenType::Default, TokenType::Service, TokenType::Batch, TokenType::DefaultService, TokenType::DefaultBatch];

    pub(super) fn serialize<S: Serializer>(kind: &TokenType, serializer: S) -> Result<S::Ok, S::Error> {
        let number = NUMBERED.iter().position(|numbered| numbered == kind).unwrap_or_default();
        serializer.serialize_u64(number as u64)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TokenType, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stored {
            Number(usize),
            Name(String),
        }
        let found = match Stored::deserialize(deserializer)? {
            Stored::Number(number) => NUMBERED.get(number),
            Stored::Name(name) if name.is_empty() => NUMBERED.first(),
            Stored::Name(name) => NUMBERED.iter().find(|kind| kind.name() == name),
        };
        found.copied().ok_or_else(|| de::Error::custom("unknown token type"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_that_vault_wrote_is_read_and_written_alike() {
        let stored = r#"{"token_bound_cidrs":["10.0.0.0/8","127.0.0.1"],"token_explicit_max_ttl":0,"token_max_ttl":3600000000000,
            "token_no_default_policy":false,"token_num_uses":3,"token_period":0,"token_policies":null,"token_type":1,
            "token_ttl":600000000000,"token_strictly_bind_ip":false}"#;
        let params: TokenParams = serde_json::from_str(stored).unwrap();
        assert_eq!((params.token_ttl, params.token_type), (Duration::from_secs(600), TokenType::Service));
        assert_eq!(serde_json::to_value(&params).unwrap(), serde_json::from_str::<Value>(stored).unwrap());
    }

    #[test]
    fn kinds_of_token_are_read_by_number_and_by_name() {
        for (stored, kind) in
            [("0", TokenType::Default), ("2", TokenType::Batch), ("\"default-batch\"", TokenType::DefaultBatch)]
        {
            let params: TokenParams = serde_json::from_str(&format!("{{\"token_type\":{stored}}}")).unwrap();
            assert_eq!(params.token_type, kind);
        }
        assert!(serde_json::from_str::<TokenParams>("{\"token_type\":9}").is_err());
    }

    #[test]
    fn a_token_bound_to_its_address_needs_one() {
        let params = TokenParams { token_strictly_bind_ip: true, ..TokenParams::default() };
        let grant = params.grant(Some([10, 0, 0, 1].into())).unwrap();
        assert_eq!(grant.bound_cidrs, ["10.0.0.1/32".parse::<IpNet>().unwrap()]);
        assert!(params.grant(None).is_err());
    }

    #[test]
    fn an_old_name_follows_the_new_one() {
        let run = |new_sent, old_sent| {
            let (mut old, mut new) = (1, 2);
            upgrade(new_sent, old_sent, || Ok(3), &mut old, &mut new).unwrap();
            (old, new)
        };
        assert_eq!(run(false, false), (1, 2));
        assert_eq!(run(false, true), (3, 3));
        assert_eq!(run(true, true), (2, 2));
        assert_eq!(run(true, false), (0, 2));
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(
            cidrs in proptest::option::of(proptest::collection::vec("[0-9.]{1,15}", 0..3)),
            policies in proptest::option::of(proptest::collection::vec(".{0,8}", 0..3)),
            seconds in 0u64..1_000_000, uses in any::<i64>(), flags in any::<(bool, bool)>(), kind in 0usize..5,
        ) {
            let kinds = [TokenType::Default, TokenType::Service, TokenType::Batch, TokenType::DefaultService, TokenType::DefaultBatch];
            let params = TokenParams {
                token_bound_cidrs: cidrs, token_policies: policies, token_ttl: Duration::from_secs(seconds),
                token_num_uses: uses, token_no_default_policy: flags.0, token_strictly_bind_ip: flags.1,
                token_type: kinds[kind], ..TokenParams::default()
            };
            let again: TokenParams = serde_json::from_slice(&serde_json::to_vec(&params).unwrap()).unwrap();
            prop_assert_eq!(again, params);
        }
    }
}
