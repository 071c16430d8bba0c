//! Wrapping, on a store in memory.

use std::time::Duration;

use coffer_model::CommitError;

use super::{NOT_VALID, Wrapped};
use crate::WrapInfo;
use crate::lease::NextWork;
use crate::lease::testing::Bench;

const ANSWER: &[u8] = br#"{"data":{"a":"1"}}"#;

fn wrap(bench: &Bench) -> WrapInfo {
    let wrapped =
        Wrapped { response: ANSWER, path: "kv/a", display_name: "token", accessor: None, ttl: Duration::from_secs(60) };
    bench.run(|tx| bench.wrapping.wrap(tx, &bench.tokens, &bench.mounts, wrapped, bench.now))
}

#[test]
fn an_answer_comes_out_once() {
    let bench = Bench::new();
    let info = wrap(&bench);
    let token = info.token.expose();
    let looked = bench.run(|tx| bench.wrapping.lookup(tx, &bench.tokens, &bench.mounts, token, bench.now));
    assert_eq!((looked.creation_path.as_str(), looked.creation_ttl), ("kv/a", Duration::from_secs(60)));
    let answer = bench.run(|tx| bench.wrapping.unwrap(tx, &bench.tokens, &bench.mounts, token, bench.now));
    assert_eq!(answer.as_slice(), ANSWER);
    let again = bench.wrapping.unwrap(&mut bench.begin(), &bench.tokens, &bench.mounts, token, bench.now);
    assert_eq!(again.unwrap_err().to_string(), NOT_VALID);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn of_two_at_the_same_time_one_gets_it() {
    let bench = Bench::new();
    let info = wrap(&bench);
    let take = |tx: &mut _| bench.wrapping.unwrap(tx, &bench.tokens, &bench.mounts, info.token.expose(), bench.now);
    let (mut one, mut two) = (bench.begin(), bench.begin());
    take(&mut one).unwrap();
    take(&mut two).unwrap();
    bench.commit(two).unwrap();
    assert!(matches!(bench.commit(one), Err(CommitError::Conflict { .. })));
    assert!(take(&mut bench.begin()).is_err());
}

#[test]
fn the_token_itself_can_unwrap_as_its_one_use() {
    let bench = Bench::new();
    let info = wrap(&bench);
    let answer = bench.run(|tx| {
        let live = bench.tokens.authenticate(tx, info.token.expose(), None, bench.now)?;
        bench.tokens.count_use(tx, &live.entry)?;
        let answer = bench.wrapping.unwrap(tx, &bench.tokens, &bench.mounts, info.token.expose(), bench.now)?;
        bench.tokens.after_last_use(tx, &bench.mounts, &live.entry, bench.now)?;
        Ok(answer)
    });
    assert_eq!(answer.as_slice(), ANSWER);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn a_rewrapped_answer_moves_to_a_new_token() {
    let bench = Bench::new();
    let first = wrap(&bench);
    let take = |token: &str| bench.wrapping.rewrap(&mut bench.begin(), &bench.tokens, &bench.mounts, token, bench.now);
    let second =
        bench.run(|tx| bench.wrapping.rewrap(tx, &bench.tokens, &bench.mounts, first.token.expose(), bench.now));
    assert!(take(first.token.expose()).is_err());
    assert_eq!((second.creation_path.as_str(), second.ttl), ("kv/a", 60));
    let answer =
        bench.run(|tx| bench.wrapping.unwrap(tx, &bench.tokens, &bench.mounts, second.token.expose(), bench.now));
    assert_eq!(answer.as_slice(), ANSWER);
}

#[test]
fn what_nobody_fetches_goes_with_its_time() {
    let mut bench = Bench::new();
    let info = wrap(&bench);
    bench.now = bench.now.plus(Duration::from_secs(60));
    let late = bench.wrapping.unwrap(&mut bench.begin(), &bench.tokens, &bench.mounts, info.token.expose(), bench.now);
    assert_eq!(late.unwrap_err().to_string(), NOT_VALID);
    assert_eq!(bench.work(10), NextWork::Never);
    assert_eq!(bench.leftovers(), Vec::<String>::new());
}

#[test]
fn other_tokens_hold_no_answer() {
    let bench = Bench::new();
    let token = bench.token(None);
    for text in [token.id.expose(), "hvs.none", ""] {
        let refused = bench.wrapping.unwrap(&mut bench.begin(), &bench.tokens, &bench.mounts, text, bench.now);
        assert_eq!(refused.unwrap_err().to_string(), NOT_VALID);
    }
    assert!(bench.is_live(&token));
}
