//! The compiled engine against a slow evaluator that is written straight from the documentation.

mod support;

use std::cmp::Ordering;

use coffer_policy::{Acl, Operation, Policy};
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;
use support::may;

#[derive(Debug, Clone)]
struct Stanza {
    pattern: String,
    capabilities: Vec<&'static str>,
}

/// What is granted on `path`: all rules for the pattern that wins, or none.
fn naive(stanzas: &[Stanza], path: &str, listing: bool) -> Vec<&'static str> {
    let bare = path.strip_suffix('/').filter(|_| listing);
    let written = |pattern: &str| stanzas.iter().any(|stanza| stanza.pattern == pattern);
    if !path.ends_with('*') && !has_plus(path) && written(path) {
        return granted(stanzas, path);
    }
    if let Some(bare) = bare
        && !bare.ends_with('*')
        && !has_plus(bare)
        && written(bare)
    {
        return granted(stanzas, bare);
    }
    let with_slash = best(stanzas, path);
    let without_slash = bare.and_then(|bare| best(stanzas, bare));
    match (with_slash, without_slash) {
        (None, None) => vec![],
        (None, Some(pattern)) | (Some(pattern), None) => granted(stanzas, pattern),
        (Some(pattern), Some(other)) => {
            let denied = granted(stanzas, other) == ["deny"];
            if denied && compare(other, pattern) == Ordering::Greater {
                vec!["deny"]
            } else {
                granted(stanzas, pattern)
            }
        }
    }
}

fn granted(stanzas: &[Stanza], pattern: &str) -> Vec<&'static str> {
    let of_pattern = stanzas.iter().filter(|stanza| stanza.pattern == pattern);
    let mut all: Vec<_> = of_pattern.flat_map(|stanza| stanza.capabilities.clone()).collect();
    all.sort_unstable();
    all.dedup();
    if all.contains(&"deny") { vec!["deny"] } else { all }
}

fn best<'a>(stanzas: &'a [Stanza], path: &str) -> Option<&'a str> {
    let patterns = stanzas.iter().map(|stanza| stanza.pattern.as_str());
    patterns.filter(|pattern| is_wild(pattern) && matches(pattern, path)).max_by(|a, b| compare(a, b))
}

fn has_plus(pattern: &str) -> bool {
    pattern.split('/').enumerate().any(|(at, part)| if at == 0 { part == "+" } else { part.starts_with('+') })
}

fn is_wild(pattern: &str) -> bool {
    pattern.ends_with('*') || has_plus(pattern)
}

fn matches(pattern: &str, path: &str) -> bool {
    if !has_plus(pattern) {
        return pattern.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix));
    }
    match (pattern.split_once('/'), path.split_once('/')) {
        (Some((first, pattern)), Some((part, path))) => (first == "+" || first == part) && matches_rest(pattern, path),
        (None, None) => last(pattern, path),
        _ => false,
    }
}

/// As `matches`, where the `+` may lie behind already.
fn matches_rest(pattern: &str, path: &str) -> bool {
    match pattern.split_once('/') {
        None => last(pattern, path),
        Some((first, pattern)) => path
            .split_once('/')
            .is_some_and(|(part, path)| (first == "+" || first == part) && matches_rest(pattern, path)),
    }
}

fn last(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => !path.contains('/') && (pattern == "+" || pattern == path),
    }
}

/// The documentation's list: the first wildcard, ending in `*`, the number of `+`, length, order.
fn compare(a: &str, b: &str) -> Ordering {
    let first = |p: &str| if has_plus(p) { p.find('+').unwrap() } else { p.len() - 1 };
    let plus = |p: &str| if has_plus(p) { p.trim_end_matches('*').split('/').filter(|s| *s == "+").count() } else { 0 };
    let stem = |p: &str| p.strip_suffix('*').unwrap_or(p).to_owned();
    first(a)
        .cmp(&first(b))
        .then(b.ends_with('*').cmp(&a.ends_with('*')))
        .then(plus(b).cmp(&plus(a)))
        .then(stem(a).len().cmp(&stem(b).len()))
        .then(stem(a).cmp(&stem(b)))
}

fn segment() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "ab", "+", "", "a+", "private"])
}

fn pattern() -> impl Strategy<Value = String> {
    (proptest::collection::vec(segment(), 1..5), any::<bool>()).prop_filter_map("+*", |(parts, star)| {
        let pattern = format!("{}{}", parts.join("/"), if star { "*" } else { "" });
        let pattern = pattern.trim_start_matches('/').to_owned();
        (!pattern.contains("+*")).then_some(pattern)
    })
}

fn stanza() -> impl Strategy<Value = Stanza> {
    let capabilities = vec!["deny", "list", "read", "update", "create", "delete", "sudo", "scan", "patch"];
    (pattern(), proptest::collection::vec(select(capabilities), 0..4))
        .prop_map(|(pattern, capabilities)| Stanza { pattern, capabilities })
}

fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(vec!["a", "b", "ab", "a+", "private", "c", ""]), 1..5)
        .prop_map(|parts| parts.join("/").trim_start_matches('/').to_owned())
        .prop_filter("empty", |path| !path.is_empty())
}

fn engine(stanzas: &[Stanza], policies: usize) -> Acl {
    let mut texts = vec![String::new(); policies];
    for (number, stanza) in stanzas.iter().enumerate() {
        let Stanza { pattern, capabilities } = stanza;
        texts[number % policies] += &format!("path \"{pattern}\" {{ capabilities = {capabilities:?} }}\n");
    }
    Acl::new(texts.iter().map(|text| Arc::new(Policy::parse("p", text).unwrap())))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_random_policies_paths_and_operations(
        stanzas in proptest::collection::vec(stanza(), 0..12),
        paths in proptest::collection::vec(path(), 1..8),
        policies in 1usize..4,
    ) {
        let acl = engine(&stanzas, policies);
        for path in &paths {
            let expected = naive(&stanzas, path, true);
            let shown = if expected.is_empty() { vec!["deny"] } else { expected };
            prop_assert_eq!(acl.capabilities(path), shown, "{}", path);
            for (operation, name) in [
                (Operation::Read, "read"),
                (Operation::Update, "update"),
                (Operation::Create, "create"),
                (Operation::Delete, "delete"),
                (Operation::Patch, "patch"),
            ] {
                let expected = naive(&stanzas, path, false).contains(&name);
                prop_assert_eq!(may(&acl, operation, path), expected, "{} {}", name, path);
            }
            for (operation, name) in [(Operation::List, "list"), (Operation::Scan, "scan")] {
                let folder = if path.ends_with('/') { path.clone() } else { format!("{path}/") };
                let expected = naive(&stanzas, &folder, true).contains(&name);
                prop_assert_eq!(may(&acl, operation, path), expected, "{} {}", name, path);
            }
        }
    }

    #[test]
    fn a_denial_added_never_allows_more(
        stanzas in proptest::collection::vec(stanza(), 0..8),
        path in path(),
    ) {
        let denial = Stanza { pattern: path.clone(), capabilities: vec!["deny"] };
        let with_denial: Vec<_> = stanzas.iter().cloned().chain([denial]).collect();
        if !has_plus(&path) {
            prop_assert_eq!(engine(&with_denial, 2).capabilities(&path), ["deny"]);
        }
    }
}
