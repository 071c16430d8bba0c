//! Conditions of a rule: parameters, wrapping, limits. Answers as the reference server gives them.

mod support;

use std::time::Duration;

use coffer_policy::{Access, Acl, Denied, Operation};
use serde_json::json;
use support::{access, acl, may, may_send};

fn sends(acl: &Acl, path: &str, cases: &[(&str, bool)]) {
    for (body, expected) in cases {
        assert_eq!(may_send(acl, Operation::Update, path, body), *expected, "{path} {body}");
    }
}

#[test]
fn the_three_kinds_of_parameters_together() {
    let acl = acl(&[r#"path "kv/only" { capabilities = ["create", "update"]
        allowed_parameters = { "ttl" = ["1h", "2*"] "free" = [] }
        denied_parameters = { "bad" = [] } required_parameters = ["ttl"] }"#]);
    sends(
        &acl,
        "kv/only",
        &[
            (r#"{"ttl": "1h", "free": "anything"}"#, true),
            (r#"{"ttl": "20m"}"#, true),
            (r#"{"ttl": "3h"}"#, false),
            (r#"{"free": "x"}"#, false),
            (r#"{"ttl": "1h", "bad": 1}"#, false),
            (r#"{"ttl": "1h", "other": 1}"#, false),
            (r#"{"ttl": "1h", "free": {"bad": 1}}"#, true),
            ("{}", false),
        ],
    );
    assert!(!may(&acl, Operation::Update, "kv/only"));
}

#[test]
fn allowed_values() {
    let acl = acl(&[r#"
        path "n" { capabilities = ["update"] allowed_parameters = {
            "n" = [1] "S" = ["*"] "t" = ["a*", "*b", "*c*"] "b" = [true] "l" = [["x", "y"]] "q" = ["1"] } }
        path "star" { capabilities = ["update"] allowed_parameters = { "*" = ["v"] "k" = ["1"] } }
        path "star2" { capabilities = ["update"] allowed_parameters = { "*" = ["v"] } }
        path "none" { capabilities = ["update"] allowed_parameters = {} }"#]);
    sends(
        &acl,
        "n",
        &[
            (r#"{"n": 1}"#, false),
            (r#"{"n": "1"}"#, false),
            (r#"{"q": 1}"#, false),
            (r#"{"s": "foo"}"#, false),
            (r#"{"s": "*"}"#, true),
            (r#"{"T": "abc"}"#, true),
            (r#"{"t": "xb"}"#, true),
            (r#"{"t": "xcx"}"#, true),
            (r#"{"b": true}"#, true),
            (r#"{"b": "true"}"#, false),
            (r#"{"l": ["x", "y"]}"#, true),
            (r#"{"l": ["x"]}"#, false),
            (r#"{"l": "x"}"#, false),
        ],
    );
    sends(&acl, "star", &[(r#"{"k": "1"}"#, true), (r#"{"k": "2"}"#, false), (r#"{"j": "1"}"#, true)]);
    sends(&acl, "star2", &[(r#"{"j": "1"}"#, true)]);
    sends(&acl, "none", &[(r#"{"j": "1"}"#, true)]);
}

#[test]
fn denied_values() {
    let acl = acl(&[r#"
        path "d" { capabilities = ["update"] denied_parameters = {
            "n" = [1] "s" = ["*"] "Big" = ["x"] "l" = ["x"] "b" = ["true"] } }
        path "all" { capabilities = ["update"] denied_parameters = { "*" = [] } }"#]);
    sends(
        &acl,
        "d",
        &[
            (r#"{"n": 2}"#, true),
            (r#"{"s": "foo"}"#, true),
            (r#"{"BIG": "x"}"#, false),
            (r#"{"BIG": "y"}"#, true),
            (r#"{"l": ["x"]}"#, true),
            (r#"{"b": true}"#, true),
            // Stricter than Vault, which never takes a number for a number.
            (r#"{"n": 1}"#, false),
            (r#"{"n": 1.0}"#, false),
        ],
    );
    sends(&acl, "all", &[("{}", true), (r#"{"a": 1}"#, false)]);
}

#[test]
fn required_names_are_looked_up_in_lower_case() {
    let acl = acl(&[r#"path "r" { capabilities = ["update", "delete"] required_parameters = ["TTL"] }"#]);
    sends(&acl, "r", &[(r#"{"TTL": 1}"#, false), (r#"{"ttl": 1}"#, true)]);
    assert!(may(&acl, Operation::Delete, "r"));
}

#[test]
fn parameters_of_several_policies_merge() {
    let one = r#"path "a" { capabilities = ["update"] allowed_parameters = { "x" = ["1"] "y" = ["1"] }
        required_parameters = ["x"] }"#;
    let two = r#"path "a" { capabilities = ["update"] allowed_parameters = { "x" = ["2"] "y" = [] "z" = [] } }"#;
    let plain = r#"path "a" { capabilities = ["update"] }"#;
    let cases = [
        (r#"{"x": "1"}"#, true),
        (r#"{"x": "2", "y": "9", "z": "9"}"#, true),
        (r#"{"x": "3"}"#, false),
        (r#"{"x": "1", "w": "1"}"#, false),
        (r#"{"y": "1"}"#, false),
    ];
    sends(&acl(&[one, two]), "a", &cases);
    sends(&acl(&[two, plain, one]), "a", &cases);
    let denying = r#"path "a" { capabilities = ["update"] denied_parameters = { "z" = ["5"] } }"#;
    sends(&acl(&[one, two, denying]), "a", &[(r#"{"x": "1", "z": "5"}"#, false)]);
}

#[test]
fn wrapping_bounds() {
    let text = |bounds: &str| format!("path \"a\" {{ capabilities = [\"read\"] {bounds} }}");
    let may_wrap = |acl: &Acl, seconds: Option<u64>| {
        acl.check(&Access { wrap_ttl: seconds.map(Duration::from_secs), ..access(Operation::Read, "a") })
    };
    let both = acl(&[&text("min_wrapping_ttl = \"1m\" max_wrapping_ttl = 90")]);
    for (seconds, expected) in [(None, false), (Some(59), false), (Some(60), true), (Some(90), true), (Some(91), false)]
    {
        assert_eq!(may_wrap(&both, seconds).is_ok(), expected, "{seconds:?}");
    }
    assert_eq!(may_wrap(&both, None), Err(Denied::WrappingTtl));
    // The lesser of each bound counts.
    let merged = acl(&[
        &text("max_wrapping_ttl = 90"),
        &text("max_wrapping_ttl = 60 min_wrapping_ttl = 50"),
        &text("min_wrapping_ttl = 40"),
    ]);
    for (seconds, expected) in [(39, false), (40, true), (60, true), (61, false)] {
        assert_eq!(may_wrap(&merged, Some(seconds)).is_ok(), expected, "{seconds}");
    }
    let contradicting = acl(&[&text("max_wrapping_ttl = 10"), &text("min_wrapping_ttl = 20")]);
    assert!(may_wrap(&contradicting, Some(15)).is_err());
    assert!(may_wrap(&acl(&[&text("min_wrapping_ttl = \"-5s\"")]), None).is_ok());
}

#[test]
fn limits_of_listings() {
    let text = |more: &str| format!("path \"a/*\" {{ capabilities = [\"list\"] {more} }}");
    let limit = |acl: &Acl, limit: serde_json::Value| {
        let parameters = json!({ "limit": limit });
        let allowed = acl.check(&Access { parameters: parameters.as_object(), ..access(Operation::List, "a/b") });
        allowed.map(|allowed| allowed.limit)
    };
    let ten = acl(&[&text("pagination_limit = 10"), &text("pagination_limit = 20")]);
    for (asked, expected) in [
        (json!("max"), Ok(Some(10))),
        (json!(0), Ok(Some(10))),
        (json!("0"), Ok(Some(10))),
        (json!("10"), Ok(None)),
        (json!(11), Err(Denied::Limit)),
        (json!(-1), Err(Denied::Limit)),
        (json!("x"), Err(Denied::Limit)),
    ] {
        assert_eq!(limit(&ten, asked.clone()), expected, "{asked}");
    }
    assert_eq!(ten.check(&access(Operation::List, "a/b")).unwrap().limit, Some(10));
    let required = acl(&[&text("pagination_limit = 10 required_parameters = [\"limit\"]")]);
    assert_eq!(required.check(&access(Operation::List, "a/b")), Err(Denied::Limit));
    let unbounded = acl(&[&text("")]);
    assert_eq!(limit(&unbounded, json!("max")), Ok(Some(0)));
    assert_eq!(limit(&unbounded, json!(5)), Ok(None));
}
