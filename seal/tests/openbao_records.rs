//! What a real OpenBao wrote opens here with its own shares, and what is made from it here opens again.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use coffer_seal::{
    Barrier, CurrentSeal, KEYRING_PATH, KeyShare, KeyringChange, OPENBAO_ROOT_KEY_PATH, ROOT_KEY_PATH, Rekey,
    RekeyRequest, RekeyStep, SEAL_CONFIG_PATH, STORED_KEYS_PATH, SealConfig, SealedRecords, UNSEAL_KEY_PATH, Unseal,
    UnsealStep,
};
use time::macros::datetime;

/// Under term 1, and under term 2.
const SECRETS: [(&str, &[u8]); 2] = [
    ("logical/de19588e-3bf0-3e45-aa49-22ef4674edb8/first", br#"{"hello":"world"}"#),
    ("logical/de19588e-3bf0-3e45-aa49-22ef4674edb8/second", br#"{"hello":"again"}"#),
];

struct Server {
    shares: Vec<KeyShare>,
    records: BTreeMap<String, Vec<u8>>,
}

impl Server {
    fn of_openbao() -> Self {
        let fixture: serde_json::Value =
            serde_json::from_str(include_str!("fixtures/openbao-2.7.2.json")).expect("the fixture is JSON");
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        let shares = fixture["shares_base64"].as_array().expect("a list");
        let records = fixture["records_base64"].as_object().expect("an object");
        Self {
            shares: shares.iter().map(|share| KeyShare::parse(&text(share)).expect("a share")).collect(),
            records: records
                .iter()
                .map(|(path, value)| (path.clone(), STANDARD.decode(text(value)).expect("base64")))
                .collect(),
        }
    }

    fn config(&self) -> SealConfig {
        SealConfig::read(&self.records[SEAL_CONFIG_PATH]).expect("a configuration")
    }

    fn unseal(&self, shares: &[KeyShare]) -> Option<Barrier> {
        let mut unseal = Unseal::default();
        let records = SealedRecords {
            config: self.config(),
            stored_keys: &self.records[STORED_KEYS_PATH],
            keyring: &self.records[KEYRING_PATH],
        };
        shares.iter().find_map(|share| match unseal.provide(share.clone(), records) {
            Ok(UnsealStep::Opened(barrier)) => Some(barrier),
            _ => None,
        })
    }

    fn store(&mut self, barrier: &Barrier, change: KeyringChange) {
        for path in &change.records().deletes {
            self.records.remove(path);
        }
        self.records.extend(change.records().puts.iter().map(|record| (record.path.clone(), record.value.clone())));
        barrier.install(change);
    }
}

fn reads_its_secrets(barrier: &Barrier, server: &Server) {
    for (path, secret) in SECRETS {
        assert_eq!(barrier.decrypt(path, &server.records[path]).expect("opens").as_slice(), secret, "{path}");
    }
}

#[test]
fn its_shares_open_its_records() {
    let server = Server::of_openbao();
    assert_eq!((server.config().shares(), server.config().threshold()), (5, 3));
    for chosen in [[0, 1, 2], [4, 2, 0], [3, 1, 4]] {
        let shares = chosen.map(|at| server.shares[at].clone());
        let barrier = server.unseal(&shares).expect("unsealed");
        assert_eq!(barrier.key_status().term, 2);
        assert_eq!(barrier.key_status().install_time, datetime!(2026-11-23 20:37:44.752544551 UTC));
        reads_its_secrets(&barrier, &server);
    }
    assert!(server.unseal(&server.shares[..2]).is_none());
}

#[test]
fn its_other_records_have_the_form_that_is_written_here() {
    let server = Server::of_openbao();
    let barrier = server.unseal(&server.shares).expect("unsealed");
    let key = barrier.decrypt(UNSEAL_KEY_PATH, &server.records[UNSEAL_KEY_PATH]).expect("opens");
    assert_eq!(key.len(), 32);
    let upgrade = barrier.decrypt("core/upgrade/1", &server.records["core/upgrade/1"]).expect("opens");
    assert!(upgrade.starts_with(br#"{"Term":2,"Version":1,"Value":""#));
    let root = barrier.decrypt(OPENBAO_ROOT_KEY_PATH, &server.records[OPENBAO_ROOT_KEY_PATH]).expect("opens");
    assert!(root.ends_with(br#","InstallTime":"0001-01-01T00:00:00Z"}"#));
}

#[test]
fn rotated_and_rekeyed_here_it_opens_with_the_new_shares() {
    let mut server = Server::of_openbao();
    let barrier = server.unseal(&server.shares).expect("unsealed");
    let rotation = barrier.plan_rotation(datetime!(2026-11-24 00:00 UTC)).expect("planned");
    server.store(&barrier, rotation);
    let root = barrier.plan_root_rotation(&server.records[UNSEAL_KEY_PATH]).expect("planned");
    server.store(&barrier, root);
    assert!(!server.records.contains_key(OPENBAO_ROOT_KEY_PATH) && server.records.contains_key(ROOT_KEY_PATH));
    reads_its_secrets(&server.unseal(&server.shares).expect("the shares stay"), &server);

    let mut rekey = Rekey::default();
    let request = RekeyRequest { secret_shares: 3, secret_threshold: 2, ..RekeyRequest::default() };
    let nonce = rekey.start(&request).expect("started").nonce.to_string();
    let seal =
        CurrentSeal { config: server.config(), stored_keys: &server.records[STORED_KEYS_PATH], barrier: &barrier };
    let last = server.shares[..3].iter().map(|share| rekey.provide(share.clone(), &nonce, seal).expect("taken")).last();
    let Some(RekeyStep::Complete { shares, change, .. }) = last else { panic!("not complete") };
    server.store(&barrier, change);
    assert!(server.unseal(&server.shares).is_none());
    let reopened = server.unseal(&shares[1..]).expect("unsealed");
    assert_eq!(reopened.key_status().term, 3);
    reads_its_secrets(&reopened, &server);
}
