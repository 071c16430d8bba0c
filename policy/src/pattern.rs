use std::cmp::Reverse;

/// Which paths a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Pattern {
    Exact(String),
    /// Everything that starts so; the `*` is not kept.
    Prefix(String),
    Segments(SegmentPattern),
}

/// A pattern with at least one `+`, which stands for any one segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SegmentPattern {
    /// As written, the `*` included.
    pub text: String,
    segments: Vec<Segment>,
    is_prefix: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Any,
    Literal(String),
}

/// Which of several matching patterns decides: the greatest. In this order: the first wildcard
/// comes later, it is no prefix, it has fewer `+` segments, it is longer, it sorts later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Priority<'a> {
    first_wildcard: usize,
    is_whole: bool,
    any_segments: Reverse<usize>,
    length: usize,
    text: &'a str,
}

/// `+*`: a wildcard segment cannot be a prefix too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlusStar;

impl Pattern {
    /// Reads a pattern as policies write it. One leading slash is dropped.
    pub fn parse(written: &str) -> Result<Self, PlusStar> {
        let written = written.strip_prefix('/').unwrap_or(written);
        if written.contains("+*") {
            return Err(PlusStar);
        }
        if written == "+" || written.starts_with("+/") || written.contains("/+") {
            return Ok(Self::Segments(SegmentPattern::new(written)));
        }
        Ok(match written.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(written.to_owned()),
        })
    }
}

impl SegmentPattern {
    fn new(written: &str) -> Self {
        let without_star = written.strip_suffix('*');
        let segments = without_star.unwrap_or(written).split('/').map(|segment| match segment {
            "+" => Segment::Any,
            literal => Segment::Literal(literal.to_owned()),
        });
        Self { text: written.to_owned(), segments: segments.collect(), is_prefix: without_star.is_some() }
    }

    /// Whether the path that splits into `path` is one of this pattern's.
    pub fn matches(&self, path: &[&str]) -> bool {
        let Some((last, init)) = self.segments.split_last() else {
            return false;
        };
        if path.len() < self.segments.len() || (!self.is_prefix && path.len() > self.segments.len()) {
            return false;
        }
        let last_matches = match last {
            Segment::Any => true,
            Segment::Literal(literal) if self.is_prefix => path[init.len()].starts_with(literal.as_str()),
            Segment::Literal(literal) => path[init.len()] == literal,
        };
        last_matches && starts_with(init, path)
    }

    /// Whether a path below the folder that splits into `folder` can be one of this pattern's.
    pub fn reaches_below(&self, folder: &[&str]) -> bool {
        let shared = self.segments.len().min(folder.len());
        self.segments.len() >= folder.len() && starts_with(&self.segments[..shared], folder)
    }

    pub fn priority(&self) -> Priority<'_> {
        let text = self.text.strip_suffix('*').filter(|_| self.is_prefix).unwrap_or(&self.text);
        let any = self.segments.iter().filter(|segment| **segment == Segment::Any).count();
        Priority {
            first_wildcard: self.text.find('+').unwrap_or(self.text.len()),
            is_whole: !self.is_prefix,
            any_segments: Reverse(any),
            length: text.len(),
            text,
        }
    }
}

impl<'a> Priority<'a> {
    pub fn of_prefix(prefix: &'a str) -> Self {
        Self {
            first_wildcard: prefix.len(),
            is_whole: false,
            any_segments: Reverse(0),
            length: prefix.len(),
            text: prefix,
        }
    }
}

/// Whether each of `segments` matches the part of `path` in its place; `path` is not shorter.
fn starts_with(segments: &[Segment], path: &[&str]) -> bool {
    segments.iter().zip(path).all(|(segment, part)| match segment {
        Segment::Any => true,
        Segment::Literal(literal) => literal == part,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(written: &str) -> SegmentPattern {
        match Pattern::parse(written) {
            Ok(Pattern::Segments(pattern)) => pattern,
            other => panic!("{written}: {other:?}"),
        }
    }

    fn matches(written: &str, path: &str) -> bool {
        segments(written).matches(&path.split('/').collect::<Vec<_>>())
    }

    #[test]
    fn patterns_are_told_apart() {
        assert_eq!(Pattern::parse("/a/b"), Ok(Pattern::Exact("a/b".to_owned())));
        assert_eq!(Pattern::parse("a*b"), Ok(Pattern::Exact("a*b".to_owned())));
        assert_eq!(Pattern::parse("a/b+c*"), Ok(Pattern::Prefix("a/b+c".to_owned())));
        assert_eq!(Pattern::parse("*"), Ok(Pattern::Prefix(String::new())));
        assert_eq!(Pattern::parse("a/+*"), Err(PlusStar));
    }

    #[test]
    fn a_plus_is_any_one_segment() {
        assert!(matches("a/+/c", "a/b/c"));
        assert!(matches("a/+/c", "a//c"));
        assert!(!matches("a/+/c", "a/b/b/c"));
        assert!(!matches("a/+", "a"));
        assert!(matches("a/+", "a/"));
        assert!(matches("+", "x"));
        assert!(!matches("+", "x/y"));
    }

    #[test]
    fn a_star_behind_segments_matches_what_starts_so() {
        assert!(matches("a/+/b*", "a/x/bc/d"));
        assert!(!matches("a/+/b*", "a/x"));
        assert!(!matches("a/+/b*", "a/x/c"));
        assert!(matches("+/*", "a/"));
        assert!(!matches("+/*", "a"));
        assert!(matches("q/+foo*", "q/+foobar"));
        assert!(!matches("q/+foo*", "q/xfoobar"));
    }
}
