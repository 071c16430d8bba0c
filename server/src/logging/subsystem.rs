//! The name under which a part of the server logs.

/// `core` for `coffer_core::pipeline`; a target that is no module path, such as `core.router`, as it stands.
pub(super) fn of_target(target: &str) -> &str {
    let krate = target.split("::").next().unwrap_or(target);
    match krate.strip_prefix("coffer_") {
        Some(part) => part,
        None if krate == "coffer" => "server",
        None => krate,
    }
}

/// Names that `sys/loggers` knows before anything was said under them.
pub(super) const KNOWN: &[&str] =
    &["api", "audit", "auth", "cluster", "core", "engines", "policy", "seal", "server", "storage", "sys", "tls"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_called_by_their_part() {
        assert_eq!(of_target("coffer_core::pipeline::route"), "core");
        assert_eq!(of_target("coffer::listen::accept"), "server");
        assert_eq!(of_target("core.router"), "core.router");
        assert_eq!(of_target("openraft::core"), "openraft");
    }
}
