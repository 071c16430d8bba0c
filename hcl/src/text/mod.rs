//! The HCL form.

mod escape;
mod heredoc;
mod number;
mod parser;
mod scanner;
mod token;

pub(crate) use escape::hex_digits;
pub(crate) use parser::parse;
