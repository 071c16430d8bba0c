//! Paths of a backend as a table: pattern, fields, one handler an operation. It gives routing, the checking of fields,
//! "unsupported path/operation", path help and the OpenAPI document from one source.

mod field;
mod pattern;
mod table;
mod values;

pub use field::{Field, Kind};
pub use pattern::{Captures, Pattern};
pub use table::{Handler, Matched, PathHelp, Route, RouteTable};
pub use values::{Fields, parse_duration};
