//! The file that tells others this process's id.

use std::path::{Path, PathBuf};

/// Removes the file when the server ends.
#[derive(Debug)]
pub struct PidFile(PathBuf);

impl PidFile {
    /// # Errors
    /// The file cannot be written; in words.
    pub fn write(path: &Path) -> Result<Self, String> {
        std::fs::write(path, format!("{}\n", std::process::id())).map_err(|error| {
            format!("pid_file {}: {error}: check that its folder exists and may be written to", path.display())
        })?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_while_the_server_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let file = PidFile::write(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), std::process::id().to_string());
        drop(file);
        assert!(!path.exists());
        assert!(PidFile::write(&folder.path().join("absent/pid")).unwrap_err().starts_with("pid_file "));
    }
}
