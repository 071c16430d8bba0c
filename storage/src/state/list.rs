//! Keys in byte order, whole or folded at the next `/`.

use std::ops::Bound;

use crate::StoreFault;
use crate::fault::FaultContext;

use super::view::View;

/// The byte after `/`: a key that begins with `folder` and this one lies behind all of the folder.
const AFTER_SLASH: char = '0';

pub(super) fn children(
    view: &View,
    file: &str,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<String>, StoreFault> {
    let mut found = Vec::new();
    let mut start = match after.split_once('/') {
        Some((folder, _)) => Bound::Included(behind_folder(prefix, folder)),
        None if after.is_empty() => Bound::Included(prefix.to_owned()),
        None => Bound::Excluded(format!("{prefix}{after}")),
    };
    // Each turn walks plain names and ends at a folder, which the next turn leaps over.
    'turns: while found.len() < limit {
        let range = (start.as_ref().map(String::as_str), Bound::<&str>::Unbounded);
        for entry in view.kv.range::<&str>(range).fault(file, "reading")? {
            let (key, _) = entry.fault(file, "reading")?;
            let Some(rest) = key.value().strip_prefix(prefix) else { break 'turns };
            match rest.split_once('/') {
                Some((folder, _)) => {
                    found.push(format!("{folder}/"));
                    start = Bound::Included(behind_folder(prefix, folder));
                    continue 'turns;
                }
                None if rest.is_empty() => {}
                None => found.push(rest.to_owned()),
            }
            if found.len() >= limit {
                break 'turns;
            }
        }
        break;
    }
    Ok(found)
}

pub(super) fn keys(
    view: &View,
    file: &str,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<String>, StoreFault> {
    let start = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
    let mut found = Vec::new();
    for entry in view.kv.range::<&str>((start, Bound::Unbounded)).fault(file, "reading")?.take(limit) {
        let (key, _) = entry.fault(file, "reading")?;
        if !key.value().starts_with(prefix) {
            break;
        }
        found.push(key.value().to_owned());
    }
    Ok(found)
}

fn behind_folder(prefix: &str, folder: &str) -> String {
    format!("{prefix}{folder}{AFTER_SLASH}")
}
