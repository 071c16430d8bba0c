//! Answers in the forms that `-format` offers. All forms print byte for byte what the original's clients print.

mod columns;
mod field;
mod format;
mod human;
mod secret;
mod timestamp;
mod yaml;

pub(crate) use columns::{banner, columns, columns_with_header, narrow_columns_with_header};
pub(crate) use field::{print_field, secret_field};
pub(crate) use format::{Format, print, print_list, print_map};
pub(crate) use human::{go_value, quoted};
pub(crate) use secret::{print_secret, print_warnings};
pub(crate) use timestamp::Timestamp;
