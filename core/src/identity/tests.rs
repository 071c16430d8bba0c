//! Entities at login, on a store in memory.

use coffer_model::CommitError;

use super::Identities;
use crate::Alias;
use crate::lease::testing::Bench;
use crate::mount::{Mount, MountKind};

fn alias(name: &str) -> Alias {
    Alias { name: name.to_owned(), ..Alias::default() }
}

#[test]
fn an_alias_is_always_the_same_entity() {
    let (bench, identities) = (Bench::new(), Identities);
    let (mount, other) =
        (Mount::new(MountKind::Auth, "up/", "userpass"), Mount::new(MountKind::Auth, "up2/", "userpass"));
    let of = |mount: &Mount, name: &str| bench.run(|tx| identities.of_login(tx, mount, &alias(name), bench.now));
    let ann = of(&mount, "ann");
    assert_eq!(of(&mount, "ann").id, ann.id);
    assert_ne!(of(&mount, "bob").id, ann.id);
    assert_ne!(of(&other, "ann").id, ann.id);
    assert_eq!(identities.find(&mut bench.begin(), &ann.id).unwrap().unwrap(), ann);
}

#[test]
fn two_first_logins_at_the_same_time_make_one_entity() {
    let (bench, identities) = (Bench::new(), Identities);
    let mount = Mount::new(MountKind::Auth, "up/", "userpass");
    let (mut one, mut two) = (bench.begin(), bench.begin());
    let first = identities.of_login(&mut one, &mount, &alias("ann"), bench.now).unwrap();
    identities.of_login(&mut two, &mount, &alias("ann"), bench.now).unwrap();
    bench.commit(one).unwrap();
    assert!(matches!(bench.commit(two), Err(CommitError::Conflict { .. })));
    let again = bench.run(|tx| identities.of_login(tx, &mount, &alias("ann"), bench.now));
    assert_eq!(again.id, first.id);
}
