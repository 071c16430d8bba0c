//! Vault's ACL policies: parsing, templating, compiling and asking them.
//!
//! This crate owns what a policy text means and which rule decides on a request. It must not know
//! where policies are stored, what a token or an entity is beyond the values a template asks for,
//! nor anything of HTTP. Its answer to a request is a value, [`Allowed`] or [`Denied`].

mod acl;
mod capability;
mod encoding;
mod names;
mod operation;
mod parse;
mod pattern;
mod permissions;
mod policy;
mod template;

pub use acl::{Access, Acl, Allowed, Denied, ResultantRule};
pub use capability::{Capabilities, Capability};
pub use encoding::decode_submitted;
pub use names::{DEFAULT, ROOT, equivalent, parse_list, sanitize, sanitize_name};
pub use operation::Operation;
pub use parse::ParseError;
pub use permissions::{Grants, ParameterRules, Permissions};
pub use policy::Policy;
pub use template::{Directive, GroupField, Substitution, TemplateValues};
