use super::*;
use crate::ceremony::fault::Fault;
use crate::ceremony::testing::Server;
use crate::ceremony::unseal::{Unseal, UnsealStep};
use crate::record::{KEYRING_PATH, ROOT_KEY_PATH, SEAL_CONFIG_PATH, STORED_KEYS_PATH, UNSEAL_KEY_PATH};

const THREE_OF_FOUR: RekeyRequest =
    RekeyRequest { secret_shares: 4, secret_threshold: 3, pgp_keys: 0, backup: false, verification_required: false };

fn seal(server: &Server) -> CurrentSeal<'_> {
    CurrentSeal { config: server.config(), stored_keys: server.stored_keys(), barrier: &server.barrier }
}

/// Gives current shares until the last step.
fn provide_all(rekey: &mut Rekey, server: &Server, shares: &[KeyShare]) -> Result<RekeyStep, RekeyError> {
    let nonce = rekey.status().unwrap().nonce.to_string();
    let (last, first) = shares.split_last().unwrap();
    for (given, share) in first.iter().enumerate() {
        match rekey.provide(share.clone(), &nonce, seal(server)) {
            Ok(RekeyStep::Incomplete(status)) => assert_eq!(status.progress, given + 1),
            other => panic!("{other:?}"),
        }
    }
    rekey.provide(last.clone(), &nonce, seal(server))
}

fn opens(server: &Server, shares: &[KeyShare]) -> bool {
    let mut unseal = Unseal::default();
    shares.iter().any(|share| matches!(unseal.provide(share.clone(), server.sealed()), Ok(UnsealStep::Opened(_))))
}

#[test]
fn new_shares_open_and_old_ones_do_not() {
    let mut server = Server::new(3, 2);
    let entry = server.barrier.encrypt("p", b"kept").unwrap();
    let mut rekey = Rekey::default();
    let started = rekey.start(&THREE_OF_FOUR).unwrap();
    let old = server.shares.clone();
    let Ok(RekeyStep::Complete { nonce, shares, change }) = provide_all(&mut rekey, &server, &old[..2]) else {
        panic!("not complete");
    };
    assert_eq!(nonce, started.nonce);
    let mut paths: Vec<_> = change.records().puts.iter().map(|record| record.path.clone()).collect();
    paths.sort();
    let mut expected = [KEYRING_PATH, ROOT_KEY_PATH, SEAL_CONFIG_PATH, STORED_KEYS_PATH, UNSEAL_KEY_PATH];
    expected.sort_unstable();
    assert_eq!(paths, expected);
    assert!(opens(&server, &old[..2]), "nothing changes before it is stored");
    server.store(change);
    assert!(rekey.status().is_none());
    assert_eq!((server.config().shares(), server.config().threshold()), (4, 3));
    assert!(opens(&server, &shares[1..]));
    assert!(!opens(&server, &old));
    assert_eq!(server.barrier.decrypt("p", &entry).unwrap().as_slice(), b"kept");
}

#[test]
fn verification_holds_the_change_back() {
    let mut server = Server::new(1, 1);
    let mut rekey = Rekey::default();
    rekey.start(&RekeyRequest { verification_required: true, ..THREE_OF_FOUR }).unwrap();
    assert_eq!(rekey.verification_status().unwrap().nonce, None);
    let old = server.shares.clone();
    let Ok(RekeyStep::ToVerify { nonce, shares, verification_nonce }) = provide_all(&mut rekey, &server, &old) else {
        panic!("nothing to verify");
    };
    assert_eq!(rekey.status().unwrap().verification_nonce, Some(verification_nonce));
    let again = rekey.provide(old[0].clone(), &nonce.to_string(), seal(&server)).unwrap_err();
    assert_eq!(
        again.to_string(),
        format!(
            "rekey operation already finished; verification must be performed; nonce for the verification operation \
             is \"{verification_nonce}\""
        )
    );
    let name = verification_nonce.to_string();
    for share in &shares[..2] {
        assert!(matches!(
            rekey.verify(share.clone(), &name, &server.barrier),
            Ok(VerifyStep::Incomplete(status)) if status.nonce == Some(verification_nonce)
        ));
    }
    let Ok(VerifyStep::Complete { nonce, change }) = rekey.verify(shares[3].clone(), &name, &server.barrier) else {
        panic!("not complete");
    };
    assert_eq!(nonce, verification_nonce);
    assert!(opens(&server, &old));
    server.store(change);
    assert!(opens(&server, &shares) && !opens(&server, &old));
    assert!(rekey.status().is_none());
}

#[test]
fn wrong_new_shares_begin_the_verification_again() {
    let server = Server::new(1, 1);
    let mut rekey = Rekey::default();
    let request = RekeyRequest { secret_shares: 2, secret_threshold: 2, verification_required: true, ..THREE_OF_FOUR };
    rekey.start(&request).unwrap();
    let Ok(RekeyStep::ToVerify { shares, verification_nonce, .. }) = provide_all(&mut rekey, &server, &server.shares)
    else {
        panic!("nothing to verify");
    };
    let name = verification_nonce.to_string();
    rekey.verify(shares[0].clone(), &name, &server.barrier).unwrap();
    let twice = rekey.verify(shares[0].clone(), &name, &server.barrier).unwrap_err();
    assert_eq!(twice.to_string(), "given key has already been provided during this verify operation");
    let mut wrong = shares[1].bytes().to_vec();
    wrong[0] ^= 1;
    let wrong = KeyShare::parse(&hex::encode(wrong)).unwrap();
    let error = rekey.verify(wrong, &name, &server.barrier).unwrap_err();
    assert_eq!(error.to_string(), "rekey verification failed; incorrect key shares supplied");
    let status = rekey.verification_status().unwrap();
    assert_eq!(status.progress, 0);
    assert_ne!(status.nonce, Some(verification_nonce));
    let stale = rekey.verify(shares[0].clone(), &name, &server.barrier).unwrap_err();
    assert!(matches!(stale, RekeyVerifyError::Nonce(nonce) if Some(nonce) == status.nonce));
    let restarted = rekey.restart_verification().unwrap();
    assert_ne!(restarted.nonce, status.nonce);
}

#[test]
fn what_is_out_of_turn_is_refused_in_vaults_words() {
    let server = Server::new(3, 2);
    let mut rekey = Rekey::default();
    let share = || server.shares[0].clone();
    let text = |error: RekeyError| error.to_string();
    assert_eq!(text(rekey.provide(share(), "x", seal(&server)).unwrap_err()), "no barrier rekey in progress");
    assert_eq!(rekey.verify(share(), "x", &server.barrier).unwrap_err().to_string(), "no rekey in progress");
    assert_eq!(rekey.restart_verification().unwrap_err().to_string(), "no rekey configuration found");
    let nonce = rekey.start(&THREE_OF_FOUR).unwrap().nonce;
    assert_eq!(text(rekey.start(&THREE_OF_FOUR).unwrap_err()), "rekey already in progress");
    assert_eq!(
        rekey.verify(share(), "x", &server.barrier).unwrap_err().to_string(),
        "no rekey verification in progress"
    );
    assert_eq!(
        text(rekey.provide(share(), "x", seal(&server)).unwrap_err()),
        format!("incorrect nonce supplied; nonce for this rekey operation is \"{nonce}\"")
    );
    let name = nonce.to_string();
    let short = KeyShare::parse("abcd").unwrap();
    assert_eq!(text(rekey.provide(short, &name, seal(&server)).unwrap_err()), "key is shorter than minimum 16 bytes");
    rekey.provide(share(), &name, seal(&server)).unwrap();
    assert_eq!(
        text(rekey.provide(share(), &name, seal(&server)).unwrap_err()),
        "given key has already been provided during this generation operation"
    );
    rekey.cancel();
    assert!(rekey.status().is_none());
}

#[test]
fn wrong_current_shares_clear_the_progress_and_the_run_goes_on() {
    let server = Server::new(3, 2);
    let mut rekey = Rekey::default();
    let nonce = rekey.start(&THREE_OF_FOUR).unwrap().nonce;
    let mut wrong = server.shares[1].bytes().to_vec();
    wrong[0] ^= 1;
    let wrong = KeyShare::parse(&hex::encode(wrong)).unwrap();
    let error = provide_all(&mut rekey, &server, &[server.shares[0].clone(), wrong]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to read root key: invalid key: failed to decrypt keys from storage: cipher: message authentication \
         failed"
    );
    assert_eq!(error.fault(), Fault::Server);
    let short = KeyShare::parse(&"ab".repeat(20)).unwrap();
    let error = provide_all(&mut rekey, &server, &[server.shares[0].clone(), short]).unwrap_err();
    assert_eq!(error.to_string(), "failed to compute root key: all parts must be the same length");
    let status = rekey.status().unwrap();
    assert_eq!((status.nonce, status.progress), (nonce, 0));
    let done = provide_all(&mut rekey, &server, &server.shares[1..]);
    assert!(matches!(done, Ok(RekeyStep::Complete { .. })));
}

#[test]
fn what_cannot_be_asked_for() {
    let mut rekey = Rekey::default();
    let mut text = |request: RekeyRequest| rekey.start(&request).unwrap_err().to_string();
    assert_eq!(
        text(RekeyRequest { secret_threshold: 1, ..THREE_OF_FOUR }),
        "invalid rekey seal configuration: threshold must be greater than one for multiple shares"
    );
    assert_eq!(
        text(RekeyRequest { backup: true, ..THREE_OF_FOUR }),
        "cannot request a backup of the new keys without providing PGP keys for encryption"
    );
    assert!(text(RekeyRequest { pgp_keys: 4, ..THREE_OF_FOUR }).starts_with("PGP keys are not supported"));
}
