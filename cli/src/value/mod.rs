//! JSON as the client commands need it: numbers keep their text, objects their order, and text is
//! wiped from memory when it goes, since most of it came out of a secrets server.

mod json;
mod parse;
mod write;

pub(crate) use json::{Json, Map};
pub(crate) use parse::{JsonError, parse};
