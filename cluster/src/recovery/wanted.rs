//! Which members are to be left, as `peers.json` has it: `[{"id": "node1", "address": "host:8201", "non_voter": false}]`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::RecoveryError;

const FIELDS: [&str; 3] = ["id", "address", "non_voter"];

/// A member that is to be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its `node_id`.
    pub node_id: String,
    /// Host and port of its cluster listener; `None`: as the member list has it.
    pub address: Option<String>,
    /// Without a vote.
    pub non_voter: bool,
}

impl Wanted {
    /// Reads a `peers.json`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn from_peers_json(text: &str) -> Result<Vec<Self>, RecoveryError> {
        let wrong = |what: String| RecoveryError::Wanted(format!("peers.json: {what}"));
        let list: Value = serde_json::from_str(text).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
        let list = list.as_array().ok_or_else(|| wrong("it must be a list of objects".into()))?;
        list.iter()
            .enumerate()
            .map(|(at, item)| read(item).map_err(|what| wrong(format!("item {}: {what}", at + 1))))
            .collect()
    }
}

fn read(item: &Value) -> Result<Wanted, String> {
    let item = item.as_object().ok_or("it must be an object")?;
    let text = |name: &str| match item.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} must be a text")),
    };
    // One that is misspelt would give a vote, or an address, that was not meant.
    if let Some(unknown) = item.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(format!("{unknown:?} is not known: id, address and non_voter are"));
    }
    let node_id = text("id")?.filter(|id| !id.is_empty()).ok_or("id is missing")?;
    let non_voter = match item.get("non_voter") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(non_voter)) => *non_voter,
        Some(_) => return Err("non_voter must be true or false".to_owned()),
    };
    Ok(Wanted { node_id, address: text("address")?.filter(|address| !address.is_empty()), non_voter })
}

/// Names once each, addresses that make sense and are not shared, and a voter.
pub(super) fn check(wanted: &[Wanted]) -> Result<(), RecoveryError> {
    let wrong = |what: String| Err(RecoveryError::Wanted(what));
    if !wanted.iter().any(|member| !member.non_voter) {
        return wrong("no voter would be left: name at least one member without non_voter".into());
    }
    let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for member in wanted {
        if !names.insert(&member.node_id) {
            return wrong(format!("{:?} is named twice", member.node_id));
        }
        let Some(address) = &member.address else { continue };
        if !is_address(address) {
            return wrong(format!(
                "{address:?}, of {:?}, is no address: host:port is wanted, as in vault1.example.com:8201",
                member.node_id
            ));
        }
        if !addresses.insert(address) {
            return wrong(format!("the address {address} is given to two members"));
        }
    }
    Ok(())
}

fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host_is_good = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok()),
        None => !host.is_empty() && !host.contains([':', '/', ' ', '@']),
    };
    host_is_good && port.parse::<u16>().is_ok_and(|port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vaults_file_is_read() {
        let text = r#"[{"id": "n1", "address": "n1:8201", "non_voter": false}, {"id": "n2", "address": "[::1]:8201"}]"#;
        let wanted = Wanted::from_peers_json(text).unwrap();
        assert_eq!(wanted[0], Wanted { node_id: "n1".into(), address: Some("n1:8201".into()), non_voter: false });
        check(&wanted).unwrap();
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("{}", "a list of objects"),
            ("[", "no JSON"),
            ("[7]", "item 1: it must be an object"),
            (r#"[{"id": ""}]"#, "item 1: id is missing"),
            (r#"[{"id": "a", "non_voter": "no"}]"#, "non_voter must be"),
            (r#"[{"id": "a", "nonvoter": true}]"#, "\"nonvoter\" is not known"),
            ("[]", "no voter would be left"),
            (r#"[{"id": "a", "non_voter": true}]"#, "no voter would be left"),
            (r#"[{"id": "a"}, {"id": "a"}]"#, "named twice"),
            (r#"[{"id": "a", "address": "https://a:8201"}]"#, "host:port is wanted"),
            (r#"[{"id": "a", "address": "a"}]"#, "host:port is wanted"),
            (r#"[{"id": "a", "address": "x:1"}, {"id": "b", "address": "x:1"}]"#, "two members"),
        ];
        for (text, expected) in cases {
            let refused = Wanted::from_peers_json(text).and_then(|wanted| check(&wanted)).unwrap_err().to_string();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,60}") {
            let _ = Wanted::from_peers_json(&text).and_then(|wanted| check(&wanted));
        }
    }
}
