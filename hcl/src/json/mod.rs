//! The JSON form. Duplicate keys are kept, as in the HCL form.

mod parser;
mod scanner;

pub(crate) use parser::parse;
