//! From paths to parsed files.

use std::path::{Path, PathBuf};

use coffer_hcl::Body;

use super::problem::ConfigError;

/// A configuration file, parsed.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) body: Body,
}

/// Reads files, and of folders the files that end in `.hcl` or `.json`, by name.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Vec<Source>, ConfigError> {
    let mut sources = Vec::new();
    for path in paths {
        if path.is_dir() {
            let files = files_of(path)?;
            if files.is_empty() {
                return Err(ConfigError::in_file(path, "the folder holds no file that ends in .hcl or .json"));
            }
            for file in files {
                sources.push(parse(file)?);
            }
        } else {
            sources.push(parse(path.clone())?);
        }
    }
    Ok(sources)
}

/// A text of the program's own, as if it were the first file.
pub(crate) fn preset(text: &str) -> Result<Source, ConfigError> {
    let path = PathBuf::from("-dev");
    match coffer_hcl::parse(text) {
        Ok(body) => Ok(Source { path, body }),
        Err(error) => Err(ConfigError::at(&path, error.position(), error.message())),
    }
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::in_file(folder, format!("cannot be read: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let ours = path.extension().is_some_and(|extension| extension == "hcl" || extension == "json");
        if ours && !hidden && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn parse(path: PathBuf) -> Result<Source, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::in_file(&path, format!("cannot be read: {error}"));
    let metadata = std::fs::metadata(&path).map_err(unreadable)?;
    if metadata.len() > coffer_hcl::MAX_BYTES as u64 {
        return Err(ConfigError::in_file(&path, "is too large for a configuration file"));
    }
    let text = zeroize::Zeroizing::new(std::fs::read(&path).map_err(unreadable)?);
    match coffer_hcl::parse_bytes(&text) {
        Ok(body) => Ok(Source { path, body }),
        Err(error) => Err(ConfigError::at(&path, error.position(), error.message())),
    }
}
