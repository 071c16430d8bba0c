use std::time::Duration;

use super::*;

const ARTICLE: &str = r#"
frontend "vault_frontend" {
  bind    = "*:8200"
  backend = "vault_backend"
}
backend "vault_backend" {
  balance = "roundrobin"
  check { type = "tcp" }
  server "vault1" { address = "192.168.1.10:8200" inter = "5s" fall = 3 rise = 2 }
  server "vault2" { address = "10.0.1.20:8200" }
  server "vault3" { address = "10.0.1.30:8200" check = false }
}
status { address = "127.0.0.1:8404" }
"#;

fn fault(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn the_backend_of_the_guide() {
    let config = read(ARTICLE).unwrap();
    assert_eq!(config.frontends[0].bind.to_string(), ":8200");
    let backend = &config.backends[0];
    assert_eq!((backend.balance, &backend.check.kind), (Balance::RoundRobin, &CheckKind::Tcp));
    let checks: Vec<_> = backend.servers.iter().map(|server| server.check).collect();
    assert_eq!(checks, [Some(CheckTiming::DEFAULT), Some(CheckTiming::DEFAULT), None]);
    assert_eq!(config.status, Some(Status { address: "127.0.0.1:8404".parse().unwrap(), admin: false }));
}

#[test]
fn a_server_that_is_the_frontend_itself_is_refused() {
    for (bind, server) in [
        ("10.0.0.1:1", "10.0.0.1:1"),
        ("*:1", "127.0.0.1:1"),
        ("0.0.0.0:1", "localhost:1"),
        ("[::]:1", "127.0.0.1:1"),
        ("localhost:1", "127.0.0.1:1"),
    ] {
        let text = format!(
            r#"frontend "f" {{ bind = "{bind}" backend = "b" }} backend "b" {{ server "s" {{ address = "{server}" }} }}"#
        );
        assert!(fault(&text).contains("is frontend \"f\" itself"), "{bind} {server}");
        assert!(read(&text.replace(&format!("address = \"{server}\""), "address = \"10.0.0.2:1\"")).is_ok());
    }
}

#[test]
fn a_server_that_only_looks_like_the_frontend_is_none() {
    // IPv4's "all interfaces" takes nothing of IPv6.
    let text =
        r#"frontend "f" { bind = "0.0.0.0:1" backend = "b" } backend "b" { server "s" { address = "[::1]:1" } }"#;
    assert!(read(text).is_ok());
    let at = |text: &str| text.parse::<HostPort>().unwrap();
    let simple = |server| Config::simple(at("*:1"), vec![at(server)], Balance::RoundRobin, CheckKind::Tcp);
    assert!(simple("127.0.0.1:1").is_err() && simple("10.0.0.2:1").is_ok());
}

#[test]
fn the_leader_is_known_by_its_health() {
    let config = read(
        r#"frontend "f" { bind = "[::1]:1" backend = "b" idle_timeout = "1m" max_connections = 5 }
        backend "b" {
          balance = "leader"
          send_proxy = "v2"
          check { inter = "500ms" ca_file = "/ca.pem" server_name = "vault.example.com" codes = ["200"] }
          server "a" { address = "h:1" fall = 1 max_connections = 7 drain = true }
        }"#,
    )
    .unwrap();
    let backend = &config.backends[0];
    let CheckKind::Https(check) = &backend.check.kind else { panic!("{backend:?}") };
    assert_eq!((check.codes.as_slice(), check.server_name.as_deref()), (&[200][..], Some("vault.example.com")));
    let server = &backend.servers[0];
    let timing = CheckTiming { interval: Duration::from_millis(500), fall: 1, rise: 2 };
    assert_eq!((server.check, server.max_connections, server.drain), (Some(timing), 7, true));
    assert_eq!(config.frontends[0].idle_timeout, Some(Duration::from_secs(60)));
}

#[test]
fn the_leader_is_asked_for_where_nothing_is_said_of_checks() {
    let text = "frontend \"f\" { bind = \":1\" backend = \"b\" }\nbackend \"b\" { balance = \"leader\" server \"a\" { address = \"h:1\" } }";
    let backend = read(text).unwrap().backends.remove(0);
    assert_eq!(backend.servers[0].check, Some(CheckTiming::DEFAULT));
    assert_eq!(backend.check.kind, CheckKind::Https(HttpsCheck::default()));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let backend = "backend \"b\" {\n server \"a\" { address = \"h:1\" }\n}";
    let frontend = "frontend \"f\" { bind = \"*:1\" backend = \"b\" }";
    assert!(fault("").contains("there is no frontend"));
    assert!(fault(frontend).contains("names the backend \"b\", which is not there"));
    assert!(fault(&format!("{frontend}\nbackend \"b\" {{ }}")).contains("server is missing"));
    let text = format!("{frontend}\n{}", backend.replace("address", "adress"));
    assert_eq!(fault(&text), "3:15: unknown key \"adress\" (did you mean address?)");
    assert!(fault(&format!("{frontend}{frontend}")).contains("there is another frontend \"f\""));
    let wrong =
        |key: &str| fault(&format!("{frontend}\nbackend \"b\" {{ {key}\n server \"a\" {{ address = \"h:1\" }} }}"));
    assert!(wrong("balance = \"odd\"").contains("not roundrobin, leastconn or leader"));
    assert!(wrong("balance = \"leader\"\n check { type = \"tcp\" }").contains("needs type = \"https\""));
    assert!(wrong("check { path = \"/x\" }").contains("is for checks of type"));
    assert!(wrong("check { fall = 0 }").contains("from 1 to 1000"));
    assert!(wrong("check { inter = \"1ms\" }").contains("at least 10ms"));
    assert!(wrong("drain_timeout = \"99999h\"").contains("at most 7d"));
    assert!(wrong("check {\n type = \"https\"\n path = \"/a b\"\n }").contains("path that begins with a slash"));
    assert!(wrong("check {\n type = \"https\"\n path = \"v1\"\n }").contains("path that begins with a slash"));
    assert!(
        fault("frontend \"f\" { bind = \":1\" max_connections = 0 backend = \"b\" }").contains("from 1 to 1000000")
    );
    assert!(wrong("send_proxy = \"v1\"").contains("must be \"v2\""));
    assert!(fault("frontend \"f\" { bind = \"8200\" }").contains("is not a host and a port"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn addresses_survive_their_text(port in proptest::num::u16::ANY, host in "[a-z][a-z0-9.-]{0,20}") {
        let address = HostPort { host, port };
        proptest::prop_assert_eq!(address.to_string().parse(), Ok(address));
    }
}
