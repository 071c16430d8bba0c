//! LIST and SCAN of keys, with or without their metadata.

use coffer_core::framework::{Fields, Matched};
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::read::shape;
use crate::kv::listing::{scan_answer, walk};
use crate::kv::v2::Versioned;
use crate::kv::v2::secret_path::{Folder, SecretPath};
use crate::kv::v2::space::Space;

impl Versioned {
    pub(in crate::kv::v2) fn list_keys(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let page = Page::of(&matched.fields)?;
        let (mut space, folder) = self.listed(cx, matched)?.ok_or(Failure::NotFound)?;
        Response::keys(page.cut(space.children(folder)?))
    }

    pub(in crate::kv::v2) fn list_keys_detailed(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let page = Page::of(&matched.fields)?;
        let (mut space, folder) = self.listed(cx, matched)?.ok_or(Failure::NotFound)?;
        let keys = page.cut(space.children(folder)?);
        if keys.is_empty() {
            return Err(Failure::NotFound);
        }
        detailed(&mut space, folder, keys)
    }

    pub(in crate::kv::v2) fn scan_keys(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let Some((mut space, folder)) = self.listed(cx, matched)? else { return Ok(scan_answer(Vec::new())) };
        below(&mut space, folder).map(scan_answer)
    }

    pub(in crate::kv::v2) fn scan_keys_detailed(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let Some((mut space, folder)) = self.listed(cx, matched)? else { return Ok(scan_answer(Vec::new())) };
        let keys = below(&mut space, folder)?;
        if keys.is_empty() {
            return Ok(scan_answer(keys));
        }
        detailed(&mut space, folder, keys)
    }

    fn listed<'s, 'c, 'm>(
        &'s self,
        cx: &'s mut Context<'c>,
        matched: &Matched<'m>,
    ) -> Result<Option<(Space<'s, 'c>, Folder<'m>)>, Failure> {
        let Some(folder) = Folder::parse(matched.fields.capture("path")) else { return Ok(None) };
        Ok(self.space(cx)?.map(|space| (space, folder)))
    }
}

/// The part of a list that is asked for.
struct Page {
    after: String,
    limit: usize,
}

impl Page {
    fn of(fields: &Fields<'_>) -> Result<Self, Failure> {
        let limit = fields.int("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        Ok(Self { after: fields.text_or_empty("after")?.into_owned(), limit: limit.unwrap_or(usize::MAX) })
    }

    /// `names` are sorted.
    fn cut(&self, mut names: Vec<String>) -> Vec<String> {
        let first = if self.after.is_empty() { 0 } else { names.partition_point(|name| *name <= self.after) };
        names.drain(..first);
        names.truncate(self.limit);
        names
    }
}

fn below(space: &mut Space<'_, '_>, folder: Folder<'_>) -> Result<Vec<String>, Failure> {
    walk(|subfolder| {
        let path = folder.join(subfolder);
        Folder::parse(&path).map_or(Ok(Vec::new()), |folder| space.children(folder))
    })
}

/// Keys, and the metadata of each; a folder has none unless a key has its name.
fn detailed(space: &mut Space<'_, '_>, folder: Folder<'_>, keys: Vec<String>) -> Result<Response, Failure> {
    let mut infos = Map::new();
    for name in &keys {
        let path = folder.join(name.trim_end_matches('/'));
        let metadata = match SecretPath::parse(&path) {
            Some(key) => space.peek_metadata(key)?,
            None => None,
        };
        infos.insert(name.clone(), metadata.map_or(Value::Object(Map::new()), |metadata| shape(&metadata)));
    }
    Ok(Response::data(json!({ "keys": keys, "key_info": infos })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(after: &str, limit: usize) -> Vec<String> {
        let names = ["a", "a/", "b", "c/", "zz"].map(str::to_owned).to_vec();
        Page { after: after.to_owned(), limit }.cut(names)
    }

    #[test]
    fn a_page_begins_after_a_name_that_need_not_exist() {
        assert_eq!(cut("", usize::MAX).len(), 5);
        assert_eq!(cut("a", 2), ["a/", "b"]);
        assert_eq!(cut("a/", 2), ["b", "c/"]);
        assert_eq!(cut("bb", 1), ["c/"]);
        assert!(cut("zzz", 9).is_empty());
    }
}
