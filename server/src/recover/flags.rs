//! The flags of `coffer operator raft recover`, written as Go's.

use std::path::PathBuf;

/// What the command line wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Recover(Flags),
    Help,
}

/// The flags as given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Configuration files of the server.
    pub(super) config: Vec<PathBuf>,
    /// The data folder itself.
    pub(super) path: Option<PathBuf>,
    /// Names of the members that are left.
    pub(super) keep: Vec<String>,
    /// A `peers.json`.
    pub(super) peers: Option<PathBuf>,
    /// Not to be asked.
    pub(super) yes: bool,
}

impl Flags {
    /// Reads the words after `recover`.
    pub(super) fn parse(words: &[String]) -> Result<Asked, String> {
        let mut flags = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix('-').map(|rest| rest.strip_prefix('-').unwrap_or(rest)) else {
                return Err(format!("recover takes no arguments besides its flags, and {word:?} was given"));
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            if matches!(name, "h" | "help") {
                return Ok(Asked::Help);
            }
            if name == "yes" {
                flags.yes = match value.as_deref().map(coffer_hcl::parse_bool) {
                    None => true,
                    Some(Some(yes)) => yes,
                    Some(None) => return Err("invalid value for flag -yes: must be true or false".to_owned()),
                };
                continue;
            }
            if !matches!(name, "config" | "path" | "keep" | "peers") {
                return Err(format!("flag provided but not defined: -{name}"));
            }
            let Some(value) = value.or_else(|| words.next().cloned()) else {
                return Err(format!("flag needs an argument: -{name}"));
            };
            match name {
                "config" => flags.config.push(value.into()),
                "path" => flags.path = Some(value.into()),
                "peers" => flags.peers = Some(value.into()),
                _ => flags.keep.extend(value.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned)),
            }
        }
        flags.check()
    }

    fn check(self) -> Result<Asked, String> {
        if self.path.is_none() == self.config.is_empty() {
            return Err(
                "say which node this is: with -config the server's configuration, or with -path its data folder \
                        (one of them)"
                    .to_owned(),
            );
        }
        if self.keep.is_empty() == self.peers.is_none() {
            return Err(
                "say which members are left: with -keep their node_ids, or with -peers a peers.json (one of them)"
                    .to_owned(),
            );
        }
        Ok(Asked::Recover(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Asked, String> {
        Flags::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_read_in_gos_ways() {
        let Asked::Recover(flags) = parse(&["-path", "/data", "--keep=a, b", "-keep", "c", "-yes"]).unwrap() else {
            panic!("no help was asked for");
        };
        assert_eq!((flags.keep, flags.yes), (["a", "b", "c"].map(str::to_owned).to_vec(), true));
        assert_eq!(parse(&["-h"]), Ok(Asked::Help));
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        for (words, expected) in [
            (&["-keep=a"][..], "-path"),
            (&["-path=/d", "-config=c", "-keep=a"], "one of them"),
            (&["-path=/d"], "-peers"),
            (&["-path=/d", "-keep=a", "-peers=p"], "one of them"),
            (&["-pathh=/d"], "not defined: -pathh"),
            (&["-path"], "needs an argument"),
            (&["word"], "no arguments"),
        ] {
            let error = parse(words).unwrap_err();
            assert!(error.contains(expected), "{words:?}: {error}");
        }
    }
}
