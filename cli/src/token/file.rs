use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::client::SecretToken;

/// No token is longer, in bytes.
const MAX_LEN: u64 = 64 * 1024;

pub(super) fn get(path: &Path) -> io::Result<SecretToken> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(SecretToken::default()),
        Err(error) => return Err(error),
    };
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_LEN).read_to_string(&mut text)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Writes a new file that only its owner can read, and puts it in the old one's place.
pub(super) fn store(path: &Path, token: &SecretToken) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    // Left behind by a command that was killed, it could be anyone's.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(token.as_bytes()).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_kept_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert_eq!(get(&path).unwrap().as_str(), "");
        fs::write(&path, "old\n").unwrap();
        assert_eq!(get(&path).unwrap().as_str(), "old");
        store(&path, &Zeroizing::new("new".to_owned())).unwrap();
        assert_eq!(get(&path).unwrap().as_str(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
