//! The table itself: which handler serves a path and an operation.

use super::{Captures, Field, Fields, Pattern};
use crate::{Call, Context, Failure, Operation, Response};

/// Serves one operation of one path of the backend `B`.
pub type Handler<B> = fn(&B, &mut Context<'_>, &Matched<'_>) -> Result<Response, Failure>;

/// One path: what it looks like, what it takes, who serves it.
pub struct Route<B> {
    /// The paths it serves.
    pub pattern: Pattern,
    /// Parameters, those in the pattern included.
    pub fields: &'static [Field],
    /// Handlers. [`Operation::Update`] also serves creation where there is no handler for it alone.
    pub operations: Vec<(Operation, Handler<B>)>,
    /// One line for path help.
    pub synopsis: &'static str,
    /// Further words for path help.
    pub description: &'static str,
}

impl<B> Route<B> {
    /// A path without operations yet.
    pub fn new(pattern: &'static str, fields: &'static [Field], synopsis: &'static str) -> Self {
        Self { pattern: Pattern::new(pattern), fields, operations: Vec::new(), synopsis, description: "" }
    }

    /// Adds a handler.
    #[must_use]
    pub fn on(mut self, operation: Operation, handler: Handler<B>) -> Self {
        self.operations.push((operation, handler));
        self
    }

    /// Serves only paths whose last capture ends so; the end is cut off what is captured.
    #[must_use]
    pub fn only_suffix(mut self, suffix: &'static str) -> Self {
        self.pattern = self.pattern.with_suffix(suffix);
        self
    }

    /// Adds words for path help.
    #[must_use]
    pub fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    fn handler(&self, operation: Operation) -> Option<Handler<B>> {
        let of = |wanted: Operation| self.operations.iter().find(|(op, _)| *op == wanted).map(|(_, handler)| *handler);
        of(operation).or_else(|| (operation == Operation::Create).then(|| of(Operation::Update)).flatten())
    }
}

/// A call that met its route.
pub struct Matched<'a> {
    /// The call.
    pub call: &'a Call<'a>,
    /// Captures and body, read as the route's fields say.
    pub fields: Fields<'a>,
}

/// All paths of a backend. The first route that matches serves.
pub struct RouteTable<B> {
    routes: Vec<Route<B>>,
}

impl<B> RouteTable<B> {
    /// In order of precedence.
    pub fn new(routes: Vec<Route<B>>) -> Self {
        Self { routes }
    }

    /// The route of a path, whatever the operation.
    pub fn find<'p>(&self, path: &'p str) -> Option<(&Route<B>, Captures<'p>)> {
        self.routes.iter().find_map(|route| route.pattern.matches(path).map(|captures| (route, captures)))
    }

    /// Finds the route and its handler, checks every field that was sent, warns of those nobody reads where there is an
    /// answer to put the warning in.
    pub fn dispatch(&self, backend: &B, cx: &mut Context<'_>, call: &Call<'_>) -> Result<Response, Failure> {
        let (route, captures) = self.find(call.path).ok_or(Failure::UnsupportedPath)?;
        let handler = route.handler(call.operation).ok_or(Failure::UnsupportedOperation)?;
        let fields = Fields::new(route.fields, captures, call.data());
        fields.validate().map_err(|wrong| Failure::Invalid(format!("Field validation failed: {wrong}")))?;
        let (unread, replaced) = (fields.unrecognized(), fields.shadowed());
        let mut response = handler(backend, cx, &Matched { call, fields })?;
        if response.is_nothing() {
            return Ok(response);
        }
        if !unread.is_empty() {
            response.warnings.push(format!("Endpoint ignored these unrecognized parameters: [{}]", unread.join(" ")));
        }
        if !replaced.is_empty() {
            response.warnings.push(format!(
                "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [{}]",
                replaced.join(" ")
            ));
        }
        Ok(response)
    }

    /// Checks the fields of a call without serving it; for [`crate::Backend::exists`], whose errors have no preface.
    pub fn validate(&self, call: &Call<'_>) -> Result<(), Failure> {
        let Some((route, captures)) = self.find(call.path) else { return Ok(()) };
        Fields::new(route.fields, captures, call.data()).validate()
    }

    /// What is here, for path help and OpenAPI.
    pub fn help(&self) -> Vec<PathHelp> {
        let help = |route: &Route<B>| PathHelp {
            pattern: route.pattern.text(),
            suffix: route.pattern.suffix(),
            fields: route.fields,
            operations: route.operations.iter().map(|(operation, _)| *operation).collect(),
            synopsis: route.synopsis,
            description: route.description,
        };
        self.routes.iter().map(help).collect()
    }
}

/// A route without its handlers.
#[derive(Clone, Debug)]
pub struct PathHelp {
    /// As [`Pattern::text`].
    pub pattern: &'static str,
    /// What the paths end in besides; mostly empty.
    pub suffix: &'static str,
    /// Its parameters.
    pub fields: &'static [Field],
    /// What it serves.
    pub operations: Vec<Operation>,
    /// One line.
    pub synopsis: &'static str,
    /// More.
    pub description: &'static str,
}
