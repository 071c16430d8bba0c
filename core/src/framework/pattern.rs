//! Path patterns: `roles/{name}/x`, `data/{path...}`, `login/{user}?` for an optional last part.

/// A pattern of literal segments and captures. `{name}` is one segment; `{path...}` all that is left, at least one
/// character; `{path...?}` may be empty. A pattern that ends in `/?` is also matched with a trailing slash.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: &'static str,
    segments: Vec<Segment>,
    slash: TrailingSlash,
    suffix: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    Literal(&'static str),
    One(&'static str),
    Rest { name: &'static str, may_be_empty: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrailingSlash {
    Refused,
    Optional,
}

/// What the captures of a pattern stood for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures<'p>(Vec<(&'static str, &'p str)>);

impl<'p> Captures<'p> {
    /// The text captured under `name`.
    pub fn value(&self, name: &str) -> Option<&'p str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    /// All captures in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &'p str)> + '_ {
        self.0.iter().copied()
    }
}

impl Pattern {
    /// Reads a pattern.
    pub fn new(text: &'static str) -> Self {
        let (body, slash) = match text.strip_suffix("/?") {
            Some(body) => (body, TrailingSlash::Optional),
            None => (text, TrailingSlash::Refused),
        };
        let segments = body.split('/').map(Segment::parse).collect();
        Self { text, segments, slash, suffix: "" }
    }

    /// The same, for paths that end in `suffix` alone: what a capture of the rest can't say by itself.
    #[must_use]
    pub fn with_suffix(mut self, suffix: &'static str) -> Self {
        self.suffix = suffix;
        self
    }

    /// What paths end in besides [`Pattern::text`]; mostly empty.
    pub fn suffix(&self) -> &'static str {
        self.suffix
    }

    /// The pattern as written, for path help.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// The pattern as a regular expression without its anchors, for people to read.
    pub fn regex(&self) -> String {
        let segment = |segment: &Segment| match segment {
            Segment::Literal(literal) => (*literal).to_owned(),
            Segment::One(name) => format!("(?P<{name}>[^/]+)"),
            Segment::Rest { name, may_be_empty: false } => format!("(?P<{name}>.+)"),
            Segment::Rest { name, may_be_empty: true } => format!("(?P<{name}>.*)"),
        };
        let slash = if self.slash == TrailingSlash::Optional { "/?" } else { "" };
        format!("{}{slash}", self.segments.iter().map(segment).collect::<Vec<_>>().join("/"))
    }

    /// The pattern as OpenAPI writes paths: `data/{path}`.
    pub fn template(&self) -> String {
        let segment = |segment: &Segment| match segment {
            Segment::Literal(literal) => (*literal).to_owned(),
            Segment::One(name) | Segment::Rest { name, .. } => format!("{{{name}}}"),
        };
        self.segments.iter().map(segment).collect::<Vec<_>>().join("/")
    }

    /// Matches a path relative to the mount.
    pub fn matches<'p>(&self, path: &'p str) -> Option<Captures<'p>> {
        let path = path.strip_suffix(self.suffix)?;
        let path = match self.slash {
            TrailingSlash::Optional => path.strip_suffix('/').unwrap_or(path),
            TrailingSlash::Refused => path,
        };
        let mut captures = Captures::default();
        let mut rest = Some(path);
        for segment in &self.segments {
            match segment {
                Segment::Rest { name, may_be_empty } => {
                    let value = match (rest, may_be_empty) {
                        (Some(value), _) if !value.is_empty() => value,
                        (_, true) => "",
                        _ => return None,
                    };
                    captures.0.push((name, value));
                    return Some(captures);
                }
                Segment::Literal(literal) => {
                    let (head, tail) = split(rest?);
                    if head != *literal {
                        return None;
                    }
                    rest = tail;
                }
                Segment::One(name) => {
                    let (head, tail) = split(rest?);
                    if head.is_empty() {
                        return None;
                    }
                    captures.0.push((name, head));
                    rest = tail;
                }
            }
        }
        rest.is_none().then_some(captures)
    }
}

impl Segment {
    fn parse(text: &'static str) -> Self {
        let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
            return Self::Literal(text);
        };
        if let Some(name) = inner.strip_suffix("...?") {
            Self::Rest { name, may_be_empty: true }
        } else if let Some(name) = inner.strip_suffix("...") {
            Self::Rest { name, may_be_empty: false }
        } else {
            Self::One(inner)
        }
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((head, tail)) => (head, Some(tail)),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured<'p>(pattern: &'static str, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
        Pattern::new(pattern).matches(path).map(|captures| captures.iter().collect())
    }

    #[test]
    fn segments_match_whole() {
        assert_eq!(captured("role/{name}", "role/web"), Some(vec![("name", "web")]));
        for path in ["role", "role/", "role/web/x", "roles/web", "role/web/"] {
            assert_eq!(captured("role/{name}", path), None, "{path}");
        }
    }

    #[test]
    fn the_rest_takes_slashes_along() {
        assert_eq!(captured("data/{path...}", "data/a/b/"), Some(vec![("path", "a/b/")]));
        assert_eq!(captured("data/{path...}", "data/"), None);
        assert_eq!(captured("metadata/{path...?}", "metadata/"), Some(vec![("path", "")]));
        assert_eq!(captured("metadata/{path...?}", "metadata"), Some(vec![("path", "")]));
        assert_eq!(captured("{path...?}", ""), Some(vec![("path", "")]));
    }

    #[test]
    fn a_pattern_is_written_in_the_notations_of_others() {
        let written = |text| (Pattern::new(text).regex(), Pattern::new(text).template());
        assert_eq!(written("role/{name}/?"), ("role/(?P<name>[^/]+)/?".into(), "role/{name}".into()));
        assert_eq!(written("data/{path...?}"), ("data/(?P<path>.*)".into(), "data/{path}".into()));
    }

    #[test]
    fn a_trailing_slash_is_taken_where_allowed() {
        assert_eq!(captured("roles/?", "roles/"), Some(vec![]));
        assert_eq!(captured("roles/?", "roles"), Some(vec![]));
        assert_eq!(captured("roles", "roles/"), None);
    }
}
