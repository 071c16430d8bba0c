//! What a command prints, and where.

use std::io::{self, IsTerminal, Write};

use crate::env::{Env, Variable};
use crate::output::Format;

const RED: u8 = 31;
const YELLOW: u8 = 33;

/// Standard output and error as the commands see them. A reader that has gone away is no error.
pub(crate) struct Ui {
    pub(crate) format: Format,
    /// `list -detailed`: with what the server adds about each key.
    pub(crate) detailed: bool,
    /// Colours on standard error, and a line end after a raw value.
    terminal: bool,
    colors: bool,
    /// Errors held back until it is known whether a request was captured instead of sent.
    held: Option<Vec<u8>>,
}

impl Ui {
    pub(crate) fn new(env: &Env, format: Format, detailed: bool, hold_errors: bool) -> Self {
        let plain = env.plain("NO_COLOR").is_some() || env.plain("TERM") == Some("dumb");
        let terminal = io::stdout().is_terminal() && !plain;
        let colors = terminal && format == Format::Table && env.get(Variable("CLI_NO_COLOR")).is_none();
        Self { format, detailed, terminal, colors, held: hold_errors.then(Vec::new) }
    }

    /// A line on standard output.
    pub(crate) fn output(&mut self, text: &str) {
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// A value that is likely piped: its line end only on a terminal.
    pub(crate) fn raw(&mut self, text: &str) {
        let end = if self.terminal { "\n" } else { "" };
        let mut out = io::stdout();
        let _ = write!(out, "{text}{end}");
        let _ = out.flush();
    }

    /// A prompt, without a line end.
    pub(crate) fn prompt(&mut self, text: &str) {
        let mut out = io::stdout();
        let _ = write!(out, "{text}");
        let _ = out.flush();
    }

    pub(crate) fn warn(&mut self, text: &str) {
        self.report(text, YELLOW);
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.report(text, RED);
    }

    /// Prints what was held back.
    pub(crate) fn release_errors(&mut self) {
        if let Some(held) = self.held.take() {
            let _ = io::stderr().write_all(&held);
        }
    }

    fn report(&mut self, text: &str, color: u8) {
        let line = if self.colors { format!("\x1b[0;{color}m{text}\x1b[0m\n") } else { format!("{text}\n") };
        match &mut self.held {
            Some(held) => held.extend_from_slice(line.as_bytes()),
            None => {
                let _ = io::stderr().write_all(line.as_bytes());
            }
        }
    }
}
