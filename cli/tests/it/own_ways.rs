//! Where this client goes beyond the reference, or differs from it on purpose.

use super::scripted::{Scripted, answer, run, text};

fn refused(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args, &[("VAULT_ADDR", "http://127.0.0.1:1")]);
    (output.status.code(), text(&output.stderr))
}

#[test]
fn flags_may_follow_arguments() {
    let server = Scripted::new(&[&answer("200 OK", "", r#"{"data":{"a":"b"}}"#)]);
    let address = server.address.clone();
    let output = run(&["read", "p/a", "-field", "a", "--address", &address], &[]);
    assert_eq!(text(&output.stdout), "b", "{}", text(&output.stderr));
    assert_eq!(server.asked()[0].line, "GET /v1/p/a HTTP/1.1");
}

#[test]
fn the_nearest_name_is_suggested() {
    let (code, stderr) = refused(&["reed"]);
    assert_eq!(code, Some(127));
    assert!(stderr.contains("Did you mean \"coffer-cli read\"?"), "{stderr}");
    let (code, stderr) = refused(&["kv", "metadata", "gte"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("Did you mean \"coffer-cli kv metadata get\"?"), "{stderr}");
}

#[test]
fn what_is_not_built_says_so() {
    for (args, words) in [
        (&["agent"][..], "agent\" is not built"),
        (&["proxy", "-config=x"], "proxy\" is not built"),
        (&["ssh", "x"], "ssh\" is not built"),
        (&["operator", "migrate"], "operator migrate\" is not built"),
        (&["operator", "unseal", "-migrate", "x"], "not built"),
        (&["operator", "init", "-pgp-keys=x"], "not built"),
        (&["operator", "rekey", "-init", "-pgp-keys=x"], "not built"),
        (&["operator", "generate-root", "-init", "-pgp-key=x"], "not built"),
    ] {
        let (code, stderr) = refused(args);
        assert_eq!(code, Some(1), "{args:?}");
        assert!(stderr.contains(words), "{args:?}: {stderr}");
    }
}

#[test]
fn help_is_printed_wherever_it_is_asked_for() {
    for args in [
        &["kv", "get", "-h"][..],
        &["kv", "get", "x", "--help"],
        &["help", "kv", "get"],
        &["kv", "get", "-bogus", "-h"],
    ] {
        let output = run(args, &[]);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        let stdout = text(&output.stdout);
        assert!(stdout.starts_with("Usage: coffer-cli kv get [options] KEY\n"), "{stdout}");
        assert!(stdout.contains("  -mount=<string>\n") && stdout.contains("HTTP Options:"));
    }
    assert_eq!(run(&["-h"], &[]).status.code(), Some(0));
    assert_eq!(run(&[], &[]).status.code(), Some(127));
}

#[test]
fn no_error_shows_what_may_be_a_secret() {
    for args in [
        &["write", "p/a", "s3cret"][..],
        &["kv", "put", "p/a", "k=v", "s3cret"],
        &["login", "-method=userpass", "username=u", "s3cret"],
        &["login", "s3cret"],
        &["login", "-method=userpass", "username=u", "password=s3cret"],
        &["operator", "unseal", "s3cret"],
        &["operator", "rekey", "-nonce=n", "s3cret"],
        &["token", "lookup", "s3cret"],
        &["token", "revoke", "s3cret"],
        &["unwrap", "s3cret"],
        &["kv", "put", "p/a", "-password=s3cret"],
        &["write", "p/a", "-password=s3cret"],
    ] {
        let (code, stderr) = refused(args);
        assert_ne!(code, Some(0), "{args:?}");
        assert!(!stderr.is_empty() && !stderr.contains("s3cret"), "{args:?}: {stderr}");
    }
}

#[test]
fn a_curl_string_never_holds_the_token() {
    for args in [&["read", "p/a"][..], &["token", "capabilities", "p/a"], &["kv", "metadata", "get", "-mount=kv", "a"]]
    {
        let mounts = answer("200 OK", "", r#"{"data":{"path":"kv/","options":{"version":"2"}}}"#);
        let server = Scripted::new(
            if args[0] == "kv" { std::slice::from_ref(&mounts) } else { &[] }
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
        );
        let mut args = args.to_vec();
        args.push("-output-curl-string");
        let output = run(&args, &[("VAULT_ADDR", &server.address), ("VAULT_TOKEN", "s3cret")]);
        let stdout = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(stdout.contains("$(coffer-cli print token)") && !stdout.contains("s3cret"), "{stdout}");
    }
}

#[test]
fn an_unprintable_token_is_not_sent() {
    let output = run(&["read", "p/a"], &[("VAULT_ADDR", "http://127.0.0.1:1"), ("VAULT_TOKEN", "a\nb")]);
    assert!(text(&output.stderr).contains("non-printable"), "{}", text(&output.stderr));
}

#[test]
fn completion_scripts_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completion", shell], &[]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("enable-versioning"));
    }
    assert_eq!(run(&["completion", "csh"], &[]).status.code(), Some(1));
    let output = run(&["-autocomplete-install"], &[]);
    assert!(text(&output.stdout).contains("source <(coffer-cli completion bash)"));
}

#[test]
fn a_token_helper_is_used_where_the_settings_name_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let helper = folder.path().join("helper");
    std::fs::write(&helper, "#!/bin/sh\n[ \"$1\" = get ] && echo from-helper\n").unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o700)).unwrap();
    let settings = folder.path().join("settings");
    std::fs::write(&settings, format!("token_helper = \"{}\"\n", helper.display())).unwrap();
    let settings = settings.to_str().unwrap();
    let output = run(&["print", "token"], &[("VAULT_CONFIG_PATH", settings), ("PATH", "/usr/bin:/bin")]);
    assert_eq!(text(&output.stdout), "from-helper\n", "{}", text(&output.stderr));
    std::fs::write(folder.path().join("settings"), "other = 1\n").unwrap();
    let output = run(&["print", "token"], &[("VAULT_CONFIG_PATH", settings)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("invalid key \"other\""), "{}", text(&output.stderr));
}
