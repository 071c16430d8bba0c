use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::duration::Span;

use super::kind::{AnyFlag, Flag};

/// Flags under one heading of the help.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) flags: &'static [&'static dyn AnyFlag],
}

/// What the flags were given, on the command line or in the environment.
#[derive(Default)]
pub(crate) struct Matches {
    pub(super) typed: BTreeMap<&'static str, Value>,
    pub(super) environment: BTreeMap<&'static str, Value>,
    /// What is no flag.
    pub(crate) arguments: Vec<String>,
}

pub(crate) enum Value {
    Switch(bool),
    Text(Zeroizing<String>),
    Integer(i64),
    Time(Span),
    List(Vec<String>),
    Pairs(Vec<(String, String)>),
}

impl Matches {
    /// The flag's value.
    pub(crate) fn get<F: Flag>(&self, flag: &F) -> F::Value {
        let name = flag.spec().name;
        flag.read(self.typed.get(name).or_else(|| self.environment.get(name)))
    }

    /// Whether the flag was typed.
    pub(crate) fn given(&self, flag: &dyn AnyFlag) -> bool {
        self.typed.contains_key(flag.spec().name)
    }

    /// Whether the flag was typed or set in the environment.
    pub(crate) fn is_set(&self, flag: &dyn AnyFlag) -> bool {
        self.given(flag) || self.environment.contains_key(flag.spec().name)
    }
}
