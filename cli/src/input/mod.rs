//! What comes in beside flags: `key=value` data, files, standard input, and the terminal.

mod data;
mod prompt;

pub(crate) use data::{as_text_lists, as_texts, read_data};
pub(crate) use prompt::{PromptError, ask_hidden};
