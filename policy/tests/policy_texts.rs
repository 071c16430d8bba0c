//! Which texts are policies, and what is answered to those that are not.

mod support;

use coffer_policy::{Directive, Operation, Policy, Substitution, TemplateValues};
use proptest::prelude::*;
use std::sync::Arc;
use support::{acl, may, policy};

/// The messages of the reference server.
#[test]
fn mistakes_are_named() {
    for (text, message) in [
        ("path kv { ", "At 1:12: object expected closing RBRACE got: EOF"),
        ("path \"kv/*\" { capabilities = read }", "At 1:30: Unknown token: 1:30 IDENT read"),
        ("path \"kv/*\" { capabilities = [\"fly\"] }", "path \"kv/*\": path \"kv/*\": invalid capability \"fly\""),
        ("path \"a\" { capabilities = [\"READ\"] }", "path \"a\": path \"a\": invalid capability \"READ\""),
        ("path \"a\" { capabilities = [1] }", "path \"a\": path \"a\": invalid capability \"1\""),
        ("path \"a\" { policy = \"fly\" }", "path \"a\": path \"a\": invalid policy \"fly\""),
        (
            "path \"kv/*\" { colour = \"red\" }",
            "path \"kv/*\": 1 error occurred:\n\t* invalid key \"colour\" on line 1\n\n",
        ),
        (
            "path \"x\" {\n a = 1\n b = 2\n c { } }",
            "path \"x\": 3 errors occurred:\n\t* invalid key \"a\" on line 2\n\t* invalid key \"b\" on line 3\n\t* invalid key \"c\" on line 0\n\n",
        ),
        ("foo = \"bar\"", "1 error occurred:\n\t* invalid key \"foo\" on line 1\n\n"),
        ("{\"foo\": null}", "1 error occurred:\n\t* invalid key \"foo\" on line 1\n\n"),
        (
            "path = { \"a\" = { capabilities = [\"read\"] } }",
            "path \"path\": 1 error occurred:\n\t* invalid key \"a\" on line 1\n\n",
        ),
        (
            "path \"/kv/+*\" { capabilities = [\"read\"] }",
            "path \"/kv/+*\": path \"kv/+*\": invalid use of wildcards ('+*' is forbidden)",
        ),
        ("path \"{{x\" { }", "path \"{{x\": failed to validate policy templating: unbalanced templating characters"),
        (
            "path \"a\" { min_wrapping_ttl = \"x\" }",
            "path \"a\": error parsing min_wrapping_ttl: time: invalid duration \"x\"",
        ),
        (
            "path \"a\" { max_wrapping_ttl = [\"x\"] }",
            "path \"a\": error parsing max_wrapping_ttl: could not parse duration from input",
        ),
        (
            "path \"a\" { min_wrapping_ttl = \"10s\" max_wrapping_ttl = \"5s\" }",
            "path \"a\": max_wrapping_ttl cannot be less than min_wrapping_ttl",
        ),
        (
            "path \"a\" { expiration = \"x\" }",
            "path \"a\": path \"a\": invalid expiration time: could not parse string as date and time",
        ),
        (
            "path \"a\" { pagination_limit = \"x\" }",
            "path \"a\": path \"a\": strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            "path \"a\" { capabilities = \"read\" }",
            "path \"a\": path \"a\": At 1:27: capabilities must be a list of strings, not a string",
        ),
        (
            "path \"a\" { allowed_parameters = { \"x\" = \"y\" } }",
            "path \"a\": path \"a\": At 1:41: allowed_parameters must be an object of lists, not a string",
        ),
        ("path = \"x\"", "path \"path\": cannot check HCL keys: a block is wanted, not a string"),
    ] {
        let error = Policy::parse("p", text).expect_err(text).to_string();
        assert_eq!(error, format!("failed to parse policy: {message}"), "{text}");
    }
}

#[test]
fn restrictions_that_are_not_kept_are_refused() {
    for key in [
        "mfa_methods = [\"a\"]",
        "control_group { }",
        "list_scan_response_keys_filter_path = \"x\"",
        "subscribe_event_types = [\"*\"]",
    ] {
        let text = format!("path \"a\" {{ capabilities = [\"list\"]\n{key} }}");
        let error = Policy::parse("p", &text).expect_err(&text).to_string();
        assert!(error.contains("on line 2 restricts access in a way that is not supported"), "{error}");
    }
}

#[test]
fn texts_that_are_policies() {
    for (text, path, capabilities) in [
        ("", "a", &["deny"] as &[&str]),
        ("# nothing\n", "a", &["deny"]),
        ("name = \"x\"", "a", &["deny"]),
        (
            "path \"a\" { capabilities = [\"read\"], policy = \"write\" }",
            "a",
            &["create", "delete", "list", "read", "update"],
        ),
        ("path \"a\" { policy = \"read\" }", "a", &["list", "read"]),
        ("path \"a\" { policy = \"deny\" capabilities = [\"read\"] }", "a", &["deny"]),
        ("path \"a\" { policy = \"sudo\" }", "a", &["create", "delete", "list", "read", "sudo", "update"]),
        ("path \"a\" { capabilities = [\"read\"] capabilities = [\"list\"] }", "a", &["list", "read"]),
        ("path \"a\" { capabilities = [\"deny\", \"fly\"] }", "a", &["deny"]),
        ("path \"a\" \"b\" { capabilities = [\"read\"] }", "a", &["read"]),
        ("path \"a\" { capabilities = [\"read\"] expiration = \"2020-01-01T00:00:00Z\" }", "a", &["deny"]),
        ("path \"a\" { capabilities = [\"read\"] expiration = 99999999999 comment = 3 }", "a", &["read"]),
        ("path \"\" { capabilities = [\"read\"] }", "", &["read"]),
        ("path \"*\" { capabilities = [\"read\"] }", "any/thing", &["read"]),
        (r#"{"path": {"kv/j": {"capabilities": ["read"]}}}"#, "kv/j", &["read"]),
        (r#"{"path": [{"a": {"capabilities": ["read"]}}, {"b": {"policy": "deny"}}]}"#, "a", &["read"]),
        (r#"{"path": {"a": [{"capabilities": ["read"]}]}}"#, "a", &["read"]),
        (r#"{"path": {"a": {"allowed_parameters": {"x": []}}}}"#, "a", &["deny"]),
    ] {
        assert_eq!(acl(&[text]).capabilities(path), capabilities, "{text}");
    }
}

#[test]
fn truncated_json_is_refused() {
    for text in ["{", "{\"path\": ", "{\"path\": {\"a\": {\"capabilities\": [\"read\"]}"] {
        assert!(Policy::parse("p", text).is_err(), "{text}");
    }
}

struct Alice(&'static str);

impl TemplateValues for Alice {
    fn value(&self, directive: &Directive<'_>) -> Option<String> {
        match directive {
            Directive::EntityName => Some(self.0.to_owned()),
            Directive::AliasMetadata { accessor: "acc", key: "team" } => Some("ops".to_owned()),
            _ => None,
        }
    }
}

#[test]
fn templated_rules_hold_for_the_identity_they_are_rendered_for() {
    let templated = policy(
        "t",
        r#"path "kv/*" { capabilities = ["list"] }
        path "kv/{{identity.entity.name}}/*" { capabilities = ["read"] }
        path "kv/{{identity.entity.aliases.acc.metadata.team}}" { capabilities = ["read"] }
        path "kv/{{identity.entity.id}}" { capabilities = ["read"] }
        path "kv/shared/{{identity.entity.name}}" { capabilities = ["deny"] }"#,
    );
    assert!(templated.is_templated());
    let unrendered = coffer_policy::Acl::new([Arc::new(templated.clone())]);
    assert!(!may(&unrendered, Operation::Read, "kv/{{identity.entity.id}}"));
    let rendered = templated.render(&Alice("alice"), Substitution::default());
    assert!(!rendered.is_templated());
    let acl = coffer_policy::Acl::new([Arc::new(rendered)]);
    assert!(may(&acl, Operation::Read, "kv/alice/x"));
    assert!(may(&acl, Operation::Read, "kv/ops"));
    assert!(!may(&acl, Operation::Read, "kv/bob/x"));
    assert!(!may(&acl, Operation::List, "kv/shared/alice"));
    assert!(may(&acl, Operation::List, "kv/shared/bob"));
}

#[test]
fn a_name_with_wildcards_opens_nothing_and_still_is_denied() {
    let templated = policy(
        "t",
        r#"path "kv/{{identity.entity.name}}*" { capabilities = ["read"] }
        path "kv/x/*" { capabilities = ["list"] }
        path "kv/x/{{identity.entity.name}}" { capabilities = ["deny"] }"#,
    );
    for name in ["*", "+", "a/b", ".."] {
        let acl = coffer_policy::Acl::new([Arc::new(templated.render(&Alice(name), Substitution::default()))]);
        assert!(!may(&acl, Operation::Read, "kv/secret"), "{name}");
        assert!(!may(&acl, Operation::List, &format!("kv/x/{name}")), "{name}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        let _ = Policy::parse("p", &text);
    }

    #[test]
    fn any_path_block_is_answered(
        key in "(capabilities|policy|allowed_parameters|min_wrapping_ttl|pagination_limit|expiration|comment)",
        value in "([0-9\"a-z\\[\\]{},=. -]|\"\\*\"){0,12}",
        path in "[a-z/+*{}.]{0,12}",
    ) {
        if let Ok(policy) = Policy::parse("p", &format!("path \"{path}\" {{ {key} = {value} }}")) {
            let policy = policy.render(&Alice("+"), Substitution::default());
            let _ = coffer_policy::Acl::new([Arc::new(policy)]).capabilities(&path);
        }
    }
}
