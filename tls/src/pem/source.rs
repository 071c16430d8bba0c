//! Where PEM text comes from.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{PemError, PemProblem};

/// Bytes; the largest system bundles are below 1 MiB.
const MAX_PEM_LEN: u64 = 16 << 20;

/// Where PEM text came from, for errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PemSource {
    /// A file.
    File(PathBuf),
    /// A setting that holds the text itself, by its name.
    Inline(&'static str),
}

impl fmt::Display for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Inline(name) => f.write_str(name),
        }
    }
}

/// Reads a PEM file whole. What is read may be a private key, so it is wiped when dropped.
pub(crate) fn read_source(path: &Path) -> Result<Zeroizing<Vec<u8>>, PemError> {
    let origin = PemSource::File(path.to_owned());
    read_bounded(path).map_err(|problem| PemError::new(&origin, problem))
}

fn read_bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, PemProblem> {
    // Asked before it is opened: to open a FIFO would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(PemProblem::Unreadable)?;
    if !metadata.is_file() {
        return Err(PemProblem::NotAFile);
    }
    if metadata.len() > MAX_PEM_LEN {
        return Err(PemProblem::TooLarge { max: MAX_PEM_LEN });
    }
    let file = File::open(path).map_err(PemProblem::Unreadable)?;
    // With room for all of it, so that no unwiped copy is left behind by growth.
    let room = usize::try_from(metadata.len()).unwrap_or(0).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_PEM_LEN + 1).read_to_end(&mut bytes).map_err(PemProblem::Unreadable)?;
    if bytes.len() as u64 > MAX_PEM_LEN {
        return Err(PemProblem::TooLarge { max: MAX_PEM_LEN });
    }
    Ok(bytes)
}
