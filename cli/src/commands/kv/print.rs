//! Secrets and their metadata as blocks under banners.

use crate::client::Secret;
use crate::exit::{Exit, Outcome};
use crate::flags::Matches;
use crate::flags::output::FIELD;
use crate::output::{Format, banner, print_map, print_secret, secret_field};
use crate::session::Session;
use crate::value::Map;

/// Between the longest key and its value, and the least value.
const GLUE_AND_VALUE: usize = 4 + 5;

pub(super) fn path_block(session: &mut Session, title: &str, path: &str) {
    session.ui.output(&format!("{}\n{path}\n", banner(title, path.len())));
}

/// A banner as wide as its map.
pub(super) fn map_banner(title: &str, map: &Map) -> String {
    let longest = map.keys().map(str::len).max().unwrap_or(0);
    banner(title, longest + GLUE_AND_VALUE)
}

/// # Errors
/// The form asked for does not suit a map.
pub(super) fn map_block(session: &mut Session, title: &str, map: &Map) -> Outcome {
    session.ui.output(&map_banner(title, map));
    print_map(&mut session.ui, map)
}

/// What a write of a secret gave back.
///
/// # Errors
/// The form or field asked for does not suit it.
pub(super) fn written(session: &mut Session, flags: &Matches, path: &str, secret: &Secret) -> Outcome {
    let field = flags.get(&FIELD);
    if !field.is_empty() {
        return secret_field(&mut session.ui, secret, &field);
    }
    if secret.is_wrapped() || session.ui.format != Format::Table {
        return print_secret(&mut session.ui, secret);
    }
    path_block(session, "Secret Path", path);
    map_block(session, "Metadata", &secret.data.clone().unwrap_or_default())?;
    Ok(Exit::OK)
}
