//! The life of tokens, on a store in memory.

use std::time::Duration;

use coffer_model::CommitError;
use proptest::prelude::*;

use super::{NewToken, SaltedId, StoredTokenType, TokenEntry, keys, revoke};
use crate::lease::testing::{Bench, plain};
use crate::lease::{NextWork, Outcome};
use crate::{Failure, SecretText};

#[test]
fn a_token_is_live_until_it_is_revoked_and_then_nothing_of_it_is_left() {
    let bench = Bench::new();
    let token = bench.token(None);
    // The second time from the cache.
    assert!(bench.is_live(&token) && bench.is_live(&token));
    let outcome = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &token, bench.now));
    assert_eq!(outcome, Outcome::Done);
    assert!(!bench.is_live(&token));
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn records_lie_where_vault_has_them() {
    let bench = Bench::new();
    let parent = bench.token(None);
    let token = bench.token(Some(&parent));
    let salt = super::Salt::of(&mut bench.begin()).unwrap();
    let (id, of_parent) = (salt.salted(token.id.expose()), salt.salted(parent.id.expose()));
    for key in [
        format!("sys/token/id/{id}"),
        format!("sys/token/accessor/{}", salt.salted(&token.accessor)),
        format!("sys/token/parent/{of_parent}/{id}"),
        format!("sys/expire/id/auth/token/create/{id}"),
    ] {
        assert!(bench.leftovers().contains(&key), "{key}");
    }
}

#[test]
fn a_tree_ends_with_its_root() {
    let bench = Bench::new();
    let root = bench.token(None);
    let child = bench.token(Some(&root));
    let (grandchild, sibling, stranger) = (bench.token(Some(&child)), bench.token(Some(&root)), bench.token(None));
    // Known to the cache, all of them.
    assert!([&root, &child, &grandchild, &sibling, &stranger].into_iter().all(|token| bench.is_live(token)));
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &root, bench.now));
    assert!([&root, &child, &grandchild, &sibling].into_iter().all(|token| !bench.is_live(token)));
    assert!(bench.is_live(&stranger));
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &stranger, bench.now));
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn a_large_tree_is_refused_at_once_and_removed_in_steps() {
    for max_entry in [1 << 20, 16 << 10] {
        a_large_tree(&Bench::with_entries_of(max_entry));
    }
}

fn a_large_tree(bench: &Bench) {
    let root = bench.token(None);
    let mut tokens = vec![root.clone()];
    for number in 0..700 {
        let parent = tokens[number / 3].clone();
        tokens.push(bench.token(Some(&parent)));
    }
    assert!(tokens.iter().all(|token| bench.is_live(token)));
    let outcome = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &root, bench.now));
    assert_eq!(outcome, Outcome::Continues);
    assert!(tokens.iter().all(|token| !bench.is_live(token)));
    assert_eq!(bench.work(128), NextWork::Never);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn children_of_an_orphaning_revocation_live_on_whatever_their_number() {
    for (children, max_entry) in [(3, 1 << 20), (400, 1 << 20), (400, 16 << 10)] {
        let bench = Bench::with_entries_of(max_entry);
        let parent = bench.token(None);
        let children: Vec<_> = (0..children).map(|_| bench.token(Some(&parent))).collect();
        let _ = bench.run(|tx| bench.tokens.revoke_orphan(tx, &bench.mounts, &parent, bench.now));
        assert!(!bench.is_live(&parent));
        assert!(children.iter().all(|child| bench.is_live(child)));
        let _ = bench.work(128);
        for child in &children {
            let found = bench.tokens.find(&mut bench.begin(), child.id.expose(), bench.now).unwrap().unwrap();
            assert!(found.is_orphan());
            let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, child, bench.now));
        }
        assert_eq!(bench.leftovers(), Vec::<String>::new());
    }
}

#[test]
fn a_full_cubbyhole_goes_with_its_token() {
    for max_entry in [1 << 20, 64 << 10] {
        a_full_cubbyhole(&Bench::with_entries_of(max_entry));
    }
}

fn a_full_cubbyhole(bench: &Bench) {
    let token = bench.token(None);
    for batch in 0..3 {
        bench.run(|tx| {
            for number in 0..200 {
                let hole = &token.cubbyhole_id;
                tx.put(format!("{}{hole}/{batch}/{number}", crate::lease::testing::CUBBYHOLES), vec![1]);
            }
            Ok(())
        });
    }
    let outcome = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &token, bench.now));
    assert_eq!(outcome, Outcome::Continues);
    assert!(!bench.is_live(&token));
    assert_eq!(bench.work(100), NextWork::Never);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn no_child_is_made_while_its_parent_is_revoked() {
    let bench = Bench::new();
    let parent = bench.token(None);
    let mut making = bench.begin();
    let new = || NewToken { parent: Some(parent.id.clone()), ..plain() };
    bench.tokens.create(&mut making, new(), bench.now).unwrap();
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &parent, bench.now));
    assert!(matches!(bench.commit(making), Err(CommitError::Conflict { .. })));
    assert!(bench.tokens.create(&mut bench.begin(), new(), bench.now).is_err());
}

#[test]
fn two_requests_never_share_a_use() {
    let bench = Bench::new();
    let token = bench.token_with(NewToken { num_uses: 1, ..plain() });
    let (mut one, mut two) = (bench.begin(), bench.begin());
    for tx in [&mut one, &mut two] {
        let live = bench.tokens.authenticate(tx, token.id.expose(), None, bench.now).unwrap();
        bench.tokens.count_use(tx, &live.entry).unwrap();
    }
    bench.commit(one).unwrap();
    assert!(matches!(bench.commit(two), Err(CommitError::Conflict { .. })));
    assert!(!bench.is_live(&token));
    assert!(matches!(bench.tokens.count_use(&mut bench.begin(), &token), Err(Failure::Denied)));
    // The request whose last use it is can still look at its token.
    let mut tx = bench.begin();
    let found = bench.tokens.look_up(&mut tx, token.id.expose(), bench.now).unwrap().unwrap();
    assert_eq!(found.num_uses, -1);
    bench.run(|tx| bench.tokens.after_last_use(tx, &bench.mounts, &found, bench.now));
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn what_a_request_has_not_committed_is_no_ones_to_see() {
    let bench = Bench::new();
    let token = bench.token(None);
    let mut tx = bench.begin();
    let _ = bench.tokens.revoke(&mut tx, &bench.mounts, &token, bench.now).unwrap();
    assert!(bench.tokens.find(&mut tx, token.id.expose(), bench.now).unwrap().is_none());
    // Given up: it never happened.
    drop(tx);
    assert!(bench.is_live(&token));
}

#[test]
fn an_expired_token_is_refused_before_the_worker_comes() {
    let mut bench = Bench::new();
    let token = bench.token(None);
    let child =
        bench.token_with(NewToken { parent: Some(token.id.clone()), ttl: Duration::from_secs(7200), ..plain() });
    let end = bench.now.plus(Duration::from_secs(3600));
    assert!(bench.is_live(&child));
    assert_eq!(bench.work(128), NextWork::At(end));
    bench.now = end;
    assert!(!bench.is_live(&token) && !bench.is_live(&child));
    assert_eq!(bench.work(128), NextWork::Never);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn a_renewal_moves_the_end() {
    let mut bench = Bench::new();
    let token = bench.token(None);
    assert!(bench.is_live(&token));
    bench.now = bench.now.plus(Duration::from_secs(3000));
    let renew = |increment| {
        bench.run(|tx| bench.tokens.renew(tx, &bench.mounts, &token, Duration::from_secs(increment), bench.now))
    };
    assert_eq!(renew(0).auth.ttl, Duration::from_secs(3600));
    let cut = renew(100_000);
    assert_eq!((cut.auth.ttl, cut.warnings.len()), (Duration::from_secs(33_000), 1));
    assert_eq!(bench.work(128), NextWork::At(bench.now.plus(Duration::from_secs(33_000))));
    bench.now = bench.now.plus(Duration::from_secs(32_999));
    assert!(bench.is_live(&token));
    bench.now = bench.now.plus(Duration::from_secs(1));
    assert!(!bench.is_live(&token));
    assert_eq!(bench.work(128), NextWork::Never);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn a_batch_token_carries_itself_and_ends_with_its_parent() {
    let mut bench = Bench::new();
    let parent = bench.token(None);
    let meta = [("k".to_owned(), "v".to_owned())].into();
    let new = NewToken {
        kind: StoredTokenType::Batch,
        parent: Some(parent.id.clone()),
        meta: Some(meta),
        bound_cidrs: vec!["127.0.0.1".to_owned()],
        ..plain()
    };
    let stored = bench.leftovers().len();
    let batch = bench.token_with(new.clone());
    assert_eq!(bench.leftovers().len(), stored);
    let remote = Some([127, 0, 0, 1].into());
    let live = |token: &str, bench: &Bench| bench.tokens.authenticate(&mut bench.begin(), token, remote, bench.now);
    let found = live(batch.id.expose(), &bench).unwrap().entry;
    assert_eq!((&found.meta, &found.policies, found.ttl), (&new.meta, &new.policies, new.ttl));
    assert!(!bench.is_live(&batch), "without an address");
    let mut forged = batch.id.expose().to_owned();
    let flipped = if forged.ends_with('A') { "Q" } else { "A" };
    forged.replace_range(forged.len() - 1.., flipped);
    assert!(live(&forged, &bench).is_err());
    let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &parent, bench.now));
    assert!(live(batch.id.expose(), &bench).is_err());
    let orphan = bench.token_with(NewToken { parent: None, ..new });
    assert!(live(orphan.id.expose(), &bench).is_ok());
    bench.now = bench.now.plus(Duration::from_secs(3600));
    assert!(live(orphan.id.expose(), &bench).is_err());
}

#[test]
fn root_tokens_without_an_end_need_no_lease() {
    let bench = Bench::new();
    let root = bench.run(|tx| bench.tokens.create_root(tx, None, bench.now));
    let chosen = bench.run(|tx| bench.tokens.create_root(tx, Some(SecretText::new("root")), bench.now));
    assert!(bench.is_live(&root) && bench.is_live(&chosen));
    assert_eq!(bench.work(128), NextWork::Never);
    let of_accessor = bench.tokens.token_of_accessor(&mut bench.begin(), &root.accessor).unwrap();
    assert_eq!(of_accessor.unwrap().expose(), root.id.expose());
    for token in [root, chosen] {
        let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &token, bench.now));
        assert!(!bench.is_live(&token));
    }
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn an_id_of_choice_can_be_taken_once() {
    let bench = Bench::new();
    let new = || NewToken { id: Some(SecretText::new("mine")), ..plain() };
    let token = bench.token_with(new());
    assert!(bench.is_live(&token));
    let again = bench.tokens.create(&mut bench.begin(), new(), bench.now);
    assert_eq!(again.unwrap_err().to_string(), "cannot create a token with a duplicate ID");
}

#[test]
fn no_text_makes_authentication_fail_otherwise_than_by_refusal() {
    let bench = Bench::new();
    for text in ["", "hvs.", "hvb.", "hvb.!!!", "b.AAAA", "s.x", "\0", "ü.ü", &"x".repeat(100_000), "hvb.AAAAAQI"] {
        let refused = bench.tokens.authenticate(&mut bench.begin(), text, None, bench.now).unwrap_err();
        assert_eq!(refused.to_string(), "permission denied");
    }
}

#[test]
fn tidy_removes_what_is_left_over() {
    let bench = Bench::new();
    let (parent, stale) = (bench.token(None), bench.token(None));
    let child = bench.token(Some(&parent));
    let salt = super::Salt::of(&mut bench.begin()).unwrap();
    let id = |token: &TokenEntry| salt.salted(token.id.expose());
    bench.run(|tx| {
        tx.delete(keys::record(&id(&parent)));
        tx.delete(keys::record(&id(&stale)));
        assert!(bench.tokens.start_tidy(tx)?);
        assert!(bench.leases.start_tidy(tx)?);
        Ok(())
    });
    assert!(!bench.tokens.start_tidy(&mut bench.begin()).unwrap());
    assert!(!bench.is_live(&child));
    assert_eq!(bench.work(2), NextWork::Never);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

/// Ends a tree `work` tokens at a time, as the worker does; gives the number of entries it took.
fn end_in_steps(bench: &Bench, root: &SaltedId, work: usize) -> usize {
    for step in 1..10_000 {
        let mut budget = work;
        let outcome = bench.run(|tx| revoke::end_tree(tx, &bench.mounts, root, bench.now, &mut budget));
        if outcome == Outcome::Done {
            return step;
        }
    }
    panic!("the tree does not come to an end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_tree_ends_whole_whatever_the_steps(parents in proptest::collection::vec(any::<prop::sample::Index>(), 0..40), work in 1usize..8) {
        let bench = Bench::new();
        let mut tokens = vec![bench.token(None)];
        for parent in &parents {
            let parent = parent.get(&tokens).clone();
            tokens.push(bench.token(Some(&parent)));
        }
        let stranger = bench.token(None);
        let root = super::Salt::of(&mut bench.begin()).unwrap().salted(tokens[0].id.expose());
        let mut budget = work;
        let _ = bench.run(|tx| revoke::end_tree(tx, &bench.mounts, &root, bench.now, &mut budget));
        prop_assert!(tokens.iter().all(|token| !bench.is_live(token)));
        end_in_steps(&bench, &root, work);
        let _ = bench.work(work);
        prop_assert!(bench.is_live(&stranger));
        let _ = bench.run(|tx| bench.tokens.revoke(tx, &bench.mounts, &stranger, bench.now));
        prop_assert_eq!(bench.leftovers(), Vec::<String>::new());
    }
}
