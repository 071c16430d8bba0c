use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::facts::*;

/// Lines of OpenBao 2.7.2 with their HMACs replaced by `#`.
mod golden {
    pub(super) const WRAPPED: &str = r##"{"time":"2026-11-23T20:29:28.044514358Z","type":"response","auth":{"client_token":"#","accessor":"#","display_name":"token","policies":["root"],"token_policies":["root"],"policy_results":{"allowed":true,"granting_policies":[{"name":"root","namespace_id":"root","type":"acl"}]},"token_type":"service","token_issue_time":"2026-11-23T20:29:26Z"},"request":{"id":"19d231f0","client_id":"0DHqvq2D","operation":"update","mount_point":"auth/token/","mount_type":"token","mount_accessor":"auth_token_d604be3c","mount_running_version":"v2.7.2+builtin.bao","mount_class":"auth","client_token":"#","client_token_accessor":"#","namespace":{"id":"root"},"path":"auth/token/create","data":{"display_name":"#","num_uses":0,"period":"#","renewable":true},"remote_address":"127.0.0.1","remote_port":54334,"wrap_ttl":60},"response":{"mount_point":"auth/token/","mount_type":"token","mount_accessor":"auth_token_d604be3c","mount_running_plugin_version":"v2.7.2+builtin.bao","mount_class":"auth","wrap_info":{"ttl":60,"token":"#","accessor":"#","creation_time":"2026-11-23T20:29:28.044140954Z","creation_path":"auth/token/create","wrapped_accessor":"#"}}}"##;
    pub(super) const LOGIN: &str = r##"{"time":"2026-11-23T20:36:03.166281628Z","type":"response","auth":{"client_token":"#","accessor":"#","display_name":"userpass-joe","policies":["default"],"token_policies":["default"],"metadata":{"username":"joe"},"entity_id":"2f493f81","entity_created":true,"token_type":"service","token_ttl":2764800},"request":{"id":"59892e0a","operation":"update","mount_point":"auth/userpass/","mount_type":"userpass","mount_accessor":"auth_userpass_a2d0321c","mount_running_version":"v2.7.2+builtin.bao","mount_class":"auth","namespace":{"id":"root"},"path":"auth/userpass/login/joe","data":{"password":"#"},"remote_address":"127.0.0.1","remote_port":59872},"response":{"auth":{"client_token":"#","accessor":"#","display_name":"userpass-joe","policies":["default"],"token_policies":["default"],"metadata":{"username":"joe"},"entity_id":"2f493f81","token_type":"service","token_ttl":2764800},"mount_point":"auth/userpass/","mount_type":"userpass","mount_accessor":"auth_userpass_a2d0321c","mount_running_plugin_version":"v2.7.2+builtin.bao","mount_class":"auth"}}"##;
    pub(super) const HEADERS: &str = r##"{"time":"2026-11-23T20:36:02.948852739Z","type":"request","auth":{"token_type":"default"},"request":{"id":"8e1af763","operation":"read","mount_point":"sys/","mount_type":"system","mount_running_version":"v2.7.2+builtin.bao","mount_class":"secret","namespace":{"id":"root"},"path":"sys/mounts","data":{"a":"#","c":"#"},"remote_address":"127.0.0.1","remote_port":59828,"headers":{"x-bar":["\u003c\u0026\u003e\""],"x-foo":["#","#"]}}}"##;
    pub(super) const VALUES: &str = r##"{"data":{"a":{"b":[1,"#",true,null,{"z":"#"}]},"big":12345678901234567000,"em":"#","l":[],"m":{},"n":1.5,"t":"2020-01-01T00:00:00Z"},"options":{}}"##;
    pub(super) const DENIED: &str = r##"{"time":"2026-11-23T20:29:28.068360265Z","type":"request","auth":{"token_type":"default"},"request":{"id":"2d7aaf4e","operation":"read","mount_point":"secret/","mount_type":"kv","mount_running_version":"v2.7.2+builtin.bao","mount_class":"secret","client_token":"#","namespace":{"id":"root"},"path":"secret/data/x","remote_address":"127.0.0.1","remote_port":54358},"error":"permission denied"}"##;
}

fn hidden() -> Format {
    Format {
        salt: Salt::from_bytes(&[7; 32]).unwrap(),
        raw: false,
        hmac_accessor: true,
        elide_list_responses: false,
        syntax: Syntax::Json,
        prefix: String::new(),
    }
}

fn raw() -> Format {
    Format { raw: true, ..hidden() }
}

fn printed(format: &Format, facts: &LogFacts<'_>, response: Option<&ResponseFacts<'_>>, now: i128) -> String {
    let rules = [("X-Foo", true), ("x-bar", false), ("x-none", false)].into_iter().collect();
    let line = line(format, &rules, facts, response, UnixNanos(now)).unwrap();
    let text = String::from_utf8(line.to_vec()).unwrap();
    text.strip_suffix('\n').unwrap().to_owned()
}

/// With `#` in place of each HMAC.
fn outline(line: &str) -> String {
    let mut parts = line.split("hmac-sha256:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |line, part| line + "#" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|text| (*text).to_owned()).collect()
}

fn mount<'a>(point: &'a str, kind: &'a str, accessor: &'a str, class: &'a str) -> MountFacts<'a> {
    MountFacts { point, kind, accessor, class, running_version: "v2.7.2+builtin.bao", ..MountFacts::default() }
}

const SECOND: i128 = 1_000_000_000;

#[test]
fn a_wrapped_answer() {
    let root = texts(&["root"]);
    let auth = AuthFacts {
        client_token: "s.token",
        accessor: "accessor",
        display_name: "token",
        policies: &root,
        token_policies: &root,
        policy_results: Some(PolicyResults { allowed: true, granting_policies: &["root"] }),
        token_type: "service",
        token_issue_time: Some(UnixNanos(1_795_465_766 * SECOND + 5)),
        ..AuthFacts::default()
    };
    let data = object(json!({"renewable": true, "period": "0s", "num_uses": 0, "display_name": ""}));
    let request = RequestFacts {
        id: "19d231f0",
        client_id: "0DHqvq2D",
        operation: "update",
        mount: mount("auth/token/", "token", "auth_token_d604be3c", "auth"),
        client_token: "s.token",
        client_token_accessor: "accessor",
        path: "auth/token/create",
        data: Some(&data),
        remote_address: "127.0.0.1",
        remote_port: 54334,
        wrap_ttl: 60,
        ..RequestFacts::default()
    };
    let wrap = WrapFacts {
        ttl: 60,
        token: "s.wrap",
        accessor: "wrap",
        creation_time: UnixNanos(1_795_465_768_044_140_954),
        creation_path: "auth/token/create",
        wrapped_accessor: "inner",
    };
    let facts = LogFacts { auth: Some(&auth), request, ..LogFacts::default() };
    let response = ResponseFacts { wrap_info: Some(wrap), ..ResponseFacts::default() };
    let line = printed(&hidden(), &facts, Some(&response), 1_795_465_768_044_514_358);
    assert_eq!(outline(&line), golden::WRAPPED);
    let in_clear = Format { hmac_accessor: false, ..hidden() };
    let line = printed(&in_clear, &facts, Some(&response), 0);
    for accessor in [
        r#""accessor":"accessor""#,
        r#""client_token_accessor":"accessor""#,
        r#""accessor":"wrap""#,
        r#""wrapped_accessor":"inner""#,
    ] {
        assert!(line.contains(accessor), "{accessor}");
    }
    assert!(!line.contains("s.token") && !line.contains("s.wrap"));
    let line = printed(&raw(), &facts, Some(&response), 0);
    assert!(line.contains(r#""client_token":"s.token""#) && line.contains(r#""token":"s.wrap""#));
}

#[test]
fn a_login() {
    let default = texts(&["default"]);
    let metadata = [("username".to_owned(), "joe".to_owned())];
    let auth = AuthFacts {
        client_token: "s.token",
        accessor: "accessor",
        display_name: "userpass-joe",
        policies: &default,
        token_policies: &default,
        metadata: &metadata,
        entity_id: "2f493f81",
        entity_created: true,
        token_type: "service",
        token_ttl: 2_764_800,
        ..AuthFacts::default()
    };
    let data = object(json!({"password": "pp"}));
    let request = RequestFacts {
        id: "59892e0a",
        operation: "update",
        mount: mount("auth/userpass/", "userpass", "auth_userpass_a2d0321c", "auth"),
        path: "auth/userpass/login/joe",
        data: Some(&data),
        remote_address: "127.0.0.1",
        remote_port: 59872,
        ..RequestFacts::default()
    };
    let facts = LogFacts { auth: Some(&auth), request, ..LogFacts::default() };
    let response = ResponseFacts { auth: Some(&auth), ..ResponseFacts::default() };
    let line = printed(&hidden(), &facts, Some(&response), 1_795_466_163_166_281_628);
    assert_eq!(outline(&line), golden::LOGIN);
}

#[test]
fn headers_that_are_named() {
    let headers = [("x-foo", "a"), ("x-other", "o"), ("x-bar", "<&>\""), ("x-foo", "b")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let data = object(json!({"c": "", "a": "<b>"}));
    let request = RequestFacts {
        id: "8e1af763",
        operation: "read",
        mount: mount("sys/", "system", "", "secret"),
        path: "sys/mounts",
        data: Some(&data),
        remote_address: "127.0.0.1",
        remote_port: 59828,
        headers: &headers,
        ..RequestFacts::default()
    };
    let facts = LogFacts { request, ..LogFacts::default() };
    let line = printed(&hidden(), &facts, None, 1_795_466_162_948_852_739);
    assert_eq!(outline(&line), golden::HEADERS);
    assert!(line.contains(&hidden().salt.hash("b")));
    assert!(printed(&raw(), &facts, None, 0).contains(&hidden().salt.hash("b")));
    let unnamed = LogFacts { request: RequestFacts { headers: &headers[1..2], ..request }, ..facts };
    assert!(!printed(&hidden(), &unnamed, None, 0).contains("headers"));
}

#[test]
fn a_denied_request() {
    let request = RequestFacts {
        id: "2d7aaf4e",
        operation: "read",
        mount: mount("secret/", "kv", "", "secret"),
        client_token: "bad",
        path: "secret/data/x",
        remote_address: "127.0.0.1",
        remote_port: 54358,
        ..RequestFacts::default()
    };
    let facts = LogFacts { request, error: "permission denied", ..LogFacts::default() };
    let line = printed(&hidden(), &facts, None, 1_795_465_768_068_360_265);
    assert_eq!(outline(&line), golden::DENIED);
}

fn data_of(line: &str, part: &str) -> Value {
    serde_json::from_str::<Value>(line).unwrap()[part]["data"].take()
}

fn log_data(format: &Format, data: &Map<String, Value>, clear: &[String], operation: &str) -> String {
    let request = RequestFacts { data: Some(data), operation, ..RequestFacts::default() };
    let facts =
        LogFacts { request, non_hmac_request_keys: clear, non_hmac_response_keys: clear, ..LogFacts::default() };
    let response = ResponseFacts { data: Some(data), ..ResponseFacts::default() };
    printed(format, &facts, Some(&response), 0)
}

#[test]
fn every_text_of_data_is_hidden_but_times() {
    let data = object(json!({
        "options": {},
        "data": {"n": 1.5, "m": {}, "l": [], "em": "", "t": "2020-01-01T00:00:00Z",
            "big": 12345678901234567000_u64, "a": {"b": [1, "x", true, null, {"z": "<&>"}]}},
    }));
    let line = log_data(&hidden(), &data, &[], "read");
    assert_eq!(outline(&line).matches(golden::VALUES).count(), 2);
    assert_eq!(data_of(&line, "request")["data"]["a"]["b"][1], hidden().salt.hash("x"));
    assert_eq!(data_of(&log_data(&raw(), &data, &[], "read"), "response"), Value::Object(data));
}

#[test]
fn keys_in_clear_go_by_the_nearest_key() {
    let data = object(json!({"clear": ["a", ["b"], {"deeper": "c"}], "other": {"clear": "d"}}));
    let shown = data_of(&log_data(&hidden(), &data, &texts(&["clear"]), "read"), "response");
    let c = hidden().salt.hash("c");
    assert_eq!(shown, json!({"clear": ["a", ["b"], {"deeper": c}], "other": {"clear": "d"}}));
}

#[test]
fn lists_are_counted_where_that_is_wanted() {
    let data = object(json!({"keys": ["a", "b"], "key_info": {"a": {}, "b": {}}, "more": "x"}));
    for format in [hidden(), raw()] {
        let eliding = Format { elide_list_responses: true, ..format };
        let line = log_data(&eliding, &data, &[], "list");
        let shown = data_of(&line, "response");
        assert_eq!((&shown["keys"], &shown["key_info"]), (&json!(2), &json!(2)));
        assert!(shown["more"].is_string());
        assert!(data_of(&line, "request")["keys"].is_array());
        assert!(data_of(&log_data(&eliding, &data, &[], "read"), "response")["keys"].is_array());
    }
    assert!(data_of(&log_data(&hidden(), &data, &[], "list"), "response")["keys"].is_array());
}

#[test]
fn an_answer_that_is_no_object() {
    let body = RawBody { status: 200, content_type: "text/plain", bytes: b"canary\xff" };
    let response = ResponseFacts { raw: Some(body), ..ResponseFacts::default() };
    let facts = LogFacts::default();
    let shown = data_of(&printed(&hidden(), &facts, Some(&response), 0), "response");
    let salt = hidden().salt;
    let kind = salt.hash("text/plain");
    let bytes = salt.hide(b"canary\xff").as_str().to_owned();
    assert_eq!(shown, json!({"http_content_type": kind, "http_raw_body": bytes, "http_status_code": 200}));
    let shown = data_of(&printed(&raw(), &facts, Some(&response), 0), "response");
    assert_eq!(shown["http_raw_body"], "Y2FuYXJ5/w==");
}

#[test]
fn data_beyond_all_bounds_becomes_its_hmac() {
    let data = object(json!({"a": "canary", "b": vec!["x"; 100]}));
    let request = RequestFacts { data: Some(&data), path: "p", ..RequestFacts::default() };
    let facts = LogFacts { request, ..LogFacts::default() };
    let line = write(&hidden(), &HeaderRules::default(), &facts, None, UnixNanos(0), 2000).unwrap();
    let shown = data_of(std::str::from_utf8(&line).unwrap(), "request");
    let json = serde_json::to_string(&data).unwrap();
    assert_eq!(shown, json!({"oversized_data_bytes": json.len(), "oversized_data_hmac": hidden().salt.hash(&json)}));
}

#[test]
fn prefix_and_xml() {
    let facts = LogFacts { error: "a<b", ..LogFacts::default() };
    let prefixed = Format { prefix: "@cee: ".to_owned(), ..hidden() };
    assert!(printed(&prefixed, &facts, None, 0).starts_with("@cee: {\"time\":"));
    let xml = Format { syntax: Syntax::Jsonx, ..prefixed };
    assert!(printed(&xml, &facts, None, 0).starts_with(
        "@cee: <json:object name=\"auth\"><json:string name=\"token_type\">default</json:string>\
         </json:object><json:string name=\"error\">a&lt;b</json:string>"
    ));
}

const CANARY: &str = "cAnArY";

/// JSON in which every text holds the canary; keys and `clear` do not.
fn secrets() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(|text| Value::from(text.clone() + CANARY + &text)),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_<]{0,5}|keys|key_info|http_raw_body", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_secret_is_ever_logged(
        request in prop::collection::btree_map("[a-z]{0,5}|keys", secrets(), 0..4),
        response in prop::collection::btree_map("[a-z]{0,5}|keys", secrets(), 0..4),
        list in any::<bool>(), elide in any::<bool>(), jsonx in any::<bool>(), accessors in any::<bool>(),
        bytes in any::<bool>(), max in 100..5000_usize,
    ) {
        let (request, response): (Map<_, _>, Map<_, _>) =
            (request.into_iter().collect(), response.into_iter().collect());
        let auth = AuthFacts { client_token: CANARY, accessor: "plain", ..AuthFacts::default() };
        let headers = [("x-foo".to_owned(), CANARY.to_owned()), ("x-not-named".to_owned(), CANARY.to_owned())];
        let facts = LogFacts {
            auth: Some(&auth),
            request: RequestFacts {
                client_token: CANARY,
                data: Some(&request),
                operation: if list { "list" } else { "update" },
                headers: &headers,
                ..RequestFacts::default()
            },
            ..LogFacts::default()
        };
        let body = RawBody { status: 200, content_type: CANARY, bytes: CANARY.as_bytes() };
        let wrap = WrapFacts {
            ttl: 1, token: CANARY, accessor: "plain", creation_time: UnixNanos(0), creation_path: "", wrapped_accessor: "",
        };
        let response = ResponseFacts {
            auth: Some(&auth),
            data: Some(&response),
            raw: bytes.then_some(body),
            wrap_info: Some(wrap),
            ..ResponseFacts::default()
        };
        let format = Format {
            hmac_accessor: accessors,
            elide_list_responses: elide,
            syntax: if jsonx { Syntax::Jsonx } else { Syntax::Json },
            ..hidden()
        };
        let rules = [("x-foo", true)].into_iter().collect();
        for response in [None, Some(&response)] {
            let line = write(&format, &rules, &facts, response, UnixNanos(0), max).unwrap();
            let text = std::str::from_utf8(&line).unwrap();
            prop_assert!(!text.contains(CANARY), "{}", text);
            prop_assert_eq!(text.matches('\n').count(), 1);
            prop_assert_eq!(text.contains("\"plain\"") || text.contains(">plain<"), !accessors);
            let short = shortened(text.trim_end().as_bytes(), 300);
            prop_assert!(short.len() <= 300 && !String::from_utf8_lossy(&short).contains(CANARY));
        }
    }
}
