//! Flags: what they are called, what they take, and what was typed.
//!
//! A flag is declared once, as a typed constant. Parsing, help and completion all read that declaration.

pub(crate) mod http;
mod kind;
mod matches;
pub(crate) mod output;
mod parse;

#[cfg(test)]
pub(crate) use kind::Takes;
pub(crate) use kind::{
    AnyFlag, Completes, Integer, OptionalSwitch, Pairs, Spec, Switch, Text, TextList, Time, parse_bool,
};
pub(crate) use matches::{Group, Matches};
pub(crate) use parse::parse;
