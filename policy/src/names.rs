use std::collections::BTreeSet;

pub const ROOT: &str = "root";
pub const DEFAULT: &str = "default";

/// The one spelling of a policy's name: trimmed, lower case. Every name goes through here before it
/// is stored, compared or looked up, so that ` ROOT ` is not another policy than `root`.
#[must_use]
pub fn sanitize_name(name: &str) -> String {
    name.trim().to_lowercase().trim().to_owned()
}

/// A list of names: each sanitised, empty ones dropped, sorted, each once. `root` stands alone:
/// with it, all others are dropped. Otherwise `default` is added if wanted.
pub fn sanitize<I>(names: I, add_default: bool) -> Vec<String>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut names: BTreeSet<String> =
        names.into_iter().map(|name| sanitize_name(name.as_ref())).filter(|name| !name.is_empty()).collect();
    if names.contains(ROOT) {
        return vec![ROOT.to_owned()];
    }
    if add_default {
        names.insert(DEFAULT.to_owned());
    }
    names.into_iter().collect()
}

/// [`sanitize`] of a list written with commas, without adding `default`.
#[must_use]
pub fn parse_list(text: &str) -> Vec<String> {
    sanitize(text.split(','), false)
}

/// Whether two lists grant the same, `default` aside.
pub fn equivalent<I, J>(left: I, right: J) -> bool
where
    I: IntoIterator,
    I::Item: AsRef<str>,
    J: IntoIterator,
    J::Item: AsRef<str>,
{
    let without_default = |mut names: Vec<String>| {
        names.retain(|name| name != DEFAULT);
        names
    };
    without_default(sanitize(left, false)) == without_default(sanitize(right, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_trimmed_folded_sorted_and_without_repetition() {
        assert_eq!(sanitize(["B ", "a", "", " b"], false), ["a", "b"]);
        assert_eq!(sanitize(["z"], true), ["default", "z"]);
        assert_eq!(sanitize::<[&str; 0]>([], true), ["default"]);
        assert_eq!(parse_list("b,A, ,a"), ["a", "b"]);
        assert_eq!(parse_list(""), Vec::<String>::new());
    }

    #[test]
    fn root_in_any_spelling_is_root_alone() {
        for name in ["root", "Root", " ROOT ", "\troot\n", "\u{a0}rOOt"] {
            assert_eq!(sanitize(["a", name, "default"], true), ["root"], "{name:?}");
        }
    }

    #[test]
    fn sanitising_twice_changes_nothing() {
        for name in [" A ", "İ", "\u{2003}x", "ROOT"] {
            assert_eq!(sanitize_name(&sanitize_name(name)), sanitize_name(name));
        }
    }

    #[test]
    fn default_does_not_count_in_comparisons() {
        assert!(equivalent(["default", "a"], ["A"]));
        assert!(!equivalent(["a"], ["b"]));
    }
}
