//! Flags for the form of the output.

use super::kind::{AnyFlag, Switch, Text};

pub(crate) static FIELD: Text = Text::new(
    "field",
    "Print only the field of this name, without a line end when the output is piped. It goes before -format.",
);
pub(crate) static FORMAT: Text = Text::new(
    "format",
    "Form of the output: \"table\", \"json\", \"yaml\", or \"pretty\" where a command has it. \"raw\", the answer as \
     it came, is for \"read\" only.",
)
.or("table")
.from_env("FORMAT")
.words(&["table", "json", "yaml", "pretty", "raw"]);
pub(crate) static DETAILED: Switch = Switch::new("detailed", "Also print what the server adds about each key.")
    .or("false")
    .from_env("DETAILED");

/// Which of these a command has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    None,
    Format,
    FieldAndFormat,
    FormatAndDetailed,
}

impl Output {
    pub(crate) fn flags(self) -> &'static [&'static dyn AnyFlag] {
        match self {
            Self::None => &[],
            Self::Format => &[&FORMAT],
            Self::FieldAndFormat => &[&FIELD, &FORMAT],
            Self::FormatAndDetailed => &[&DETAILED, &FORMAT],
        }
    }
}
