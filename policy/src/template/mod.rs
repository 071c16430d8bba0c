//! Paths that name the caller's identity: `{{identity.entity.id}}`.

mod directive;
mod render;

pub use directive::{Directive, GroupField};
pub(crate) use render::{check, render};

/// Where the values for templates come from: the caller's entity, its aliases and groups.
pub trait TemplateValues {
    /// The value asked for; none if the caller has no such thing.
    fn value(&self, directive: &Directive<'_>) -> Option<String>;
}

/// Which characters values may bring into a path. Neither is allowed unless the policy says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Substitution {
    /// `*` and `+`.
    pub allow_wildcards: bool,
    /// `/`.
    pub allow_slashes: bool,
}
