//! The flags of `coffer server`, written as Go's: `-name=value`, `-name value`, one dash or two.

use std::path::PathBuf;

use crate::config::{CONFIG_PATH, DEV_LISTEN_ADDRESS, DEV_ROOT_TOKEN_ID, Environment, HostPort, LogFormat, LogLevel};

/// What the command line wants.
#[derive(Debug)]
pub enum Wanted {
    /// A server.
    Server(Box<Flags>),
    /// To know how to ask.
    Help,
}

/// The flags as given, with the environment below them.
#[derive(Debug, Default)]
pub struct Flags {
    /// Files and folders.
    pub config: Vec<PathBuf>,
    /// Over the configuration's.
    pub log_level: Option<LogLevel>,
    /// Over the configuration's.
    pub log_format: Option<LogFormat>,
    /// Over the configuration's.
    pub log_file: Option<PathBuf>,
    /// Development mode, if it is wanted.
    pub dev: Option<DevFlags>,
    /// What was given and has no effect.
    pub warnings: Vec<String>,
}

/// Development mode.
pub struct DevFlags {
    /// The first token; a random one if `None`.
    pub root_token: Option<coffer_core::SecretText>,
    /// Where to listen.
    pub listen: HostPort,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Where the certificates go.
    pub tls_cert_dir: Option<PathBuf>,
    /// Further names for the certificate.
    pub tls_names: Vec<String>,
    /// Whether the root token is kept for the client.
    pub store_token: bool,
    /// What is mounted at `secret/`.
    pub kv: Option<KvVersion>,
    /// Whether the server is initialised and unsealed.
    pub initialize: bool,
    /// Whether it is a cluster of three processes.
    pub three_node: bool,
    /// Where those three keep their data; a temporary folder if `None`.
    pub cluster_dir: Option<PathBuf>,
}

/// A version of the KV engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvVersion {
    /// Without versions of values.
    V1,
    /// With them.
    V2,
}

impl std::fmt::Debug for DevFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevFlags").field("listen", &self.listen).field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// A command line that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFlags {
    /// No such flag.
    #[error("flag provided but not defined: -{name}{}", suggestion(name))]
    Unknown {
        /// What was given.
        name: String,
    },
    /// A flag of Vault's that is not built.
    #[error("-{0} is not built")]
    NotBuilt(&'static str),
    /// A flag that needs a value.
    #[error("flag needs an argument: -{0}")]
    NoValue(&'static str),
    /// A value that makes no sense. It is not shown: it may be a token at the wrong place.
    #[error("invalid value for flag -{flag}: {reason}")]
    BadValue {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Words that are no flags.
    #[error("server takes no arguments besides its flags, and {0} were given")]
    Arguments(usize),
    /// Neither a configuration nor development mode.
    #[error("Must specify at least one config path using -config (or use -dev to try things out)")]
    NoConfig,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Switch,
    Value,
    /// Vault's, with a value or without; asking for it is an error.
    NotBuilt,
}

const FLAGS: &[(&str, Kind)] = &[
    ("config", Kind::Value),
    ("log-level", Kind::Value),
    ("log-format", Kind::Value),
    ("log-file", Kind::Value),
    ("log-rotate-bytes", Kind::Value),
    ("log-rotate-duration", Kind::Value),
    ("log-rotate-max-files", Kind::Value),
    ("exit-on-core-shutdown", Kind::Switch),
    ("dev", Kind::Switch),
    ("dev-root-token-id", Kind::Value),
    ("dev-listen-address", Kind::Value),
    ("dev-no-store-token", Kind::Switch),
    ("dev-no-kv", Kind::Switch),
    ("dev-kv-v1", Kind::Switch),
    ("dev-skip-init", Kind::Switch),
    ("dev-tls", Kind::Switch),
    ("dev-tls-cert-dir", Kind::Value),
    ("dev-tls-san", Kind::Value),
    ("dev-ha", Kind::Switch),
    ("dev-transactional", Kind::Switch),
    ("dev-leased-kv", Kind::NotBuilt),
    ("dev-three-node", Kind::Switch),
    ("dev-cluster-dir", Kind::Value),
    ("dev-four-cluster", Kind::NotBuilt),
    ("dev-consul", Kind::NotBuilt),
    ("dev-auto-seal", Kind::NotBuilt),
    ("dev-plugin-dir", Kind::NotBuilt),
    ("dev-plugin-init", Kind::NotBuilt),
    ("dev-latency", Kind::NotBuilt),
    ("dev-latency-jitter", Kind::NotBuilt),
    ("dev-cluster-json", Kind::NotBuilt),
    ("recovery", Kind::NotBuilt),
    ("experiment", Kind::NotBuilt),
    ("test-verify-only", Kind::NotBuilt),
    ("test-server-config", Kind::NotBuilt),
];

impl Flags {
    /// Reads the words after `server`.
    ///
    /// # Errors
    /// The first thing that cannot be followed.
    pub fn parse(words: &[String], environment: &dyn Fn(&str) -> Option<String>) -> Result<Wanted, BadFlags> {
        let mut given = Given::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
                given.arguments += 1;
                continue;
            };
            let flag = flag.strip_prefix('-').unwrap_or(flag);
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            if matches!(name, "h" | "help") {
                return Ok(Wanted::Help);
            }
            let Some((name, kind)) = FLAGS.iter().find(|(known, _)| *known == name).copied() else {
                let name = name.chars().filter(|c| c.is_ascii_graphic()).take(64).collect();
                return Err(BadFlags::Unknown { name });
            };
            match kind {
                Kind::NotBuilt => return Err(BadFlags::NotBuilt(name)),
                Kind::Switch => given.switch(name, value.as_deref())?,
                Kind::Value => {
                    let value = value.or_else(|| words.next().cloned()).ok_or(BadFlags::NoValue(name))?;
                    given.values.push((name, value));
                }
            }
        }
        given.finish(&Environment(environment)).map(|flags| Wanted::Server(Box::new(flags)))
    }
}

#[derive(Default)]
struct Given {
    switches: Vec<&'static str>,
    values: Vec<(&'static str, String)>,
    arguments: usize,
}

impl Given {
    fn switch(&mut self, name: &'static str, value: Option<&str>) -> Result<(), BadFlags> {
        self.switches.retain(|given| *given != name);
        match value.map(coffer_hcl::parse_bool) {
            None | Some(Some(true)) => self.switches.push(name),
            Some(Some(false)) => {}
            Some(None) => return Err(BadFlags::BadValue { flag: name, reason: "must be true or false".into() }),
        }
        Ok(())
    }

    fn finish(mut self, environment: &Environment<'_>) -> Result<Flags, BadFlags> {
        if self.arguments > 0 {
            return Err(BadFlags::Arguments(self.arguments));
        }
        let mut config: Vec<PathBuf> = self.all("config").into_iter().map(Into::into).collect();
        if config.is_empty() {
            config.extend(environment.get(CONFIG_PATH).map(|(_, path)| PathBuf::from(path)));
        }
        let dev = self.dev(environment)?;
        if config.is_empty() && dev.is_none() {
            return Err(BadFlags::NoConfig);
        }
        let mut warnings = Vec::new();
        if dev.is_none() && self.last("dev-root-token-id").is_some() {
            warnings.push("-dev-root-token-id has no effect without -dev".to_owned());
        }
        if !dev.as_ref().is_some_and(|dev| dev.three_node) && self.last("dev-cluster-dir").is_some() {
            warnings.push("-dev-cluster-dir has no effect without -dev-three-node".to_owned());
        }
        if self.values.iter().any(|(name, _)| name.starts_with("log-rotate-")) {
            warnings.push("-log-rotate-* has no effect: let logrotate rename the file and send SIGHUP".to_owned());
        }
        Ok(Flags {
            config,
            log_level: self.parsed("log-level")?,
            log_format: self.parsed("log-format")?,
            log_file: self.last("log-file").map(Into::into),
            dev,
            warnings,
        })
    }

    fn dev(&mut self, environment: &Environment<'_>) -> Result<Option<DevFlags>, BadFlags> {
        // As in Vault, those that only make sense there imply development mode.
        const IMPLYING: [&str; 7] =
            ["dev", "dev-tls", "dev-no-kv", "dev-kv-v1", "dev-ha", "dev-transactional", "dev-three-node"];
        if !self.switches.iter().any(|given| IMPLYING.contains(given)) {
            return Ok(None);
        }
        let on = |name: &str| self.switches.contains(&name);
        let variable = |variable| environment.get(variable).map(|(_, value)| value);
        let listen = self.last("dev-listen-address").or_else(|| variable(DEV_LISTEN_ADDRESS));
        let listen = listen.unwrap_or_else(|| "127.0.0.1:8200".to_owned());
        let flag = "dev-listen-address";
        let listen = listen
            .parse()
            .map_err(|error: crate::config::BadAddress| BadFlags::BadValue { flag, reason: error.to_string() })?;
        let root_token = self.last("dev-root-token-id").or_else(|| variable(DEV_ROOT_TOKEN_ID));
        Ok(Some(DevFlags {
            root_token: root_token.filter(|token| !token.is_empty()).map(coffer_core::SecretText::new),
            listen,
            tls: on("dev-tls"),
            tls_cert_dir: self.last("dev-tls-cert-dir").map(Into::into),
            tls_names: self.all("dev-tls-san"),
            store_token: !on("dev-no-store-token"),
            kv: match (on("dev-no-kv"), on("dev-kv-v1")) {
                (true, _) => None,
                (false, true) => Some(KvVersion::V1),
                (false, false) => Some(KvVersion::V2),
            },
            initialize: !on("dev-skip-init"),
            three_node: on("dev-three-node"),
            cluster_dir: self.last("dev-cluster-dir").map(Into::into),
        }))
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.values.iter().filter(|(given, _)| *given == name).map(|(_, value)| value.clone()).collect()
    }

    fn last(&self, name: &str) -> Option<String> {
        self.all(name).pop()
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &'static str) -> Result<Option<T>, BadFlags> {
        match self.last(name) {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|error: T::Err| BadFlags::BadValue { flag: name, reason: error.to_string() }),
        }
    }
}

fn suggestion(name: &str) -> String {
    let nearest = FLAGS
        .iter()
        .filter(|(_, kind)| *kind != Kind::NotBuilt)
        .map(|(known, _)| (strsim::damerau_levenshtein(known, name), *known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3));
    nearest.map(|(_, known)| format!(" (did you mean -{known}?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, BadFlags> {
        parse_in(line, &|_| None)
    }

    fn parse_in(line: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Flags, BadFlags> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        match Flags::parse(&words, environment)? {
            Wanted::Server(flags) => Ok(*flags),
            Wanted::Help => panic!("help"),
        }
    }

    #[test]
    fn values_come_after_a_sign_or_a_space() {
        let flags = parse("-config=/a --config /b -log-level=debug -log-format json -log-file x").unwrap();
        assert_eq!(flags.config, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!((flags.log_level, flags.log_format), (Some(LogLevel::Debug), Some(LogFormat::Json)));
        assert_eq!(flags.log_file, Some("x".into()));
        assert!(flags.dev.is_none());
    }

    #[test]
    fn development_mode_has_its_flags_and_variables() {
        let line = "-dev -dev-root-token-id=root -dev-listen-address 127.0.0.1:1 -dev-no-store-token -dev-tls-san a -dev-tls-san=b";
        let dev = parse(line).unwrap().dev.unwrap();
        assert_eq!(dev.root_token.as_ref().unwrap().expose(), "root");
        assert_eq!(dev.listen.to_string(), "127.0.0.1:1");
        assert_eq!(dev.tls_names, ["a", "b"]);
        assert!(!dev.store_token && !dev.tls && dev.initialize);
        assert_eq!(dev.kv, Some(KvVersion::V2));
        assert!(!format!("{dev:?}").contains("root"));

        let environment = |name: &str| match name {
            "VAULT_DEV_ROOT_TOKEN_ID" => Some("env".to_owned()),
            "BAO_DEV_LISTEN_ADDRESS" => Some("127.0.0.1:2".to_owned()),
            _ => None,
        };
        let dev = parse_in("-dev", &environment).unwrap().dev.unwrap();
        assert_eq!((dev.root_token.unwrap().expose(), dev.listen.port), ("env", 2));
        assert!(parse("-dev-tls").unwrap().dev.unwrap().tls);
        assert_eq!(parse("-dev -dev-kv-v1").unwrap().dev.unwrap().kv, Some(KvVersion::V1));
        assert_eq!(parse("-dev -dev-no-kv").unwrap().dev.unwrap().kv, None);
        assert!(parse("-dev=false -config=x").unwrap().dev.is_none());
        let three = parse("-dev-three-node -dev-cluster-dir=/x").unwrap().dev.unwrap();
        assert!(three.three_node && three.cluster_dir == Some("/x".into()));
    }

    #[test]
    fn mistakes_are_named() {
        let said = |line: &str| parse(line).unwrap_err().to_string();
        assert_eq!(said("-confg=x"), "flag provided but not defined: -confg (did you mean -config?)");
        assert_eq!(said("-bogus"), "flag provided but not defined: -bogus");
        assert_eq!(said("-config"), "flag needs an argument: -config");
        assert_eq!(said("-dev-four-cluster"), "-dev-four-cluster is not built");
        assert_eq!(said("-dev=perhaps"), "invalid value for flag -dev: must be true or false");
        assert!(said("-dev -dev-listen-address=x").contains("has no port"));
        assert!(said("-config=x -log-level=loud").contains("unknown log level"));
        assert!(said("").starts_with("Must specify at least one config path using -config"));
        assert!(said("-config=x serve").contains("no arguments"));
        assert!(matches!(Flags::parse(&["-h".to_owned()], &|_| None), Ok(Wanted::Help)));
    }

    #[test]
    fn what_has_no_effect_is_said() {
        assert_eq!(parse("-config=x -dev-root-token-id=t").unwrap().warnings.len(), 1);
        assert_eq!(parse("-config=x -log-rotate-bytes=5").unwrap().warnings.len(), 1);
    }
}
