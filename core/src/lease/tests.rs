//! Leased secrets, prefixes and the worker, on a store in memory.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::testing::{Bench, plain};
use super::{Force, NextWork, Outcome, Registered};
use crate::token::{NewToken, TokenEntry};
use crate::{Failure, LeasedSecret, Payload};

const PATH: &str = "database/creds/app";

fn secret(bench: &Bench, token: &TokenEntry) -> Registered {
    let secret = LeasedSecret {
        ttl: Duration::from_secs(600),
        max_ttl: Duration::from_secs(1200),
        renewable: true,
        internal: Payload::default(),
    };
    let limits = super::MountAccess::limits(&bench.mounts, PATH);
    bench.run(|tx| bench.leases.register_secret(tx, token, PATH, secret, limits, bench.now))
}

fn stands(bench: &Bench, id: &str) -> bool {
    bench.leases.find(&mut bench.begin(), id).unwrap().is_some()
}

#[test]
fn a_secret_ends_with_its_lease() {
    let mut bench = Bench::new();
    let token = bench.token(None);
    let lease = secret(&bench, &token);
    assert!(lease.id.starts_with("database/creds/app/") && lease.ttl == Duration::from_secs(600));
    assert_eq!(bench.work(10), NextWork::At(bench.now.plus(Duration::from_secs(600))));
    bench.now = bench.now.plus(Duration::from_secs(600));
    assert_eq!(bench.work(10), NextWork::At(bench.now.plus(Duration::from_secs(3000))));
    assert!(!stands(&bench, &lease.id));
    assert_eq!(bench.mounts.revoked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_secret_is_renewed_up_to_its_maximum() {
    let mut bench = Bench::new();
    let lease = secret(&bench, &bench.token(None));
    bench.now = bench.now.plus(Duration::from_secs(300));
    let renewed = bench.run(|tx| bench.leases.renew(tx, &bench.mounts, &lease.id, Duration::ZERO, bench.now));
    let crate::Lease::Standing { ttl, .. } = renewed.lease else { panic!("no lease") };
    assert_eq!((ttl, renewed.warnings.len()), (Duration::from_secs(900), 1));
    bench.now = bench.now.plus(Duration::from_secs(900));
    let late = bench.leases.renew(
        &mut bench.begin(),
        &bench.mounts,
        &lease.id,
        Duration::ZERO,
        bench.now.plus(Duration::from_secs(1)),
    );
    assert_eq!(late.unwrap_err().to_string(), "lease expired");
    let none = bench.leases.renew(&mut bench.begin(), &bench.mounts, "no/such", Duration::ZERO, bench.now);
    assert_eq!(none.unwrap_err().to_string(), "lease not found");
}

#[test]
fn secrets_end_with_their_token() {
    let bench = Bench::new();
    let token = bench.token(None);
    let batch = bench.token_with(NewToken {
        kind: crate::token::StoredTokenType::Batch,
        parent: Some(token.id.clone()),
        ttl: Duration::from_secs(60),
        ..plain()
    });
    let (own, of_batch) = (secret(&bench, &token), secret(&bench, &batch));
    assert_eq!(of_batch.ttl, Duration::from_secs(60));
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &token, bench.now));
    assert_eq!(bench.work(10), NextWork::Never);
    assert!(!stands(&bench, &own.id) && !stands(&bench, &of_batch.id));
    assert_eq!(bench.mounts.revoked.load(Ordering::SeqCst), 2);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn a_failing_engine_is_asked_again_and_then_left_to_an_operator() {
    let mut bench = Bench::new();
    let token = bench.token(None);
    let lease = secret(&bench, &token);
    bench.mounts.fails.store(true, Ordering::SeqCst);
    let revoke =
        |bench: &Bench, force| bench.run(|tx| bench.leases.revoke(tx, &bench.mounts, &lease.id, force, bench.now));
    assert_eq!(revoke(&bench, Force::No), Outcome::Continues);
    assert!(bench.begin().get("logical/engine/half-done").unwrap().is_none());
    for _ in 0..5 {
        assert!(bench.leases.find(&mut bench.begin(), &lease.id).unwrap().unwrap().revoke_error.is_empty());
        let NextWork::At(at) = bench.work(10) else { panic!("nothing is put down") };
        bench.now = at;
        let _ = bench.work(10);
    }
    let stuck = bench.leases.find(&mut bench.begin(), &lease.id).unwrap().unwrap();
    assert_eq!(stuck.revoke_error, "the database is away");
    assert_eq!(revoke(&bench, Force::Yes), Outcome::Done);
    assert!(!stands(&bench, &lease.id));
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &token, bench.now));
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn a_prefix_is_without_effect_at_once_whatever_its_size() {
    for (count, outcome) in [(5, Outcome::Done), (600, Outcome::Continues)] {
        let bench = Bench::new();
        let meant: Vec<_> = (0..count).map(|_| bench.token(None)).collect();
        let other = bench.token_with(NewToken { path: "auth/token/create-orphan".to_owned(), ..plain() });
        assert!(meant.iter().all(|token| bench.is_live(token)));
        let begun =
            bench.run(|tx| bench.leases.revoke_prefix(tx, &bench.mounts, "auth/token/create", Force::No, bench.now));
        assert_eq!(begun, outcome);
        assert!(meant.iter().all(|token| !bench.is_live(token)));
        assert!(bench.is_live(&other));
        let _ = bench.work(128);
        assert!(bench.is_live(&other));
        let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &other, bench.now));
        assert_eq!(bench.leftovers(), Vec::<String>::new());
    }
}

#[test]
fn long_paths_and_small_entries_only_take_more_steps() {
    for (name, max_entry) in [(2_000, 1 << 20), (20, 16 << 10)] {
        let mut bench = Bench::with_entries_of(max_entry);
        let path = format!("auth/userpass/login/{}", "x".repeat(name));
        let meant: Vec<_> = (0..300).map(|_| bench.token_with(NewToken { path: path.clone(), ..plain() })).collect();
        let other = bench.token(None);
        let leases: Vec<_> = (0..40).map(|_| secret(&bench, &other)).collect();
        let begun =
            bench.run(|tx| bench.leases.revoke_prefix(tx, &bench.mounts, "auth/userpass", Force::No, bench.now));
        assert_eq!(begun, Outcome::Continues);
        assert!(meant.iter().all(|token| !bench.is_live(token)));
        let _ = bench.work(128);
        let begun = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &other, bench.now));
        assert_eq!(begun == Outcome::Continues, max_entry < 1 << 20);
        // The same by their time.
        for _ in 0..300 {
            bench.token_with(NewToken { path: path.clone(), ..plain() });
        }
        bench.now = bench.now.plus(Duration::from_secs(3600));
        assert_eq!(bench.work(128), NextWork::Never);
        assert!(leases.iter().all(|lease| !stands(&bench, &lease.id)));
        assert_eq!(bench.leftovers(), Vec::<String>::new());
    }
}

#[test]
fn a_prefix_spares_what_is_made_after_it() {
    let mut bench = Bench::new();
    for _ in 0..300 {
        bench.token(None);
    }
    let _ = bench.run(|tx| bench.leases.revoke_prefix(tx, &bench.mounts, "auth/token/create/", Force::No, bench.now));
    bench.now = bench.now.plus(Duration::from_secs(1));
    let later = bench.token(None);
    assert!(bench.is_live(&later));
    let _ = bench.work(128);
    assert!(bench.is_live(&later));
}

#[test]
fn a_prefix_takes_what_a_leader_whose_time_was_ahead_has_made_and_spares_what_comes() {
    let mut bench = Bench::new();
    // The time of the next leader is a little behind that of the last one.
    let ahead = Duration::from_secs(2);
    bench.now = bench.now.plus(ahead);
    let meant: Vec<_> = (0..300).map(|_| bench.token(None)).collect();
    bench.now = bench.now.minus(ahead);
    let _ = bench.run(|tx| bench.leases.revoke_prefix(tx, &bench.mounts, "auth/token/create/", Force::No, bench.now));
    assert!(meant.iter().all(|token| !bench.is_live(token)));
    let later = bench.token(None);
    let _ = bench.work(128);
    assert!(bench.is_live(&later) && meant.iter().all(|token| !bench.is_live(token)));
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &later, bench.now));
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn a_mount_that_goes_takes_what_is_under_way_along_and_nothing_of_the_next() {
    let mut bench = Bench::new();
    let login = || NewToken { path: "auth/userpass/login/ann".to_owned(), ..plain() };
    let before = bench.token_with(login());
    let mut unmounting = bench.begin();
    bench.leases.revoke_mount(&mut unmounting, &bench.mounts, "auth/userpass/", bench.now).unwrap();
    bench.now = bench.now.plus(Duration::from_millis(1));
    let under_way = bench.token_with(login());
    bench.commit(unmounting).unwrap();
    assert!(!bench.is_live(&before) && !bench.is_live(&under_way));
    bench.run(|tx| bench.leases.spare_mount(tx, "auth/userpass/", bench.now));
    bench.now = bench.now.plus(Duration::from_millis(1));
    let next = bench.token_with(login());
    for _ in 0..2 {
        assert!(bench.is_live(&next) && !bench.is_live(&under_way));
        let _ = bench.work(128);
    }
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &next, bench.now));
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn one_lease_is_revoked_by_its_id_as_prefix() {
    let bench = Bench::new();
    let token = bench.token(None);
    let (one, other) = (secret(&bench, &token), secret(&bench, &token));
    let _ = bench.run(|tx| bench.leases.revoke_prefix(tx, &bench.mounts, &one.id, Force::No, bench.now));
    assert!(!stands(&bench, &one.id) && stands(&bench, &other.id));
    assert_eq!(bench.leases.list(&bench.begin(), PATH, "", 10).unwrap(), [other.id.rsplit('/').next().unwrap()]);
}

#[tokio::test]
async fn the_worker_is_woken_by_what_is_due_earlier() {
    let bench = Bench::new();
    bench.token(None);
    bench.leases.woken().await;
    assert_eq!(bench.work(10), NextWork::At(bench.now.plus(Duration::from_secs(3600))));
    bench.token_with(NewToken { ttl: Duration::from_secs(7200), ..plain() });
    tokio::select! {
        biased;
        () = bench.leases.woken() => panic!("woken by what is due later"),
        () = std::future::ready(()) => {}
    }
    bench.token_with(NewToken { ttl: Duration::from_secs(60), ..plain() });
    bench.leases.woken().await;
}

#[test]
fn tidy_gives_leases_of_another_server_their_end() {
    let mut bench = Bench::new();
    let lease = secret(&bench, &bench.token(None));
    let due = super::keys::due(bench.now.plus(Duration::from_secs(600)), &lease.id);
    bench.run(|tx| {
        assert!(tx.get(&due)?.is_some());
        tx.delete(due);
        bench.leases.start_tidy(tx)
    });
    let _ = bench.work(10);
    bench.now = bench.now.plus(Duration::from_secs(600));
    let _ = bench.work(10);
    assert!(!stands(&bench, &lease.id));
}

#[test]
fn a_damaged_lease_does_not_hold_up_the_others() {
    let mut bench = Bench::new();
    let (damaged, sound) = (secret(&bench, &bench.token(None)), secret(&bench, &bench.token(None)));
    bench.run(|tx| {
        tx.put(super::keys::record(&damaged.id), b"{".to_vec());
        Ok(())
    });
    bench.now = bench.now.plus(Duration::from_secs(600));
    let _ = bench.work(10);
    assert!(!stands(&bench, &sound.id));
    assert!(matches!(bench.leases.find(&mut bench.begin(), &damaged.id), Err(Failure::Internal(_))));
}

#[test]
fn a_damaged_record_does_not_keep_the_others_of_its_prefix_alive() {
    let bench = Bench::new();
    let token = bench.token(None);
    let (first, second, third) = (secret(&bench, &token), secret(&bench, &token), secret(&bench, &token));
    bench.run(|tx| {
        tx.put(format!("sys/expire/id/{}", second.id), b"no record".to_vec());
        Ok(())
    });
    let revoke = |force| bench.run(|tx| bench.leases.revoke_prefix(tx, &bench.mounts, PATH, force, bench.now));
    assert_eq!(revoke(Force::No), Outcome::Done);
    assert!(!stands(&bench, &first.id) && !stands(&bench, &third.id));
    assert!(bench.leases.find(&mut bench.begin(), &second.id).is_err());
    assert_eq!(revoke(Force::Yes), Outcome::Done);
    assert!(!stands(&bench, &second.id));
}
