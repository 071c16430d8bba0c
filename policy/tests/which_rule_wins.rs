//! Expected answers are those of the reference server for the same policies.

mod support;

use coffer_policy::{Denied, Operation};
use support::{acl, check, may};

const POLICY: &str = r#"
path "kv/*" { capabilities = ["list"] }
path "kv/a/*" { capabilities = ["read", "create"] }
path "kv/a/b/c" { capabilities = ["deny"] }
path "kv/team/+/secret" { capabilities = ["read", "update"] }
path "kv/pre*" { capabilities = ["create", "read"] }
path "sys/mounts" { capabilities = ["read"] }
"#;

#[test]
fn exact_then_longest_prefix_then_denied() {
    let acl = acl(&[POLICY]);
    assert_eq!(check(&acl, Operation::Read, "kv/a/b/c"), Err(Denied::Explicit));
    assert!(may(&acl, Operation::Read, "kv/a/none"));
    assert!(may(&acl, Operation::Create, "kv/a/new"));
    assert_eq!(check(&acl, Operation::Update, "kv/a/new"), Err(Denied::Capability));
    assert!(may(&acl, Operation::List, "kv/team"));
    assert!(!may(&acl, Operation::List, "kv/a"));
    assert!(may(&acl, Operation::Read, "kv/team/x/secret"));
    assert!(!may(&acl, Operation::Read, "kv/team/x/y/secret"));
    assert!(may(&acl, Operation::Create, "kv/prefix"));
    assert!(!may(&acl, Operation::Delete, "kv/prefix"));
    assert!(may(&acl, Operation::Read, "sys/mounts"));
    assert_eq!(check(&acl, Operation::Read, "sys/auth"), Err(Denied::NoRule));
    assert!(may(&acl, Operation::Help, "sys/auth"));
}

#[test]
fn capabilities_by_path() {
    let acl = acl(&[
        POLICY,
        r#"
path "zzh/w/+" { capabilities = ["read"] }
path "zzh/w/*" { capabilities = ["update"] }
path "zzh/v/+/b" { capabilities = ["read"] }
path "zzh/v/a/*" { capabilities = ["update"] }
path "zzh/u/+/b*" { capabilities = ["read"] }
path "zzh/u/+/+" { capabilities = ["update"] }
path "zzh/u/+/bc*" { capabilities = ["delete"] }
path "zzh/u/x+/b" { capabilities = ["list"] }
path "zzh/t/x+/+" { capabilities = ["list"] }
path "zzh/t/x*" { capabilities = ["read"] }
path "+/s" { capabilities = ["list"] }
path "+" { capabilities = ["read"] }
path "zzh/é*" { capabilities = ["read"] }
path "zzh/z" { }
path "zzh/z/*" { capabilities = ["read"] }
path "zzh/e/+" { capabilities = ["update", "sudo", "scan", "read", "patch", "list", "delete", "create"] }
path "/slash/a" { policy = "write" }
"#,
    ]);
    let all: &[&str] = &["create", "delete", "list", "patch", "read", "scan", "sudo", "update"];
    let cases: &[(&str, &[&str])] = &[
        ("kv/a/x", &["create", "read"]),
        ("kv/a/b/c", &["deny"]),
        ("kv/zzz", &["list"]),
        ("sys/seal", &["deny"]),
        ("zzh/w/x", &["read"]),
        ("zzh/w/", &["read"]),
        ("zzh/w", &["deny"]),
        ("zzh/w/x/", &["update"]),
        ("zzh/w/x/y", &["update"]),
        ("zzh/v/a/b", &["update"]),
        ("zzh/v/b/b", &["read"]),
        ("zzh/v//b", &["read"]),
        ("zzh/u/1/b", &["update"]),
        ("zzh/u/1/bcd", &["update"]),
        ("zzh/u/1/bc/d", &["delete"]),
        ("zzh/u/1/b/d", &["read"]),
        ("zzh/u/x+/b", &["list"]),
        ("zzh/u/1/b/", &["read"]),
        ("zzh/t/x+/y", &["list"]),
        ("zzh/t/x/y", &["read"]),
        ("a/s", &["list"]),
        ("a/s/", &["list"]),
        ("a", &["read"]),
        ("zzh/éa", &["read"]),
        ("zzh/z", &["deny"]),
        ("zzh/z/a", &["read"]),
        ("zzh/e/", all),
        ("zzh/e/x", all),
        ("zzh/e/x/", all),
        ("zzh/e", &["deny"]),
        ("/zzh/e/x", all),
        ("slash/a", &["create", "delete", "list", "read", "update"]),
    ];
    for (path, expected) in cases {
        assert_eq!(acl.capabilities(path), *expected, "{path}");
    }
}

/// A broader allow must not beat the denial of a folder, however the listing is spelt.
#[test]
fn listing_a_denied_folder() {
    let denying = acl(&[
        r#"path "foo/metadata/*" { capabilities = ["list", "scan", "read"] }"#,
        r#"path "foo/metadata/private/*" { capabilities = ["deny"] }"#,
    ]);
    for operation in [Operation::List, Operation::Scan] {
        for path in ["private", "private/", "private/x", "private/x/"] {
            let path = format!("foo/metadata/{path}");
            assert_eq!(check(&denying, operation, &path), Err(Denied::Explicit), "{path}");
        }
        assert!(may(&denying, operation, "foo/metadata/public"));
        assert!(may(&denying, operation, "foo/metadata/"));
    }
    for pattern in ["kv/private", "kv/+", "+/private", "kv/priv*"] {
        let acl = acl(&[&format!(
            "path \"kv/*\" {{ capabilities = [\"list\"] }} path \"{pattern}\" {{ capabilities = [\"deny\"] }}"
        )]);
        let expected = pattern != "+/private";
        assert_eq!(!may(&acl, Operation::List, "kv/private/"), expected, "{pattern}");
    }
}

#[test]
fn a_listing_finds_rules_with_and_without_the_slash() {
    let acl = acl(&[r#"path "a" { capabilities = ["list"] }
        path "b/" { capabilities = ["list"] }
        path "c/+" { capabilities = ["list"] }"#]);
    for path in ["a", "a/", "b", "b/", "c/x", "c/x/", "/a/"] {
        assert!(may(&acl, Operation::List, path), "{path}");
    }
    assert!(!may(&acl, Operation::Read, "a/"));
}

#[test]
fn root_protected_paths_need_sudo() {
    let text = r#"path "sys/raw/*" { capabilities = ["read"] }
        path "sys/raw/x" { capabilities = ["read", "sudo"] }"#;
    let acl = acl(&[text]);
    let check = |path| acl.check(&coffer_policy::Access { needs_sudo: true, ..support::access(Operation::Read, path) });
    assert_eq!(check("sys/raw/y"), Err(Denied::Sudo));
    assert!(check("sys/raw/x").unwrap().has_sudo);
}

#[test]
fn policies_add_up_and_one_denial_takes_all() {
    let read = r#"path "a" { capabilities = ["read"] }"#;
    let update = r#"path "/a" { capabilities = ["update"] }"#;
    let deny = r#"path "a" { capabilities = ["deny", "read"] }"#;
    let both = acl(&[read, update]);
    assert_eq!(both.capabilities("a"), ["read", "update"]);
    let granting = check(&both, Operation::Update, "a").unwrap().granted_by;
    assert_eq!(granting.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["p1"]);
    for texts in [[read, deny, update], [deny, read, update], [read, update, deny]] {
        assert_eq!(acl(&texts).capabilities("a"), ["deny"]);
    }
}

#[test]
fn what_the_ui_shows() {
    let acl = acl(&[POLICY]);
    let exact: Vec<_> = acl.exact_rules().into_iter().map(|rule| rule.path).collect();
    assert_eq!(exact, ["kv/a/b/c", "sys/mounts"]);
    let globs: Vec<_> = acl.glob_rules().into_iter().map(|rule| rule.path).collect();
    assert_eq!(globs, ["kv/", "kv/a/", "kv/pre"]);
    for (mount, expected) in [("kv/", true), ("sys/", true), ("secret/", false), ("auth/", false)] {
        assert_eq!(acl.has_any_access_below(mount), expected, "{mount}");
    }
}

#[test]
fn mounts_are_shown_where_something_below_is_granted() {
    for (pattern, capabilities, expected) in [
        ("team/kv/data/x", "read", true),
        ("team/kv/data/x", "deny", false),
        ("team/kv/da*", "read", true),
        ("team/*", "read", true),
        ("team/+/data/x", "read", true),
        ("+/+/data/*", "list", true),
        ("+/other/*", "list", false),
        ("team/+/*", "deny", false),
        ("team/kv", "read", true),
        ("team", "read", false),
        ("*", "read", true),
    ] {
        let text = format!("path \"{pattern}\" {{ capabilities = [\"{capabilities}\"] }}");
        assert_eq!(acl(&[&text]).has_any_access_below("team/kv/"), expected, "{text}");
    }
}
