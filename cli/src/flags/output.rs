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
.or_env("FORMAT")
.words(&["table", "json", "yaml", "pretty", "raw"]);
pub(crate) static DETAILED: Switch =
    Switch::new("detailed", "Also print what the server adds about each key.").or("false").or_env("DETAILED");

/// Which of these a command has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    None,
    Format,
    FieldAndFormat,
    FormatAndDetailed,
}

static FORMAT_ONLY: &[&dyn AnyFlag] = &[&FORMAT];
static FIELD_AND_FORMAT: &[&dyn AnyFlag] = &[&FIELD, &FORMAT];
static FORMAT_AND_DETAILED: &[&dyn AnyFlag] = &[&DETAILED, &FORMAT];

impl Output {
    pub(crate) fn flags(self) -> &'static [&'static dyn AnyFlag] {
        match self {
            Self::None => &[],
            Self::Format => FORMAT_ONLY,
            Self::FieldAndFormat => FIELD_AND_FORMAT,
            Self::FormatAndDetailed => FORMAT_AND_DETAILED,
        }
    }
}
