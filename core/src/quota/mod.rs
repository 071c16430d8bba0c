//! Rate-limit quotas: how many requests a caller's address may make to the server, a mount or a path.
//!
//! Owns: the stored quotas, which of them covers a request, and the counting, in memory on the active node. Must not know:
//! who asks; a request is counted before its token is looked at.

mod limiter;
mod record;
mod rules;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::active::Active;
use crate::{Call, Context, Failure, Request, Transaction};
use limiter::Taken;
pub use record::{DEFAULT_EXEMPT_PATHS, QuotaConfig, RateLimit};
use rules::Rules;

/// Headers that tell a caller how it stands with its quota.
pub type QuotaHeaders = Vec<(&'static str, String)>;

/// The quotas in use.
#[derive(Default)]
pub struct Quotas {
    in_use: ArcSwap<InUse>,
}

#[derive(Default)]
struct InUse {
    config: QuotaConfig,
    rules: Rules,
}

impl Quotas {
    /// Counts a request against the quota that covers it; gives what its answer's headers tell of it.
    pub fn admit(&self, active: &Arc<Active>, request: &Request) -> Result<QuotaHeaders, Failure> {
        let in_use = self.in_use.load();
        if in_use.rules.is_empty() || in_use.config.is_exempt(&request.path) {
            return Ok(QuotaHeaders::new());
        }
        let routing = active.mounts.routing();
        let found = routing.find(&request.path);
        let mount = found.map(|(mounted, _)| mounted.mount.api_path()).unwrap_or_default();
        let role = match found {
            Some((mounted, rest)) if in_use.rules.asks_for_role(&mount) => {
                let call = Call { path: rest, operation: request.operation, request, caller: None };
                let mut tx = active.transaction();
                let mut cx = Context::new(&mut tx, &mounted.mount, active.now(), active);
                mounted.backend.login_role(&mut cx, &call)?
            }
            _ => None,
        };
        // However a name is spelled that the backend takes for the same.
        let canonical = found.and_then(|(mounted, rest)| match mounted.backend.canonical_path(rest) {
            Cow::Owned(canonical) => Some(format!("{mount}{canonical}")),
            Cow::Borrowed(_) => None,
        });
        let spellings = [Some(request.path.as_str()), canonical.as_deref()];
        let Some(rule) = in_use.rules.find(&mount, spellings.into_iter().flatten(), role.as_deref()) else {
            return Ok(QuotaHeaders::new());
        };
        let taken = rule.limiter.take(request.remote.map(|remote| remote.address), Instant::now());
        let told = in_use.config.enable_rate_limit_response_headers;
        let limit = rule.limiter.requests();
        let (reset, retry) = match taken {
            Taken::Allowed { left, reset } if told => return Ok(headers(limit, left, reset)),
            Taken::Allowed { .. } => return Ok(QuotaHeaders::new()),
            Taken::Empty { reset, retry } => (Some(reset), retry),
            Taken::Blocked { retry } => (None, retry),
        };
        let mut headers = reset.filter(|_| told).map(|reset| headers(limit, 0, reset)).unwrap_or_default();
        headers.push(("retry-after", retry.as_secs_f64().ceil().to_string()));
        Err(Failure::TooManyRequests {
            reason: format!("request path {:?}: rate limit quota exceeded", request.path),
            headers,
        })
    }

    /// Whether requests that a quota refused are audited.
    pub fn audits_refusals(&self) -> bool {
        self.in_use.load().config.enable_rate_limit_audit_logging
    }

    /// A quota was written or removed: takes the stored ones into use.
    pub fn changed(&self, tx: &mut Transaction) {
        let stored = QuotaConfig::read(tx).and_then(|config| Ok((config, RateLimit::all(tx)?)));
        match stored {
            Ok((config, quotas)) => {
                let rules = Rules::build(quotas, &self.in_use.load().rules);
                self.in_use.store(Arc::new(InUse { config, rules }));
            }
            Err(failure) => tracing::error!("the quotas could not be taken into use: {failure}"),
        }
    }
}

fn headers(limit: u64, left: u64, reset: Duration) -> QuotaHeaders {
    vec![
        ("x-ratelimit-limit", limit.to_string()),
        ("x-ratelimit-remaining", left.to_string()),
        ("x-ratelimit-reset", reset.as_secs().to_string()),
    ]
}
