//! What LIST and SCAN have in common, whichever way names are stored.

use coffer_core::{Failure, Response};
use serde_json::{Map, json};

/// Lists everything below a folder in Vault's order: a folder's own keys first, then its subfolders, last one first.
/// `children` gives the immediate children of a folder (empty, or ending in `/`), folders ending in `/`.
pub(super) fn walk(mut children: impl FnMut(&str) -> Result<Vec<String>, Failure>) -> Result<Vec<String>, Failure> {
    let mut keys = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for child in children(&folder)? {
            let path = format!("{folder}{child}");
            if child.ends_with('/') { folders.push(path) } else { keys.push(path) }
        }
    }
    Ok(keys)
}

/// The answer to SCAN: unlike LIST it is no error to find nothing.
pub(super) fn scan_answer(keys: Vec<String>) -> Response {
    if keys.is_empty() {
        return Response::data(json!(Map::new()));
    }
    Response::data(json!({ "keys": keys }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_before_folders_and_the_last_folder_first() {
        let tree = |folder: &str| {
            Ok(match folder {
                "" => vec!["a", "a/", "b", "c/"],
                "a/" => vec!["x", "y"],
                "c/" => vec!["d/"],
                "c/d/" => vec!["e"],
                other => panic!("no folder {other}"),
            }
            .into_iter()
            .map(str::to_owned)
            .collect())
        };
        assert_eq!(walk(tree).unwrap(), ["a", "b", "c/d/e", "a/x", "a/y"]);
    }
}
