use super::{Directive, Substitution, TemplateValues};
use crate::pattern::Pattern;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unbalanced;

/// A part of a templated path.
enum Part<'a> {
    Text(&'a str),
    Template(&'a str),
}

/// Whether a path holds templates.
///
/// # Errors
/// Their braces do not pair up.
pub(crate) fn check(path: &str) -> Result<bool, Unbalanced> {
    Ok(parts(path)?.iter().any(|part| matches!(part, Part::Template(_))))
}

/// The pattern that a templated path is for one identity; none if the rule is not for it.
///
/// A value can never widen a path: one with `*`, `+` or `/` in it, or that would step out of its
/// folder, drops the rule. Dropping a rule that denies would widen too, so such a rule is kept, with
/// the value as it is, which can only make it deny more.
pub(crate) fn render(
    path: &str,
    denies: bool,
    values: &dyn TemplateValues,
    substitution: Substitution,
) -> Option<Pattern> {
    let mut rendered = String::new();
    for part in parts(path).ok()? {
        match part {
            Part::Text(text) => rendered.push_str(text),
            Part::Template(text) => {
                let value = values.value(&Directive::parse(text)?)?;
                if value.is_empty() || !(denies || may_stand(&value, substitution)) {
                    return None;
                }
                rendered.push_str(&value);
            }
        }
    }
    match Pattern::parse(&rendered) {
        Ok(pattern) => Some(pattern),
        // Only a `+` at a value's end before the path's `*` leads here.
        Err(_) if denies => Some(Pattern::Prefix(rendered.split("+*").next()?.to_owned())),
        Err(_) => None,
    }
}

fn may_stand(value: &str, substitution: Substitution) -> bool {
    (substitution.allow_wildcards || !value.contains(['*', '+']))
        && (substitution.allow_slashes || !value.contains('/'))
        && !value.split('/').any(|segment| matches!(segment, "." | ".."))
        && !value.contains(char::is_control)
}

fn parts(path: &str) -> Result<Vec<Part<'_>>, Unbalanced> {
    let mut pieces = path.split("{{");
    let mut parts = Vec::new();
    let first = pieces.next().unwrap_or_default();
    if first.contains("}}") {
        return Err(Unbalanced);
    }
    parts.push(Part::Text(first));
    for piece in pieces {
        let (template, text) = piece.split_once("}}").ok_or(Unbalanced)?;
        if text.contains("}}") {
            return Err(Unbalanced);
        }
        parts.extend([Part::Template(template), Part::Text(text)]);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(&'static str);

    impl TemplateValues for Named {
        fn value(&self, directive: &Directive<'_>) -> Option<String> {
            (*directive == Directive::EntityName).then(|| self.0.to_owned())
        }
    }

    fn rendered(path: &str, name: &'static str, denies: bool) -> Option<Pattern> {
        render(path, denies, &Named(name), Substitution::default())
    }

    const PATH: &str = "kv/{{identity.entity.name}}/*";

    #[test]
    fn values_take_their_place() {
        assert_eq!(rendered(PATH, "alice", false), Some(Pattern::Prefix("kv/alice/".to_owned())));
        assert_eq!(rendered("kv/{{ identity.entity.id }}", "alice", false), None);
        assert_eq!(rendered("kv/{{nothing}}", "alice", true), None);
    }

    #[test]
    fn a_value_never_widens_a_path() {
        for name in ["*", "a*", "+", "a/b", "alice/../bob", "..", ".", "", "a\0"] {
            assert_eq!(rendered(PATH, name, false), None, "{name:?}");
        }
        let allowed = Substitution { allow_wildcards: true, allow_slashes: true };
        assert!(render(PATH, false, &Named("a/b"), allowed).is_some());
        assert!(render(PATH, false, &Named("a/../b"), allowed).is_none());
    }

    #[test]
    fn a_denial_is_not_lost_by_a_strange_value() {
        assert_eq!(rendered(PATH, "a/b", true), Some(Pattern::Prefix("kv/a/b/".to_owned())));
        assert!(rendered(PATH, "+", true).is_some());
        let deny = rendered("kv/{{identity.entity.name}}*", "+", true);
        assert_eq!(deny, Some(Pattern::Prefix("kv/".to_owned())));
    }

    #[test]
    fn braces_must_pair() {
        assert_eq!(check("kv/a"), Ok(false));
        assert_eq!(check("kv/{{x}}/{{y}}"), Ok(true));
        for path in ["{{", "}}", "a{{b", "a}}b{{c}}", "{{a}}b}}", "{{a{{b}}"] {
            assert_eq!(check(path), Err(Unbalanced), "{path}");
        }
    }
}
