//! House rules for every source file.

use std::path::{Path, PathBuf};

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | ".git" | ".cache" | "node_modules") {
                    walk(&path, found);
                }
            } else if name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).expect("a UTF-8 source");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &mut found);
    found
}

#[test]
fn there_is_something_to_look_at() {
    assert!(sources().len() > 100);
}

#[test]
fn no_file_grows_without_a_reason() {
    // Longer ones are to be split, unless their subject is one.
    const LIMIT: usize = 650;
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LIMIT, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_crate_says_what_it_owns() {
    for (path, text) in sources().iter().filter(|(path, _)| path.ends_with("src/lib.rs")) {
        assert!(text.starts_with("//!"), "{} has no head", path.display());
        assert!(!text.contains("placeholder"), "{} is a placeholder", path.display());
    }
}

#[test]
fn nothing_is_left_for_later_in_code() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("unimplement", "ed!("),
        concat!("to", "do!("),
    ];
    for (path, text) in sources() {
        for mark in marks {
            assert!(!text.contains(mark), "{} holds {mark}", path.display());
        }
    }
}
