#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use coffer_policy::{Access, Acl, Allowed, Denied, Operation, Policy};
use serde_json::{Map, Value};

pub fn acl(texts: &[&str]) -> Acl {
    Acl::new(texts.iter().enumerate().map(|(number, text)| Arc::new(policy(&format!("p{number}"), text))))
}

pub fn policy(name: &str, text: &str) -> Policy {
    Policy::parse(name, text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn access(operation: Operation, path: &str) -> Access<'_> {
    Access { path, operation, parameters: None, wrap_ttl: None, needs_sudo: false }
}

pub fn check(acl: &Acl, operation: Operation, path: &str) -> Result<Allowed, Denied> {
    acl.check(&access(operation, path))
}

pub fn may(acl: &Acl, operation: Operation, path: &str) -> bool {
    check(acl, operation, path).is_ok()
}

pub fn may_send(acl: &Acl, operation: Operation, path: &str, body: &str) -> bool {
    let parameters: Map<String, Value> = serde_json::from_str(body).expect(body);
    acl.check(&Access { parameters: Some(&parameters), ..access(operation, path) }).is_ok()
}
