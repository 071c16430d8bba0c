//! How long a token that is being made lives: what was asked for, what its role says, what the mount allows.

use std::time::Duration;

use coffer_core::framework::{Fields, parse_duration};
use coffer_core::lease::{TtlRequest, grant_ttl};
use coffer_core::token::StoredTokenType;
use coffer_core::{Context, Failure, Response};

use super::role::Role;

/// The spans that were asked for; zero: none.
#[derive(Debug, Default)]
pub(super) struct Lifetimes {
    ttl: Duration,
    /// In effect: of request and role the lesser.
    pub(super) period: Duration,
    /// In effect: of request and role the lesser.
    pub(super) explicit_max_ttl: Duration,
    /// Of the request itself.
    pub(super) own_period: Duration,
    /// Of the request itself.
    pub(super) own_explicit_max_ttl: Duration,
}

impl Lifetimes {
    pub(super) fn read(
        fields: &Fields<'_>,
        role: Option<&Role>,
        kind: StoredTokenType,
        sudo: bool,
        response: &mut Response,
    ) -> Result<Self, Failure> {
        let own_explicit_max_ttl = span(fields, "explicit_max_ttl")?.unwrap_or_default();
        let own_period = span(fields, "period")?.unwrap_or_default();
        if !own_period.is_zero() && !sudo {
            return Err(Failure::invalid("root or sudo privileges required to create periodic token"));
        }
        let ttl = match span(fields, "ttl")? {
            Some(ttl) => ttl,
            None => span(fields, "lease")?.unwrap_or_default(),
        };
        let mut lifetimes =
            Self { ttl, period: own_period, explicit_max_ttl: own_explicit_max_ttl, own_period, own_explicit_max_ttl };
        if let Some(role) = role.filter(|_| kind == StoredTokenType::Service) {
            let mut lesser = |own: Duration, of_role: Duration, what: &str| match (own.is_zero(), of_role.is_zero()) {
                (_, true) => own,
                (true, false) => of_role,
                (false, false) => {
                    let lesser = own.min(of_role);
                    response.warnings.push(format!(
                        "{what} specified both during creation call and in role; using the lesser value of {} seconds",
                        lesser.as_secs()
                    ));
                    lesser
                }
            };
            lifetimes.explicit_max_ttl = lesser(own_explicit_max_ttl, role.token_explicit_max_ttl, "Explicit max TTL");
            lifetimes.period = lesser(own_period, role.token_period, "Period");
        }
        Ok(lifetimes)
    }

    /// The life the token gets; zero: it never ends, as only a root token may.
    pub(super) fn settle(&self, cx: &Context<'_>, is_root: bool, response: &mut Response) -> Result<Duration, Failure> {
        if self.period.is_zero() && self.ttl.is_zero() && is_root {
            return Ok(self.explicit_max_ttl);
        }
        let request = TtlRequest {
            ttl: self.ttl,
            period: self.period,
            explicit_max_ttl: self.explicit_max_ttl,
            ..TtlRequest::default()
        };
        let (ttl, warnings) = grant_ttl(cx.lease_limits(), request, cx.now(), cx.now())?;
        response.warnings.extend(warnings);
        Ok(ttl)
    }
}

/// A batch token can't have what would have to be stored. As in Vault, the first of these fields that was sent decides.
pub(super) fn check_batch_fields(fields: &Fields<'_>) -> Result<(), Failure> {
    let parsed = |name: &str| match fields.text_or_empty(name)? {
        text if text.is_empty() => Ok(None),
        text => match parse_duration(&text) {
            Ok(span) => Ok(Some(span)),
            Err(_) => Err(Failure::Invalid(format!("'{name}' value could not be parsed"))),
        },
    };
    let bad = if let Some(span) = parsed("explicit_max_ttl")? {
        (!span.is_zero()).then_some("explicit_max_ttl")
    } else if fields.int("num_uses")?.unwrap_or(0) != 0 {
        Some("num_uses")
    } else if let Some(span) = parsed("period")? {
        (!span.is_zero()).then_some("period")
    } else {
        None
    };
    match bad {
        Some(name) => Err(Failure::Invalid(format!("batch tokens cannot have {name:?} set"))),
        None => Ok(()),
    }
}

/// A span in a text field.
fn span(fields: &Fields<'_>, name: &str) -> Result<Option<Duration>, Failure> {
    let text = fields.text_or_empty(name)?;
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(rest) = text.trim().strip_prefix('-') {
        // Garbage is named as such, whatever its sign.
        if !parse_duration(rest)?.is_zero() {
            return Err(Failure::Invalid(format!("{name} must be positive")));
        }
    }
    parse_duration(&text).map(Some)
}
