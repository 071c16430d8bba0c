//! Asking for a secret at the terminal, without showing what is typed.

use std::io::{self, Read};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// No key or password typed by hand is longer, in bytes.
const MAX_LEN: usize = 4096;

/// Nothing was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PromptError {
    #[error("file descriptor 0 is not a terminal")]
    NotATerminal,
    #[error("interrupted")]
    Interrupted,
    #[error("more than {MAX_LEN} bytes were typed")]
    TooLong,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Reads a line from the terminal with echo off. The terminal is put back whatever happens. `show` prints the
/// prompt, once nothing that is typed can be seen any more.
///
/// # Errors
/// Standard input is no terminal, or the user gave up.
pub(crate) fn ask_hidden(show: impl FnOnce()) -> Result<Zeroizing<String>, PromptError> {
    let stdin = io::stdin();
    if !isatty(&stdin) {
        show();
        return Err(PromptError::NotATerminal);
    }
    let before = tcgetattr(&stdin).map_err(io::Error::from)?;
    let mut hidden = before.clone();
    // Signals are off too: an interrupt must not leave the terminal without echo.
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
    hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).map_err(io::Error::from)?;
    let _restored = Restore(before);
    show();
    read_line(&mut stdin.lock())
}

struct Restore(Termios);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Reads up to the end of the line, heeding the keys that edit it.
fn read_line(input: &mut dyn Read) -> Result<Zeroizing<String>, PromptError> {
    const INTERRUPT: u8 = 3;
    const END: u8 = 4;
    const CLEAR: u8 = 21;
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LEN));
    let mut byte = [0];
    loop {
        if input.read(&mut byte)? == 0 {
            break;
        }
        match byte[0] {
            b'\r' | b'\n' | END => break,
            INTERRUPT => return Err(PromptError::Interrupted),
            CLEAR => line.clear(),
            8 | 127 => {
                line.pop();
            }
            _ if line.len() == MAX_LEN => return Err(PromptError::TooLong),
            typed => line.push(typed),
        }
    }
    Ok(Zeroizing::new(String::from_utf8_lossy(&line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_that_edit_a_line_are_heeded() {
        let read = |typed: &[u8]| read_line(&mut &typed[..]).map(|line| line.to_string());
        assert_eq!(read(b"ab\x7fc\nrest").unwrap(), "ac");
        assert_eq!(read(b"wrong\x15right\r").unwrap(), "right");
        assert_eq!(read(b"end").unwrap(), "end");
        assert!(matches!(read(b"ab\x03"), Err(PromptError::Interrupted)));
    }
}
