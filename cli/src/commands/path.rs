//! Paths as they are typed.

/// Without space and slashes around it.
pub(super) fn bare(path: &str) -> String {
    path.trim().trim_start_matches('/').trim().trim_end_matches('/').to_owned()
}

/// Without space around it, and with a slash at its end.
pub(super) fn folder(path: &str) -> String {
    let path = path.trim();
    if path.is_empty() || path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

/// A mount's path: no slash at its start, one at its end.
pub(super) fn mount(path: &str) -> String {
    folder(&bare(path))
}

/// Parts put together with single slashes, empty ones left out.
pub(super) fn join(parts: &[&str]) -> String {
    let parts = parts.iter().flat_map(|part| part.split('/')).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_put_right() {
        assert_eq!(bare(" //a/b/ "), "a/b");
        assert_eq!(folder("a"), "a/");
        assert_eq!(mount("/a/"), "a/");
        assert_eq!(mount(""), "");
        assert_eq!(join(&["a/", "", "/b//c"]), "a/b/c");
    }
}
