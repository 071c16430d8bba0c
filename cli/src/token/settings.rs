use std::io;
use std::path::{Path, PathBuf};

use coffer_hcl::{ParseError, ValueKind};

use crate::env::{Env, Variable};

/// The user's settings file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("error reading config file at {path:?}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "error parsing config file at {path:?}: {source}; ensure that the file is valid; Ansible Vault is known to conflict with it."
    )]
    Malformed { path: PathBuf, source: ParseError },
    #[error("error parsing config file at {path:?}: {what}")]
    Key { path: PathBuf, what: String },
}

/// The token helper that the settings name: `token_helper` in `~/.vault` (`VAULT_CONFIG_PATH`).
///
/// # Errors
/// The file is there and cannot be used.
pub(super) fn token_helper(env: &Env) -> Result<Option<PathBuf>, SettingsError> {
    let given = env.get(Variable("CONFIG_PATH"));
    let places = given.map_or_else(|| vec!["~/.vault", "~/.bao"], |path| vec![path]);
    for path in places {
        let path = env.expand_home(path);
        match std::fs::read_to_string(&path) {
            Ok(text) => return read(&path, &text),
            // A folder of that name is somebody else's.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => {}
            Err(source) => return Err(SettingsError::Unreadable { path, source }),
        }
    }
    Ok(None)
}

fn read(path: &Path, text: &str) -> Result<Option<PathBuf>, SettingsError> {
    let wrong = |what: String| SettingsError::Key { path: path.to_owned(), what };
    let body = coffer_hcl::parse(text).map_err(|source| SettingsError::Malformed { path: path.to_owned(), source })?;
    let mut helper = None;
    for item in body.items() {
        match (item.key.text.as_str(), &item.value.kind) {
            ("token_helper", ValueKind::String(text)) => helper = Some(PathBuf::from(text)),
            ("token_helper", other) => {
                return Err(wrong(format!("token_helper is {}, not a string", other.describe())));
            }
            (key, _) => return Err(wrong(format!("invalid key {key:?} at {}", item.key.position))),
        }
    }
    Ok(helper.filter(|path| !path.as_os_str().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helper_is_read_and_other_keys_are_refused() {
        let path = Path::new("/x");
        assert_eq!(read(path, "token_helper = \"/bin/h\"").unwrap(), Some(PathBuf::from("/bin/h")));
        assert_eq!(read(path, "").unwrap(), None);
        assert!(read(path, "tokenhelper = \"/bin/h\"").unwrap_err().to_string().contains("tokenhelper"));
        assert!(read(path, "token_helper = 1").unwrap_err().to_string().contains("a number"));
    }
}
