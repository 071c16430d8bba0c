//! The flags of `coffer front`, written as Go's.

use std::path::PathBuf;

use coffer_front::config::{Balance, CheckKind, Config, HostPort, HttpsCheck, Status};

use crate::config::LogSettings;

/// What the command line wants.
#[derive(Debug)]
pub(super) enum Wanted {
    Front(Box<Flags>),
    Help,
}

/// The flags as given.
#[derive(Debug)]
pub(super) struct Flags {
    pub(super) source: Source,
    pub(super) log: LogSettings,
}

/// Where the configuration comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// A file, read anew at SIGHUP.
    File(PathBuf),
    /// The flags themselves.
    Flags(Box<Config>),
}

const VALUES: &[&str] = &[
    "config",
    "listen",
    "server",
    "balance",
    "check",
    "check-path",
    "check-ca-file",
    "check-server-name",
    "status",
    "log-level",
    "log-format",
    "log-file",
];
const SWITCHES: &[&str] = &["check-skip-verify"];

impl Flags {
    /// Reads the words after `front`.
    pub(super) fn parse(words: &[String]) -> Result<Wanted, String> {
        let mut given = Given::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix('-').map(|rest| rest.strip_prefix('-').unwrap_or(rest)) else {
                return Err(format!("front takes no arguments besides its flags, and {word:?} was given"));
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            match name {
                "h" | "help" => return Ok(Wanted::Help),
                name if SWITCHES.contains(&name) => given.skip_verify = true,
                name => {
                    let Some(name) = VALUES.iter().find(|known| **known == name) else {
                        return Err(format!("flag provided but not defined: -{name}{}", suggestion(name)));
                    };
                    let value = value.or_else(|| words.next().cloned());
                    given.values.push((name, value.ok_or_else(|| format!("flag needs an argument: -{name}"))?));
                }
            }
        }
        given.finish().map(|flags| Wanted::Front(Box::new(flags)))
    }
}

#[derive(Default)]
struct Given {
    values: Vec<(&'static str, String)>,
    skip_verify: bool,
}

impl Given {
    fn finish(self) -> Result<Flags, String> {
        let log = LogSettings {
            level: self.parsed("log-level")?,
            format: self.parsed("log-format")?,
            file: self.last("log-file").map(Into::into),
        };
        if let Some(path) = self.last("config") {
            let other = self.values.iter().find(|(name, _)| *name != "config" && !name.starts_with("log-"));
            return match other {
                Some((name, _)) => Err(format!("-{name} has no effect beside -config: write it into the file")),
                None => Ok(Flags { source: Source::File(path.into()), log }),
            };
        }
        Ok(Flags { source: Source::Flags(Box::new(self.simple()?)), log })
    }

    fn simple(&self) -> Result<Config, String> {
        let bind: HostPort = self
            .parsed("listen")?
            .ok_or("say where to listen and which servers there are: -listen=:8200 -server=HOST:8200 -server=..., or -config=FILE")?;
        let servers: Vec<HostPort> = self
            .all("server")
            .map(|text| text.parse().map_err(|error| format!("invalid value for flag -server: {error}")))
            .collect::<Result<_, _>>()?;
        if servers.is_empty() {
            return Err("there is no server: add -server=HOST:PORT, once for each node".to_owned());
        }
        let balance = match self.last("balance") {
            None | Some("roundrobin") => Balance::RoundRobin,
            Some("leastconn") => Balance::LeastConnections,
            Some("leader") => Balance::Leader,
            Some(_) => return Err("invalid value for flag -balance: use roundrobin, leastconn or leader".to_owned()),
        };
        let check = match (self.last("check"), balance) {
            (Some("tcp"), Balance::Leader) => {
                return Err("-balance=leader asks for health: it needs -check=https".to_owned());
            }
            (Some("https"), _) | (None, Balance::Leader) => CheckKind::Https(self.https()),
            (None | Some("tcp"), _) => CheckKind::Tcp,
            (Some(_), _) => return Err("invalid value for flag -check: use tcp or https".to_owned()),
        };
        let mut config = Config::simple(bind, servers, balance, check).map_err(|error| error.to_string())?;
        config.status = self.parsed("status")?.map(|address| Status { address, admin: false });
        Ok(config)
    }

    fn https(&self) -> HttpsCheck {
        let default = HttpsCheck::default();
        HttpsCheck {
            path: self.last("check-path").map_or(default.path, str::to_owned),
            codes: default.codes,
            ca_file: self.last("check-ca-file").map(Into::into),
            server_name: self.last("check-server-name").map(str::to_owned),
            skip_verify: self.skip_verify,
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    fn last<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).last()
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, String> {
        let value = self.last(name).map(str::parse).transpose();
        value.map_err(|error| format!("invalid value for flag -{name}: {error}"))
    }
}

fn suggestion(name: &str) -> String {
    let nearest = VALUES
        .iter()
        .chain(SWITCHES)
        .map(|known| (strsim::damerau_levenshtein(known, name), *known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3));
    nearest.map(|(_, known)| format!(" (did you mean -{known}?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        match Flags::parse(&words)? {
            Wanted::Front(flags) => Ok(*flags),
            Wanted::Help => panic!("help"),
        }
    }

    #[test]
    fn the_simple_case_needs_no_file() {
        let flags =
            parse("-listen=*:8200 -server a:1 -server=b:2 -balance=leader -check-skip-verify -status :9").unwrap();
        let Source::Flags(config) = flags.source else { panic!("a file") };
        assert_eq!(config.backends[0].servers.len(), 2);
        assert!(matches!(&config.backends[0].check.kind, CheckKind::Https(check) if check.skip_verify));
        assert!(config.status.is_some());
        let flags = parse("-config=x.hcl -log-level=debug").unwrap();
        assert!(matches!(flags.source, Source::File(_)));
    }

    #[test]
    fn mistakes_are_named() {
        let said = |line: &str| parse(line).unwrap_err();
        assert!(said("").contains("-listen=:8200 -server=HOST:8200"));
        assert!(said("-listen=:1").contains("there is no server"));
        assert!(said("-lisen=:1").contains("did you mean -listen?"));
        assert!(said("-config=x -listen=:1").contains("-listen has no effect beside -config"));
        assert!(said("-listen=:1 -server=a").contains("not a host and a port"));
        assert!(said("-listen=:1 -server=a:1 -balance=leader -check=tcp").contains("needs -check=https"));
        assert!(said("now").contains("no arguments"));
        assert!(said("-listen").contains("needs an argument"));
    }
}
