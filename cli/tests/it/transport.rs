//! What goes over the wire, and what becomes of redirects, failures, proxies and time limits.

use super::scripted::{Scripted, answer, run, text};

const SECRET: &str = r#"{"request_id":"r","data":{"a":"b"}}"#;

#[test]
fn a_request_carries_what_flags_and_environment_say() {
    let server = Scripted::new(&[&answer("200 OK", "", SECRET)]);
    let address = server.address.clone();
    let args =
        ["write", "-namespace=/ns1", "-header=A=b", "-wrap-ttl=90s", "-mfa=m:1", "-policy-override", "p/a", "k=v"];
    let output = run(&args, &[("VAULT_ADDR", &address), ("BAO_TOKEN", "tok")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let asked = &server.asked()[0];
    assert_eq!(asked.line, "PUT /v1/p/a HTTP/1.1");
    assert_eq!(asked.body, r#"{"k":"v"}"#);
    for (name, value) in [
        ("x-vault-token", "tok"),
        ("x-vault-request", "true"),
        ("x-vault-namespace", "ns1/"),
        ("x-vault-wrap-ttl", "1m30s"),
        ("x-vault-mfa", "m:1"),
        ("x-vault-policy-override", "true"),
        ("a", "b"),
    ] {
        assert_eq!(asked.header(name), Some(value), "{name}");
    }
}

#[test]
fn one_redirect_is_followed_with_token_and_body() {
    let redirect = answer("307 Temporary Redirect", "Location: ADDRESS/v1/other?x=y\r\n", "");
    let server = Scripted::new(&[&redirect, &answer("200 OK", "", SECRET)]);
    let address = server.address.clone();
    let output = run(&["write", "p/a", "k=v"], &[("VAULT_ADDR", &address), ("VAULT_TOKEN", "tok")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let asked = server.asked();
    assert_eq!(asked[1].line, "PUT /v1/other?x=y HTTP/1.1");
    assert_eq!((asked[1].body.as_str(), asked[1].header("x-vault-token")), (r#"{"k":"v"}"#, Some("tok")));
}

#[test]
fn a_second_redirect_is_not_followed_and_one_can_be_declined() {
    let redirect = answer("307 Temporary Redirect", "Location: /v1/other\r\n", "");
    let server = Scripted::new(&[&redirect, &redirect]);
    let address = server.address.clone();
    let _ = run(&["read", "p/a"], &[("VAULT_ADDR", &address)]);
    assert_eq!(server.asked().len(), 2);
    let server = Scripted::new(&[&redirect]);
    let address = server.address.clone();
    let _ = run(&["read", "-disable-redirects", "p/a"], &[("VAULT_ADDR", &address)]);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn nothing_is_tried_again_unless_that_is_asked_for() {
    let trouble = answer("503 Service Unavailable", "Retry-After: 0\r\n", r#"{"errors":["not now"]}"#);
    let server = Scripted::new(&[&trouble]);
    let address = server.address.clone();
    let output = run(&["read", "p/a"], &[("VAULT_ADDR", &address)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("Code: 503. Errors:\n\n* not now"));
    server.asked();
    let server = Scripted::new(&[&trouble, &trouble, &answer("200 OK", "", SECRET)]);
    let address = server.address.clone();
    let output = run(&["read", "-field=a", "p/a"], &[("VAULT_ADDR", &address), ("VAULT_MAX_RETRIES", "2")]);
    assert_eq!(text(&output.stdout), "b");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_plain_proxy_is_given_the_whole_address() {
    let proxy = Scripted::new(&[&answer("200 OK", "", SECRET)]);
    let address = proxy.address.replace("http://", "http://user:pass@");
    let environment = [("VAULT_ADDR", "http://vault.example:8200"), ("HTTP_PROXY", address.as_str())];
    let output = run(&["read", "-field=a", "p/a"], &environment);
    assert_eq!(text(&output.stdout), "b", "{}", text(&output.stderr));
    let asked = &proxy.asked()[0];
    assert_eq!(asked.line, "GET http://vault.example:8200/v1/p/a HTTP/1.1");
    assert_eq!(asked.header("proxy-authorization"), Some("Basic dXNlcjpwYXNz"));
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_to_a_tls_server() {
    let proxy = Scripted::new(&["HTTP/1.1 403 Forbidden\r\n\r\n"]);
    let address = proxy.address.clone();
    let environment = [("VAULT_ADDR", "https://vault.example"), ("VAULT_HTTP_PROXY", address.as_str())];
    let output = run(&["read", "p/a"], &environment);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("403 Forbidden"), "{}", text(&output.stderr));
    assert_eq!(proxy.asked()[0].line, "CONNECT vault.example:443 HTTP/1.1");
}

#[test]
fn a_server_that_does_not_answer_is_left_after_the_time_limit() {
    // Takes connections and says nothing: nobody ever accepts them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let output = run(&["read", "p/a"], &[("VAULT_ADDR", &address), ("VAULT_CLIENT_TIMEOUT", "200ms")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("context deadline exceeded"), "{}", text(&output.stderr));
}

#[test]
fn answers_that_are_no_answers_are_told_in_one_message() {
    for (wire, words) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\"", "Error reading p/a"),
        ("", "EOF"),
        (&answer("200 OK", "", "<html>"), "invalid character '<' looking for beginning of value"),
        (&answer("502 Bad Gateway", "", "<html>oops"), "Code: 502. Raw Message:\n\n<html>oops"),
        (&answer("200 OK", "", "[1]"), "the answer is a list, where an object was expected"),
        (&answer("200 OK", "", r#"{"lease_id":7}"#), "the answer's \"lease_id\" is a number"),
        (&answer("307 Temporary Redirect", "", ""), "missing Location header"),
    ] {
        let server = Scripted::new(&[wire]);
        let address = server.address.clone();
        let output = run(&["read", "p/a"], &[("VAULT_ADDR", &address)]);
        assert_eq!(output.status.code(), Some(2), "{wire}");
        assert!(text(&output.stderr).contains(words), "{wire}: {}", text(&output.stderr));
        server.asked();
    }
}

#[test]
fn warnings_go_to_standard_error() {
    let body = r#"{"data":{"a":1},"warnings":["look out"]}"#;
    let server = Scripted::new(&[&answer("200 OK", "", body)]);
    let address = server.address.clone();
    let output = run(&["read", "p/a"], &[("VAULT_ADDR", &address)]);
    assert_eq!(text(&output.stdout), "Key    Value\n---    -----\na      1\n");
    assert!(text(&output.stderr).contains("returned from Vault:\n\n  * look out\n"));
}

#[test]
fn a_snapshot_that_breaks_off_leaves_the_earlier_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.snap");
    std::fs::write(&path, "earlier").unwrap();
    let server = Scripted::new(&["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"]);
    let address = server.address.clone();
    let output = run(&["operator", "raft", "snapshot", "save", path.to_str().unwrap()], &[("VAULT_ADDR", &address)]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "earlier");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_snapshot_is_sent_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.snap");
    let content = "0123456789".repeat(20_000);
    std::fs::write(&path, &content).unwrap();
    let server = Scripted::new(&["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"]);
    let address = server.address.clone();
    let args = ["operator", "raft", "snapshot", "restore", "-force", path.to_str().unwrap()];
    let output = run(&args, &[("VAULT_ADDR", &address)]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let asked = server.asked();
    assert_eq!(asked[0].line, "POST /v1/sys/storage/raft/snapshot-force HTTP/1.1");
    assert_eq!(asked[0].body, content);
}

#[test]
fn the_log_is_streamed_until_the_server_ends_it() {
    let server = Scripted::new(&["HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none\ntwo\n"]);
    let address = server.address.clone();
    let output = run(&["monitor", "-log-level=debug"], &[("VAULT_ADDR", &address)]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), "one\ntwo\n"));
    assert_eq!(server.asked()[0].line, "GET /v1/sys/monitor?log_format=standard&log_level=debug HTTP/1.1");
}
