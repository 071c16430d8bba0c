//! Dependencies run one way. Each crate is allowed these others of the workspace, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The arrows of ARCHITECTURE.md.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("hcl", &[]),
    ("tls", &[]),
    ("net", &[]),
    ("seal", &[]),
    ("audit", &[]),
    ("policy", &["hcl"]),
    ("snapshot", &[]),
    ("telemetry", &[]),
    ("storage", &["model"]),
    ("cluster", &["model", "net", "storage", "tls"]),
    ("core", &["audit", "model", "policy", "seal", "snapshot", "telemetry"]),
    ("engines", &["core", "policy", "seal"]),
    ("auth", &["core", "policy"]),
    ("sys", &["audit", "core", "hcl", "model", "policy", "seal", "telemetry"]),
    ("api", &["core", "model", "sys"]),
    ("front", &["hcl", "net", "tls"]),
    ("cli", &["hcl", "net", "policy", "seal", "snapshot", "tls"]),
    (
        "server",
        &[
            "api",
            "audit",
            "auth",
            "cli",
            "cluster",
            "core",
            "engines",
            "front",
            "hcl",
            "model",
            "net",
            "policy",
            "seal",
            "sys",
            "telemetry",
            "tls",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Workspace crates that the manifest of a crate names outside of its dev-dependencies.
fn dependencies(krate: &str) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(root().join(krate).join("Cargo.toml")).expect("every crate has a manifest");
    let mut found = BTreeSet::new();
    let mut section = "";
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if matches!(section, "[dependencies]" | "[build-dependencies]")
            && let Some(name) = line.strip_prefix("coffer-").and_then(|rest| rest.split(['.', ' ', '=']).next())
        {
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn every_crate_keeps_to_its_arrows() {
    let allowed: BTreeMap<_, BTreeSet<String>> =
        ALLOWED.iter().map(|(krate, to)| (*krate, to.iter().map(|to| (*to).to_owned()).collect())).collect();
    for (krate, allowed) in &allowed {
        let beyond: Vec<_> = dependencies(krate).difference(allowed).cloned().collect();
        assert!(beyond.is_empty(), "{krate} must not depend on {beyond:?}");
    }
}

#[test]
fn the_arrows_have_no_way_back() {
    let arrows: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut order: Vec<&str> = Vec::new();
    while order.len() < arrows.len() {
        let next = arrows
            .iter()
            .find(|(krate, to)| !order.contains(krate) && to.iter().all(|to| order.contains(to)))
            .map(|(krate, _)| *krate);
        order.push(next.expect("the allowed arrows run in a circle"));
    }
}

#[test]
fn every_crate_has_its_row() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let members = manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).expect("members");
    for member in members.split(',').map(|member| member.trim().trim_matches('"')).filter(|member| !member.is_empty()) {
        let known = member.starts_with("tests/") || ALLOWED.iter().any(|(krate, _)| *krate == member);
        assert!(known, "{member} has no row in this test");
    }
}

#[test]
fn raft_is_named_in_one_crate_alone() {
    for (krate, _) in ALLOWED.iter().filter(|(krate, _)| *krate != "cluster") {
        let manifest = std::fs::read_to_string(root().join(krate).join("Cargo.toml")).expect("a manifest");
        let section = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        assert!(!section.contains("openraft"), "{krate} names openraft");
    }
}
