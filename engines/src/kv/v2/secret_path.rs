//! The path of a secret within its mount, and of a folder of secrets.

use coffer_core::Failure;

/// A path that can hold a secret: not empty, no empty, `.` or `..` segment. There is one spelling of each, so that a policy
/// on it can't be passed by with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SecretPath<'p>(&'p str);

impl<'p> SecretPath<'p> {
    /// `None` where nothing can ever be.
    pub(super) fn parse(text: &'p str) -> Option<Self> {
        segments_are_plain(text).then_some(Self(text))
    }

    /// For writes, which say what is wrong.
    pub(super) fn for_write(text: &'p str) -> Result<Self, Failure> {
        if text.is_empty() {
            return Err(Failure::invalid("missing path"));
        }
        if text.ends_with('/') {
            return Err(Failure::invalid("cannot write to a path ending in '/'"));
        }
        Self::parse(text).ok_or_else(|| Failure::invalid("relative paths not supported"))
    }

    pub(super) fn text(self) -> &'p str {
        self.0
    }

    pub(super) fn segments(self) -> impl Iterator<Item = &'p str> {
        self.0.split('/')
    }
}

/// A folder of secrets, with or without a slash at its end; empty: all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folder<'p>(&'p str);

impl<'p> Folder<'p> {
    /// `None` where nothing can ever be.
    pub(super) fn parse(text: &'p str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        (text.is_empty() || segments_are_plain(text)).then_some(Self(text))
    }

    pub(super) fn segments(self) -> impl Iterator<Item = &'p str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// The path of something in it.
    pub(super) fn join(self, name: &str) -> String {
        if self.0.is_empty() { name.to_owned() } else { format!("{}/{name}", self.0) }
    }
}

fn segments_are_plain(text: &str) -> bool {
    text.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_one_spelling() {
        for good in ["a", "a/b", "...", "a..b", "a/..b", "sp ace", "é"] {
            assert!(SecretPath::parse(good).is_some(), "{good}");
        }
        for bad in ["", "/", "a/", "/a", "a//b", ".", "..", "a/..", "../a", "a/./b"] {
            assert!(SecretPath::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_folder_may_end_in_a_slash() {
        assert_eq!(Folder::parse("a/b/"), Folder::parse("a/b"));
        assert_eq!(Folder::parse("").unwrap().segments().count(), 0);
        assert_eq!(Folder::parse("/"), Folder::parse(""));
        assert_eq!(Folder::parse("a//"), None);
        assert_eq!(Folder::parse("a/").unwrap().join("x"), "a/x");
        assert_eq!(Folder::parse("").unwrap().join("x"), "x");
    }
}
