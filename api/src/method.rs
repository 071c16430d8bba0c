//! From HTTP's methods to operations.

use coffer_core::Operation;
use http::Method;

use crate::query::Query;

/// A method that is served nowhere, or a wish that can't be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadMethod {
    /// HTTP 405.
    Unknown,
    /// `list=` with something that is no boolean: HTTP 400.
    ListFlag,
}

/// The method as text; those that are served nowhere have none.
pub(crate) fn name(method: &Method) -> &'static str {
    const NAMES: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "LIST", "SCAN"];
    NAMES.iter().copied().find(|name| *name == method.as_str()).unwrap_or_default()
}

/// The operation a method asks for.
pub(crate) fn operation(method: &Method, path: &str, query: &Query) -> Result<Operation, BadMethod> {
    match method.as_str() {
        "GET" => {
            if query.flag("help").unwrap_or(false) {
                return Ok(Operation::Help);
            }
            if query.flag("list").map_err(|_| BadMethod::ListFlag)? {
                return Ok(Operation::List);
            }
            if query.flag("scan").map_err(|_| BadMethod::ListFlag)? {
                return Ok(Operation::Scan);
            }
            Ok(Operation::Read)
        }
        // For balancers.
        "HEAD" if path == "sys/health" => Ok(Operation::Read),
        "POST" | "PUT" => Ok(Operation::Update),
        "DELETE" => Ok(Operation::Delete),
        "PATCH" => Ok(Operation::Patch),
        "LIST" => Ok(Operation::List),
        "SCAN" => Ok(Operation::Scan),
        _ => Err(BadMethod::Unknown),
    }
}
