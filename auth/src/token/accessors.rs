//! `auth/token/accessors`, and tokens named by their accessor.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response, SecretText};
use serde_json::json;

use super::{TokenBackend, listed};

/// Accessors read at a time.
const PAGE: usize = 1000;

impl TokenBackend {
    pub(super) fn list_accessors(&self, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
        let (tx, active) = cx.system(&self.access);
        let mut keys = Vec::new();
        let mut after = String::new();
        loop {
            let (page, last) = active.tokens.accessors(tx, &after, PAGE)?;
            keys.extend(page);
            if last.is_empty() {
                return Ok(Response::data(json!({ "keys": keys })));
            }
            after = last;
        }
    }

    /// The token of the accessor that was sent; `None` where there is none.
    pub(super) fn of_accessor(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Option<SecretText>, Failure> {
        let accessor = matched.fields.text_or_empty("accessor")?;
        if accessor.is_empty() {
            return Err(listed("missing accessor"));
        }
        let (tx, active) = cx.system(&self.access);
        active.tokens.token_of_accessor(tx, &accessor)
    }
}
