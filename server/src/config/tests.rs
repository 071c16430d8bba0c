use std::path::PathBuf;
use std::time::Duration;

use coffer_tls::TlsVersion;

use super::load::Source;
use super::*;

/// The article's file, as it stands.
const ARTICLE: &str = r#"storage "raft" {
path = "/vault/data"
node_id = "vault1"
retry_join {
leader_api_addr = "https://vault2.example.com:8200"
}
retry_join {
leader_api_addr = "https://vault3.example.com:8200"
}
}
listener "tcp" {
address = "0.0.0.0:8200"
tls_cert_file = "/certs/vault1.pem"
tls_key_file = "/certs/key.pem"
}
api_addr = "https://vault1.example.com:8200"
cluster_addr = "https://vault1.example.com:8201"
disable_mlock = true
ui = true
"#;

const MINIMAL: &str = "storage \"inmem\" {}\nlistener \"tcp\" { tls_disable = true }\n";

fn read_files(texts: &[&str], environment: &[(&str, &str)]) -> Result<(Config, Vec<Warning>), ConfigError> {
    let sources: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| Source {
            path: PathBuf::from(format!("c{number}.hcl")),
            body: coffer_hcl::parse(text).unwrap(),
        })
        .collect();
    let lookup =
        |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    read::read(&sources, &Environment(&lookup))
}

fn read_text(text: &str) -> Result<(Config, Vec<Warning>), ConfigError> {
    read_files(&[text], &[])
}

fn error_of(text: &str) -> String {
    read_text(text).map(|_| ()).unwrap_err().to_string()
}

fn with(line: &str) -> String {
    format!("{MINIMAL}{line}\n")
}

fn in_listener(line: &str) -> String {
    format!("storage \"inmem\" {{}}\nlistener \"tcp\" {{\n{line}\ntls_disable = true\n}}\n")
}

fn raft(config: &Config) -> &RaftStorage {
    match &config.storage {
        Storage::Raft(raft) => raft,
        Storage::InMemory => panic!("not raft"),
    }
}

#[test]
fn addresses_that_others_cannot_follow_are_warned_of() {
    let text = with("api_addr = \"http://0.0.0.0:8200\"\ncluster_addr = \"https://[::]:8201\"");
    let (_, warnings) = Config::load_over(Some(&text), &[], &|_| None).unwrap();
    let told: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|warning| warning.starts_with("api_addr is http://0.0.0.0:8200, which")), "{told:?}");
    assert!(told.iter().any(|warning| warning.starts_with("cluster_addr is https://[::]:8201, which")), "{told:?}");
}

#[test]
fn an_api_addr_of_the_other_scheme_is_warned_of() {
    let told = |url: &str| {
        let text = with(&format!("api_addr = \"{url}\""));
        let (_, warnings) = Config::load_over(Some(&text), &[], &|_| None).unwrap();
        warnings.iter().filter(|warning| warning.to_string().starts_with("api_addr")).count()
    };
    // The listener of these tests has no TLS.
    assert_eq!((told("https://n1:8200"), told("http://n1:8200"), told("https://n1:443")), (1, 0, 0));
}

#[test]
fn the_articles_file_loads_without_a_word() {
    let (config, warnings) = read_text(ARTICLE).unwrap();
    assert_eq!(warnings, []);
    let storage = raft(&config);
    assert_eq!(storage.path, PathBuf::from("/vault/data"));
    assert_eq!(storage.node_id.as_ref().unwrap().as_str(), "vault1");
    let leaders: Vec<_> = storage.retry_join.iter().map(|join| join.leader_api_addr.to_string()).collect();
    assert_eq!(leaders, ["https://vault2.example.com:8200", "https://vault3.example.com:8200"]);
    let Endpoint::Tcp { address, cluster_address } = &config.listeners[0].endpoint else { panic!() };
    assert_eq!((address.to_string(), cluster_address.to_string()), ("0.0.0.0:8200".into(), "0.0.0.0:8201".into()));
    let Security::Tls(tls) = &config.listeners[0].security else { panic!() };
    assert_eq!(tls.certificate, PathBuf::from("/certs/vault1.pem"));
    assert!(tls.versions.contains(TlsVersion::Tls12) && tls.versions.contains(TlsVersion::Tls13));
    assert_eq!(config.api_addr.unwrap().to_string(), "https://vault1.example.com:8200");
    assert_eq!(config.cluster_addr.unwrap().to_string(), "https://vault1.example.com:8201");
    assert_eq!(config.memory_lock, MemoryLock::Disabled);
    assert!(config.ui);
}

#[test]
fn json_says_the_same() {
    let json = r#"{
        "storage": {"raft": {"path": "/vault/data", "node_id": "vault1", "retry_join": [
            {"leader_api_addr": "https://vault2.example.com:8200"},
            {"leader_api_addr": "https://vault3.example.com:8200"}]}},
        "listener": [{"tcp": {"address": "0.0.0.0:8200", "tls_cert_file": "/certs/vault1.pem",
            "tls_key_file": "/certs/key.pem"}}],
        "api_addr": "https://vault1.example.com:8200", "cluster_addr": "https://vault1.example.com:8201",
        "disable_mlock": true, "ui": true}"#;
    let (json, hcl) = (read_text(json).unwrap(), read_text(ARTICLE).unwrap());
    assert_eq!(format!("{json:?}"), format!("{hcl:?}"));
}

#[test]
fn every_setting_arrives_typed() {
    let (config, warnings) = read_text(
        r#"
        backend "raft" { path = "/data" max_entry_size = "2mib" cluster_addr = "https://n:8201" }
        listener "tcp" {
            address = "[::1]:8300"
            cluster_address = "[::1]:9000"
            tls_cert_file = "c.pem"
            tls_key_file = "k.pem"
            tls_min_version = "tls13"
            tls_client_ca_file = "ca.pem"
            max_request_size = 1048576
            max_request_duration = "10s"
            http_idle_timeout = "1m"
            telemetry { unauthenticated_metrics_access = true }
            disable_unauthed_rekey_endpoints = true
            custom_response_headers {
                "default" = { "Strict-Transport-Security" = ["max-age=31536000", "includeSubDomains"] }
                "4xx" = { "X-Note" = ["no"] }
            }
        }
        listener "unix" { address = "/run/coffer.sock" socket_mode = "0660" socket_user = "coffer" }
        cluster_name = "main"
        log_level = "debug"
        log_format = "json"
        log_file = "/var/log/coffer.log"
        pid_file = "/run/coffer.pid"
        default_lease_ttl = "1h"
        max_lease_ttl = "24h"
        user_lockout "all" { lockout_threshold = "3" }
        user_lockout "userpass" { lockout_duration = "1m" }
        telemetry { prometheus_retention_time = "30s" disable_hostname = true }
        "#,
    )
    .unwrap();
    assert_eq!(warnings, []);
    assert_eq!(raft(&config).max_entry_size, 2 << 20);
    assert_eq!(config.cluster_addr.as_ref().unwrap().to_string(), "https://n:8201");
    let tcp = &config.listeners[0];
    let Endpoint::Tcp { address, cluster_address } = &tcp.endpoint else { panic!() };
    assert_eq!((address.to_string(), cluster_address.to_string()), ("[::1]:8300".into(), "[::1]:9000".into()));
    let Security::Tls(tls) = &tcp.security else { panic!() };
    assert!(!tls.versions.contains(TlsVersion::Tls12));
    assert_eq!(tls.client_ca, Some("ca.pem".into()));
    assert_eq!(tcp.limits.max_request_size, Some(1 << 20));
    assert_eq!(tcp.limits.max_request_duration, Some(Duration::from_secs(10)));
    assert_eq!(tcp.limits.idle_timeout, Duration::from_secs(60));
    assert!(tcp.access.unauthenticated_metrics && tcp.access.rekey_needs_token);
    assert!(!tcp.access.generate_root_needs_token);
    let headers_of = |status: u16| {
        let mut headers = http::HeaderMap::new();
        tcp.response_headers.add_to(http::StatusCode::from_u16(status).unwrap(), &mut headers);
        headers
    };
    assert_eq!(headers_of(404)["strict-transport-security"], "max-age=31536000;includeSubDomains");
    assert_eq!(headers_of(404)["x-note"], "no");
    assert!(!headers_of(200).contains_key("x-note"));
    let unix = &config.listeners[1];
    assert!(matches!(unix.security, Security::Plain));
    let Endpoint::Unix { path, owner } = &unix.endpoint else { panic!() };
    assert_eq!((path, owner.mode), (&PathBuf::from("/run/coffer.sock"), Some(0o660)));
    assert_eq!(config.memory_lock, MemoryLock::Wanted);
    assert_eq!((config.log.level, config.log.format), (Some(LogLevel::Debug), Some(LogFormat::Json)));
    assert_eq!(config.lease_ttl.max, Duration::from_secs(24 * 3600));
    let userpass = config.user_lockout.by_type["userpass"];
    assert_eq!((userpass.threshold, userpass.duration), (3, Duration::from_secs(60)));
    assert!(config.telemetry.disable_hostname);
}

#[test]
fn a_typo_names_its_place_and_the_nearest_key() {
    assert_eq!(error_of("storge \"raft\" {}"), "c0.hcl:1:1: unknown key \"storge\": did you mean \"storage\"?");
    assert_eq!(
        error_of(&in_listener("tls_cert_fil = \"x\"")),
        "c0.hcl:3:1: listener: unknown key \"tls_cert_fil\": did you mean \"tls_cert_file\"?"
    );
    assert_eq!(
        error_of("storage \"raft\" { nodeid = \"a\" }\nlistener \"tcp\" {}"),
        "c0.hcl:1:18: storage \"raft\": unknown key \"nodeid\": did you mean \"node_id\"?"
    );
    assert_eq!(
        error_of("storage \"raft\" {\n retry_join { leader_api_adr = \"a\" }\n}"),
        "c0.hcl:2:15: retry_join: unknown key \"leader_api_adr\": did you mean \"leader_api_addr\"?"
    );
    assert_eq!(error_of(&with("Api_Addr = \"x\"")), "c0.hcl:3:1: unknown key \"Api_Addr\": did you mean \"api_addr\"?");
    assert_eq!(error_of(&with("zzzzzzzzzz = 1")), "c0.hcl:3:1: unknown key \"zzzzzzzzzz\"");
    assert!(error_of(&in_listener("telemetry { x = 1 }")).contains("listener telemetry: unknown key \"x\""));
}

#[test]
fn keys_without_use_are_named_in_a_warning() {
    let text = with("plugin_directory = \"/plugins\"\ntelemetry { statsd_address = \"a:1\" }\nlicense_path = \"x\"");
    let (_, warnings) = read_text(&text).unwrap();
    let shown: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), 3, "{shown:?}");
    assert!(shown[0].starts_with("c0.hcl:3:1: \"plugin_directory\" has no effect: "), "{}", shown[0]);
    assert!(shown.iter().any(|warning| warning.contains("telemetry: \"statsd_address\" has no effect: ")));
}

/// Every key whose table says so is refused when it is on, and taken when it is off.
#[test]
fn protections_that_are_not_built_are_refused() {
    let guarded = |scope: &keys::Scope| -> Vec<&'static str> {
        let is_guarded = |standing: &keys::Standing| matches!(standing, keys::Standing::Guarded(_));
        scope.keys.iter().filter(|(_, standing)| is_guarded(standing)).map(|(name, _)| *name).collect()
    };
    let mut counted = 0;
    let mut refused = |name: &str, on: String, off: String| {
        let error = error_of(&on);
        assert!(error.contains(&format!("{name:?} is not built yet")), "{name}: {error}");
        read_text(&off).unwrap_or_else(|error| panic!("{name} switched off: {error}"));
        counted += 1;
    };
    for name in guarded(&keys::TOP) {
        refused(name, with(&format!("{name} = \"on\"")), with(&format!("{name} = false")));
    }
    for name in guarded(&keys::LISTENER) {
        refused(name, in_listener(&format!("{name} = \"on\"")), in_listener(&format!("{name} = \"false\"")));
    }
    for name in guarded(&keys::LISTENER_TELEMETRY) {
        let line = |value: &str| in_listener(&format!("telemetry {{ {name} = {value} }}"));
        refused(name, line("true"), line("false"));
    }
    assert!(counted > 40, "{counted}");
    for name in ["tls_require_and_verify_client_cert", "x_forwarded_for_authorized_addrs", "tls_acme_domains"] {
        assert!(guarded(&keys::LISTENER).contains(&name), "{name}");
    }
    for name in guarded(&keys::RETRY_JOIN) {
        let text = format!("storage \"raft\" {{ path = \"/d\" retry_join {{ {name} = \"x\" }} }}");
        assert!(error_of(&text).contains("is not built yet"), "{name}");
    }
}

#[test]
fn seals_other_than_shamirs_are_refused() {
    for kind in ["awskms", "transit", "pkcs11", "azurekeyvault", "gcpckms", "kmip", "static", "nonsense"] {
        let error = error_of(&with(&format!("seal \"{kind}\" {{ key = \"hunter2\" }}")));
        assert!(error.starts_with(&format!("c0.hcl:3:1: seal \"{kind}\" is not built yet")), "{error}");
        assert!(!error.contains("hunter2"));
        read_text(&with(&format!("seal \"{kind}\" {{ disabled = true }}"))).unwrap();
    }
    read_text(&with("seal \"shamir\" {}")).unwrap();
}

#[test]
fn other_storages_are_refused_with_advice() {
    let error = error_of("storage \"consul\" { address = \"x\" }\nlistener \"tcp\" {}");
    assert!(error.starts_with("c0.hcl:1:1: storage \"consul\" is not built: "), "{error}");
    assert!(error_of("storage \"inmem\" {}\nbackend \"inmem\" {}").contains("second storage block"));
    assert!(error_of("listener \"tcp\" { tls_disable = 1 }").starts_with("c0.hcl: no storage is configured"));
    assert!(error_of("storage \"inmem\" {}").starts_with("no listener is configured"));
    assert!(
        error_of("storage \"raft\" { path = \"/d\" }\nlistener \"tcp\" { tls_disable = 1 }").contains("cluster_addr")
    );
}

#[test]
fn wrong_values_name_key_and_place() {
    for (line, wanted) in [
        ("address = \"127.0.0.1\"", "c0.hcl:3:11: address: \"127.0.0.1\" has no port"),
        ("address = \"127.0.0.1:65535\"", "c0.hcl:3:11: address: there is no port above 65535"),
        ("max_request_size = \"big\"", "c0.hcl:3:20: \"max_request_size\" must be a size"),
        ("http_idle_timeout = \"soon\"", "c0.hcl:3:21: \"http_idle_timeout\" must be a duration"),
        ("custom_response_headers { \"6xx\" = {} }", "c0.hcl:3:27: \"6xx\" is no status"),
        ("custom_response_headers { \"default\" = { \"X-Vault-A\" = [\"b\"] } }", "c0.hcl:3:41: headers that begin"),
    ] {
        let error = error_of(&in_listener(line));
        assert!(error.starts_with(wanted), "{line}: {error}");
    }
    let error = error_of("storage \"inmem\" {}\nlistener \"tcp\" { tls_disable = \"perhaps\" }");
    assert_eq!(error, "c0.hcl:2:32: \"tls_disable\" must be true or false");
    let tls = |line: &str| {
        error_of(&format!(
            "storage \"inmem\" {{}}\nlistener \"tcp\" {{\n{line}\ntls_cert_file = \"c\"\ntls_key_file = \"k\"\n}}"
        ))
    };
    assert!(
        tls("tls_min_version = \"ssl3\"").starts_with("c0.hcl:3:19: tls_min_version: \"ssl3\" is not a TLS version")
    );
    assert!(tls("tls_max_version = \"tls11\"").contains("obsolete"));
    assert!(tls("tls_min_version = \"tls13\"\ntls_max_version = \"tls12\"").contains("is above the highest"));
    assert!(tls("tls_cipher_suites = \"TLS_NONSENSE\"").contains("\"TLS_NONSENSE\" is not a TLS cipher suite"));
    let error = error_of("storage \"inmem\" {}\nlistener \"tcp\" {}");
    assert_eq!(error, "c0.hcl:2:1: the listener needs tls_cert_file, or tls_disable = true to serve without TLS");
    assert!(error_of(&with("log_level = \"loud\"")).contains("unknown log level \"loud\""));
    assert!(error_of(&with("default_lease_ttl = \"2h\"\nmax_lease_ttl = \"1h\"")).contains("is above max_lease_ttl"));
    assert!(error_of(&with("listener \"quic\" {}")).contains("listener type \"quic\" is unknown"));
    assert!(error_of(&with("ui = true\nui = false")).starts_with("c0.hcl:4:1: \"ui\" is already set at 3:1"));
}

#[test]
fn obsolete_tls_is_a_warning_since_stronger_is_offered() {
    let text = "storage \"inmem\" {}\nlistener \"tcp\" { tls_min_version = \"tls10\" tls_cert_file = \"c\" tls_key_file = \"k\" }";
    let (_, warnings) = read_text(text).unwrap();
    assert!(warnings[0].to_string().contains("TLS 1.2 is the lowest"), "{warnings:?}");
}

#[test]
fn later_files_hold_and_listeners_add_up() {
    let second = "api_addr = \"http://b:1\"\nlistener \"tcp\" { address = \"127.0.0.1:1\" tls_disable = 1 }";
    let (config, _) = read_files(&[&with("api_addr = \"http://a:1\"\nui = true"), second], &[]).unwrap();
    assert_eq!(config.api_addr.unwrap().to_string(), "http://b:1");
    assert_eq!(config.listeners.len(), 2);
    assert!(config.ui);
}

#[test]
fn the_environment_lies_over_the_files() {
    let environment = [
        ("VAULT_API_ADDR", "https://env:8200"),
        ("VAULT_CLUSTER_ADDR", "https://env:1"),
        ("BAO_CLUSTER_ADDR", "https://env:8201"),
        ("VAULT_RAFT_NODE_ID", "env1"),
        ("BAO_RAFT_PATH", "/env"),
        ("VAULT_LOG_LEVEL", "trace"),
        ("VAULT_LOG_FORMAT", ""),
    ];
    let (config, _) = read_files(&[ARTICLE], &environment).unwrap();
    assert_eq!(config.api_addr.as_ref().unwrap().to_string(), "https://env:8200");
    assert_eq!(config.cluster_addr.as_ref().unwrap().to_string(), "https://env:8201");
    assert_eq!(raft(&config).node_id.as_ref().unwrap().as_str(), "env1");
    assert_eq!(raft(&config).path, PathBuf::from("/env"));
    assert_eq!((config.log.level, config.log.format), (Some(LogLevel::Trace), None));

    let (config, _) = read_files(&[MINIMAL], &[("VAULT_REDIRECT_ADDR", "http://r:1")]).unwrap();
    assert_eq!(config.api_addr.unwrap().to_string(), "http://r:1");
    let error = read_files(&[MINIMAL], &[("VAULT_API_ADDR", "vault1")]).map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("environment variable VAULT_API_ADDR: \"vault1\" is not a URL"), "{error}");
    let error = read_files(&[MINIMAL], &[("VAULT_SEAL_TYPE", "awskms")]).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("is not built yet"), "{error}");
}

#[test]
fn folders_are_read_by_name_and_mistakes_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let load = || Config::load(&[folder.path().to_owned()], &|_| None);
    assert!(load().unwrap_err().to_string().contains("holds no file that ends in .hcl or .json"));
    write("b.hcl", "ui = true\nlog_level = \"warn\"");
    write("a.hcl", MINIMAL);
    write("z.json", r#"{"log_level": "trace"}"#);
    write("notes.txt", "this is no configuration");
    write(".hidden.hcl", "this is no configuration {");
    let (config, _) = load().unwrap();
    assert!(config.ui);
    assert_eq!(config.log.level, Some(LogLevel::Trace));

    write("c.hcl", "ui = ");
    let error = load().unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}:1:", folder.path().join("c.hcl").display())), "{error}");
    let error = Config::load(&[folder.path().join("absent.hcl")], &|_| None).unwrap_err().to_string();
    assert!(error.contains("absent.hcl: cannot be read: No such file"), "{error}");
}

#[test]
fn a_key_in_the_configuration_is_not_shown() {
    let text = "storage \"raft\" { path = \"/d\" retry_join { leader_api_addr = \"https://a:1\" \
                leader_client_cert = \"c\" leader_client_key = \"hunter2\" } }\ncluster_addr = \"https://a:2\"\n\
                listener \"tcp\" { tls_disable = 1 }";
    let (config, _) = read_text(text).unwrap();
    assert!(raft(&config).retry_join[0].client.is_some());
    assert!(!format!("{config:?}").contains("hunter2"));
    let half = text.replace("leader_client_cert = \"c\"", "");
    assert!(error_of(&half).contains("a client certificate needs its key"));
}

#[test]
fn the_proxy_protocol_has_its_rules() {
    let rule = |lines: &str| read_text(&in_listener(lines)).unwrap().0.listeners[0].proxy_protocol.clone();
    assert_eq!(rule(""), ProxyProtocol::Off);
    assert_eq!(rule("proxy_protocol_behavior = \"use_always\""), ProxyProtocol::UseAlways);
    let addresses = "proxy_protocol_authorized_addrs = [\"10.0.0.1\", \"192.168.0.0/16,::1\"]";
    let networks = ["10.0.0.1/32", "192.168.0.0/16", "::1/128"].map(|text| text.parse().unwrap()).to_vec();
    let allowed = rule(&format!("proxy_protocol_behavior = \"allow_authorized\"\n{addresses}"));
    assert_eq!(allowed, ProxyProtocol::AllowAuthorized(networks));
    let error = |lines: &str| error_of(&in_listener(lines));
    assert!(error("proxy_protocol_behavior = \"deny_unauthorized\"").contains("needs proxy_protocol_authorized_addrs"));
    assert!(error("proxy_protocol_behavior = \"sometimes\"").contains("must be use_always"));
    assert!(error(addresses).contains("has no effect without proxy_protocol_behavior"));
    let odd = "proxy_protocol_behavior = \"allow_authorized\"\nproxy_protocol_authorized_addrs = \"vault\"";
    assert!(error(odd).contains("neither an IP address nor a range"));
}
