//! What the two forms mean, seen from outside.

use coffer_hcl::{Body, Value, ValueKind, parse};

/// The tree in a compact notation, without places.
fn shape(body: &Body) -> String {
    fn written(value: &Value) -> String {
        match &value.kind {
            ValueKind::Null => "null".to_owned(),
            ValueKind::Bool(b) => b.to_string(),
            ValueKind::Integer(i) => i.to_string(),
            ValueKind::Float(f) => format!("{f:?}"),
            ValueKind::String(s) => format!("{s:?}"),
            ValueKind::List(values) => {
                format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(" "))
            }
            ValueKind::Object(body) => format!("{{{}}}", shape(body)),
        }
    }
    let items = body.items().iter().map(|item| {
        let labels: String = item.labels.iter().map(|label| format!(".{}", label.text)).collect();
        format!("{}{labels}={}", item.key.text, written(&item.value))
    });
    items.collect::<Vec<_>>().join(" ")
}

fn parsed(text: &str) -> String {
    shape(&parse(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

fn refused(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn hcl() {
    for (text, expected) in [
        ("", ""),
        (" \n# only a comment", ""),
        ("a = 1", "a=1"),
        ("a = 1 b = true, c = \"x\"\n", "a=1 b=true c=\"x\""),
        ("a { b = 1 }", "a={b=1}"),
        ("path \"x/*\" { c = [\"r\", \"l\",] }", "path.x/*={c=[\"r\" \"l\"]}"),
        ("\"path\" \"a\" \"b\" {}", "path.a.b={}"),
        ("a = { \"ttl\" = [\"1h\"] \"free\" = [] }", "a={ttl=[\"1h\"] free=[]}"),
        ("a = { x = 1, y = 2\n z = 3, }", "a={x=1 y=2 z=3}"),
        ("a = [1, [2, 3], { b = 4 }]", "a=[1 [2 3] {b=4}]"),
        ("a = 1 # x\n// y\nb /* z\n */ = 2", "a=1 b=2"),
        ("a = 1\na = 2", "a=1 a=2"),
        ("a = -1.5 b = 0x10 c = 1e3", "a=-1.5 b=16 c=1000.0"),
        ("a = <<EOF\nx\n y\nEOF\nb = 1", "a=\"x\\n y\\n\" b=1"),
        ("a = [<<-E\n  x\n  E\n, \"y\"]", "a=[\"x\\n\" \"y\"]"),
        (r#"a = "q\"\\\n\u00e9""#, "a=\"q\\\"\\\\\\né\""),
        (r#"a = "${f("x")}" b = 1"#, "a=\"${f(\\\"x\\\")}\" b=1"),
        ("a-b.c_d = 1", "a-b.c_d=1"),
        ("trueish = true", "trueish=true"),
        ("a = \"{{identity.entity.id}}\"", "a=\"{{identity.entity.id}}\""),
        ("a = 1\r\nb = 2\r\n", "a=1 b=2"),
    ] {
        assert_eq!(parsed(text), expected, "{text}");
    }
}

#[test]
fn json() {
    for (text, expected) in [
        ("{}", ""),
        (" {\"a\": 1, \"a\": 2}", "a=1 a=2"),
        (r#"{"path": {"x": {"c": ["r", "l"]}}}"#, "path={x={c=[\"r\" \"l\"]}}"),
        (r#"{"a": null, "b": [true, -1.5e1, {}], }"#, "a=null b=[true -15.0 {}]"),
        (r#"{"a": "\u00e9\ud83d\ude00\/\n"}"#, "a=\"é😀/\\n\""),
    ] {
        assert_eq!(parsed(text), expected, "{text}");
    }
}

/// Texts and places as the reference server answers them.
#[test]
fn hcl_mistakes() {
    for (text, expected) in [
        ("path kv { ", "At 1:12: object expected closing RBRACE got: EOF"),
        ("p = [read]", "At 1:6: unexpected token while parsing list: IDENT"),
        ("p = [1 2]", "At 1:8: error parsing list, expected comma or list end, got: NUMBER"),
        ("p = [1, 2 }", "At 1:11: error parsing list, expected comma or list end, got: RBRACE"),
        ("p { } }", "At 1:7: expected: IDENT | STRING | ASSIGN | LBRACE got: RBRACE"),
        ("path \"kv/*\" ", "At 1:13: key 'path \"kv/*\"' expected start of object ('{') or assignment ('=')"),
        ("path \"kv/*\" = ", "At 1:13: nested object expected: LBRACE got: ASSIGN"),
        ("= 3", "At 1:1: no object keys found!"),
        ("hello", "At 1:7: key 'hello' expected start of object ('{') or assignment ('=')"),
        ("path \"kv/* { c = [\"read\"] }", "At 1:28: literal not terminated"),
        ("a = 1\nb = \"x\n\"", "At 2:7: literal not terminated"),
        ("a = 1 /* ", "At 1:10: comment not terminated"),
        ("a = \"re\\qad\"", "At 1:9: illegal char escape"),
        ("x = <<EOF }", "At 1:10: invalid characters in heredoc anchor"),
        ("a = $", "At 1:5: illegal character"),
        ("{a = 1}", "At 1:2: expected: STRING | RBRACE got: ILLEGAL"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn json_mistakes() {
    for (text, expected) in [
        ("{", "At 1:2: expected: STRING | RBRACE got: EOF"),
        ("{\"path\": ", "At 1:10: expected: a value got: EOF"),
        ("{\"a\": 1 \"b\": 2}", "At 1:9: expected: COMMA | RBRACE got: STRING"),
        ("{} x", "At 1:4: expected: EOF got: ILLEGAL"),
        ("{\"a\": 1e999}", "At 1:7: illegal number"),
        ("{\n \"a\": \"\\ud800\"}", "At 2:14: illegal char escape"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn an_unquoted_value_is_not_repeated_in_the_message() {
    let error = parse("token = hunter2").unwrap_err();
    assert_eq!(error.to_string(), "At 1:9: Unknown token: 1:9 IDENT");
    assert_eq!(error.found(), Some("hunter2"));
}

#[test]
fn a_whole_configuration_file() {
    let text = r#"
ui = true
storage "raft" {
  path    = "/data"
  node_id = "n1"
  retry_join { leader_api_addr = "https://a:8200" }
  retry_join { leader_api_addr = "https://b:8200" }
}
listener "tcp" {
  address     = "0.0.0.0:8200"
  tls_disable = "false"
  telemetry { unauthenticated_metrics_access = true }
}
default_lease_ttl = "768h"
"#;
    let body = parse(text).unwrap();
    assert_eq!(body.boolean("ui").unwrap(), Some(true));
    let storage = body.block("storage", 1).unwrap().unwrap();
    assert_eq!(storage.label(), Some("raft"));
    assert_eq!(storage.body.blocks("retry_join", 0).unwrap().len(), 2);
    let listener = &body.blocks("listener", 1).unwrap()[0];
    assert_eq!(listener.body.boolean("tls_disable").unwrap(), Some(false));
    let telemetry = listener.body.block("telemetry", 0).unwrap().unwrap();
    assert_eq!(telemetry.body.boolean("unauthenticated_metrics_access").unwrap(), Some(true));
}
