use super::*;
use proptest::prelude::*;

fn parse(kind: &str, options: &[(&str, &str)]) -> Result<DeviceConfig, ConfigError> {
    let options = options.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let environment = Environment { allow_prefix: true, ..Environment::default() };
    DeviceConfig::parse(kind, &options.collect(), &environment)
}

fn refusal(kind: &str, options: &[(&str, &str)]) -> String {
    parse(kind, options).unwrap_err().to_string()
}

fn file(options: &[(&str, &str)]) -> FileConfig {
    match parse("file", options).unwrap().kind {
        DeviceKind::File(file) => file,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_takes_both_spellings_of_its_path() {
    assert_eq!(file(&[("path", "/a")]).path, PathBuf::from("/a"));
    assert_eq!(file(&[("path", "/a"), ("file_path", "/b")]).path, PathBuf::from("/b"));
    assert_eq!(parse("file", &[("path", "StdOut")]).unwrap().kind, DeviceKind::Stdout);
    assert_eq!(parse("file", &[("file_path", "DISCARD")]).unwrap().kind, DeviceKind::Discard);
    assert_eq!(refusal("file", &[]), "file_path is required");
    assert_eq!(refusal("file", &[("path", "")]), "file_path is required");
    assert!(refusal("file", &[("path", "/a\nb")]).contains("control characters"));
}

#[test]
fn no_mode_makes_a_file_executable() {
    assert_eq!(file(&[("path", "/a")]).mode, FileMode::Set(0o600));
    assert_eq!(file(&[("path", "/a"), ("mode", "0755")]).mode, FileMode::Set(0o644));
    assert_eq!(file(&[("path", "/a"), ("mode", "0000")]).mode, FileMode::Keep);
    assert_eq!(refusal("file", &[("path", "/a"), ("mode", "4755")]), "file mode does not represent a regular file");
    for wrong in ["0999", "+644", "", "77777777777777"] {
        assert!(refusal("file", &[("path", "/a"), ("mode", wrong)]).contains("octal"), "{wrong}");
    }
}

#[test]
fn texts_are_vaults() {
    assert_eq!(refusal("nope", &[]), r#"unknown backend type: "nope""#);
    assert_eq!(refusal("socket", &[]), "address is required");
    assert_eq!(refusal("syslog", &[("facility", "x")]), "invalid syslog facility: X");
    assert_eq!(refusal("file", &[("path", "/a"), ("format", "foo")]), r#"unknown format type "foo""#);
    assert!(refusal("file", &[("path", "/a"), ("log_raw", "maybe")]).contains("log_raw"));
}

#[test]
fn a_prefix_needs_leave_and_cannot_make_a_program() {
    let with = |prefix| parse("file", &[("path", "/a"), ("prefix", prefix)]);
    assert_eq!(with("@cee: ").unwrap().prefix, "@cee: ");
    for unsafe_prefix in ["#!/bin/sh", "a\n", "\u{1b}[0m", &"x".repeat(257)] {
        assert_eq!(with(unsafe_prefix).unwrap_err(), ConfigError::PrefixUnsafe);
    }
    let options = [("path", "/a"), ("prefix", "x")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(
        DeviceConfig::parse("file", &options.into(), &Environment::default()),
        Err(ConfigError::PrefixForbidden)
    );
}

#[test]
fn what_would_restrict_and_is_not_built_is_refused() {
    for option in ["filter", "exclude"] {
        assert_eq!(parse("file", &[("path", "/a"), (option, "x")]), Err(ConfigError::NotBuilt(option)));
    }
    assert_eq!(parse("file", &[("path", "/a"), ("fallback", "true")]), Err(ConfigError::NotBuilt("fallback")));
    assert!(parse("file", &[("path", "/a"), ("fallback", "false")]).is_ok());
}

#[test]
fn what_nobody_knows_is_named() {
    assert_eq!(parse("file", &[("path", "/a"), ("weird", "1")]).unwrap().unknown_options(), ["weird"]);
}

#[test]
fn timeouts() {
    let of = |text| parse("socket", &[("address", "a:1"), ("write_timeout", text)]).map(|c| c.write_timeout);
    assert_eq!(parse("socket", &[("address", "a:1")]).unwrap().write_timeout, Some(Duration::from_secs(2)));
    assert_eq!(of("0"), Ok(None));
    assert_eq!(of("5"), Ok(Some(Duration::from_secs(5))));
    assert_eq!(of("1m1.5s"), Ok(Some(Duration::from_millis(61_500))));
    for wrong in ["x", "", "-1s", "1s5", "100h", "1.2.3s"] {
        assert!(of(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn syslog_is_auth_info_by_default() {
    match parse("syslog", &[]).unwrap().kind {
        DeviceKind::Syslog(syslog) => {
            assert_eq!((syslog.priority, syslog.tag.as_str()), (38, "vault"));
        }
        other => panic!("{other:?}"),
    }
    assert!(refusal("syslog", &[("tag", "a b")]).contains("tag"));
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(
        kind in "file|syslog|socket",
        options in proptest::collection::btree_map("address|facility|format|fsync|mode|path|prefix|socket_type|tag|write_timeout|log_raw", ".*", 0..6),
    ) {
        let _ = DeviceConfig::parse(&kind, &options, &Environment::default());
    }
}
