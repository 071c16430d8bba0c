use std::collections::HashMap;

use crate::pattern::{Pattern, Priority, SegmentPattern};
use crate::permissions::Permissions;

/// Rules by their patterns.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub exact: HashMap<String, Permissions>,
    pub prefixes: HashMap<String, Permissions>,
    /// The lengths that prefixes have, longest first.
    prefix_lengths: Vec<usize>,
    /// Greatest priority first.
    pub segments: Vec<(SegmentPattern, Permissions)>,
}

impl Index {
    /// One rule a pattern.
    pub fn new(rules: impl Iterator<Item = (Pattern, Permissions)>) -> Self {
        let mut index = Self::default();
        for (pattern, permissions) in rules {
            match pattern {
                Pattern::Exact(path) => {
                    index.exact.insert(path, permissions);
                }
                Pattern::Prefix(prefix) => {
                    index.prefixes.insert(prefix, permissions);
                }
                Pattern::Segments(pattern) => index.segments.push((pattern, permissions)),
            }
        }
        index.prefix_lengths = index.prefixes.keys().map(String::len).collect();
        index.prefix_lengths.sort_unstable_by(|left, right| right.cmp(left));
        index.prefix_lengths.dedup();
        index.segments.sort_by(|(left, _), (right, _)| right.priority().cmp(&left.priority()));
        index
    }

    /// The one rule that decides on `path`.
    ///
    /// A listing addresses a folder. With its trailing slash it is the more specific path and goes
    /// first; only what no rule matches so is looked up without it. One thing is stricter than
    /// that: a rule that denies the path without the slash, and takes precedence over the one found
    /// with it, denies the listing too. Else `deny a/+` would not keep anyone from listing `a/b/`.
    pub fn find(&self, path: &str, is_listing: bool) -> Option<&Permissions> {
        let path = path.trim_start_matches('/');
        let bare = path.strip_suffix('/').filter(|_| is_listing);
        if let Some(permissions) = self.exact.get(path).or_else(|| self.exact.get(bare?)) {
            return Some(permissions);
        }
        let found = self.find_wildcard(path);
        let Some(bare) = bare else {
            return found.map(|(_, permissions)| permissions);
        };
        match (found, self.find_wildcard(bare)) {
            (Some((priority, _)), Some((bare_priority, Permissions::Deny))) if bare_priority > priority => {
                Some(&Permissions::Deny)
            }
            (Some((_, permissions)), _) | (None, Some((_, permissions))) => Some(permissions),
            (None, None) => None,
        }
    }

    fn find_wildcard(&self, path: &str) -> Option<(Priority<'_>, &Permissions)> {
        let prefix = self.longest_prefix(path);
        let prefix = prefix.map(|(prefix, permissions)| (Priority::of_prefix(prefix), permissions));
        if self.segments.is_empty() {
            return prefix;
        }
        let parts: Vec<&str> = path.split('/').collect();
        let segments = self.segments.iter().find(|(pattern, _)| pattern.matches(&parts));
        let segments = segments.map(|(pattern, permissions)| (pattern.priority(), permissions));
        match (prefix, segments) {
            (Some(prefix), Some(segments)) => Some(if prefix.0 > segments.0 { prefix } else { segments }),
            (prefix, segments) => prefix.or(segments),
        }
    }

    fn longest_prefix(&self, path: &str) -> Option<(&str, &Permissions)> {
        self.prefix_lengths.iter().find_map(|&length| {
            let (prefix, permissions) = self.prefixes.get_key_value(path.get(..length)?)?;
            Some((prefix.as_str(), permissions))
        })
    }
}
