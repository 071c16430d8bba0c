use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use zeroize::Zeroizing;

use super::HelperError;
use crate::client::SecretToken;

/// A token helper: asked with `get`, told with `store` and the token on its standard input.
pub(crate) struct Program {
    path: PathBuf,
    address: String,
}

impl Program {
    pub(super) fn at(path: &Path, address: &str) -> Result<Self, HelperError> {
        let failed = |what: &str| HelperError::Program { path: path.to_owned(), what: what.to_owned() };
        let absolute = std::path::absolute(path).map_err(|_| failed("has no usable path"))?;
        if !absolute.exists() {
            return Err(failed("does not exist"));
        }
        Ok(Self { path: absolute, address: address.to_owned() })
    }

    pub(super) fn get(&self) -> Result<SecretToken, HelperError> {
        let output = self.run("get", None)?;
        let stdout = Zeroizing::new(output.stdout);
        let text = std::str::from_utf8(&stdout).map_err(|_| self.failed("printed something that is not text"))?;
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    pub(super) fn store(&self, token: &SecretToken) -> Result<(), HelperError> {
        self.run("store", Some(token)).map(|_| ())
    }

    fn run(&self, operation: &str, input: Option<&SecretToken>) -> Result<Output, HelperError> {
        let shown = |error: std::io::Error| self.failed(&format!("could not be run: {error}"));
        let mut child = Command::new(&self.path)
            .arg(operation)
            .env("VAULT_ADDR", &self.address)
            .env("BAO_ADDR", &self.address)
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::inherit() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(shown)?;
        if let (Some(token), Some(mut stdin)) = (input, child.stdin.take()) {
            // A helper that does not read the token tells so by its exit code.
            let _ = stdin.write_all(token.as_bytes());
        }
        let output = child.wait_with_output().map_err(shown)?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(self.failed(&format!("failed at \"{operation}\" ({}): {said}", output.status)))
    }

    fn failed(&self, what: &str) -> HelperError {
        HelperError::Program { path: self.path.clone(), what: what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_program_is_asked_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper");
        fs::write(&path, "#!/bin/sh\nd=$(dirname \"$0\")\ncase $1 in\nget) cat \"$d/kept\";;\nstore) cat > \"$d/kept\"; echo \"$VAULT_ADDR\" > \"$d/addr\";;\nesac\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let program = Program::at(&path, "http://h").unwrap();
        assert!(program.get().is_err());
        program.store(&Zeroizing::new("tok".to_owned())).unwrap();
        assert_eq!(program.get().unwrap().as_str(), "tok");
        assert_eq!(fs::read_to_string(folder.path().join("addr")).unwrap(), "http://h\n");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Program::at(Path::new("/no/such"), "").err().unwrap();
        assert_eq!(error.to_string(), "the token helper /no/such does not exist");
    }
}
