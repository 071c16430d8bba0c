//! Help for people.

use std::fmt::Write;

use crate::framework::{Kind, PathHelp, Pattern};
use crate::mount::Mount;

/// Of all paths of a mount.
pub(super) fn of_mount(mount: &Mount, paths: &[PathHelp]) -> String {
    let mut page = format!("## DESCRIPTION\n\nThe {} engine", mount.type_name);
    if !mount.description.is_empty() {
        let _ = write!(page, ": {}", mount.description);
    }
    page.push_str(
        ".\n\n## PATHS\n\nThese are its paths, as patterns. Ask for help on any path that fits one of them to learn its \
         parameters. Which of them you may use is for the policies of your token to say.\n",
    );
    let mut sorted: Vec<_> = paths.iter().map(|path| (regex(path), path.synopsis)).collect();
    sorted.sort_unstable();
    for (pattern, synopsis) in sorted {
        let _ = write!(page, "\n    {pattern}\n");
        if !synopsis.is_empty() {
            let _ = writeln!(page, "        {synopsis}");
        }
    }
    page.trim_end().to_owned()
}

/// Of one path.
pub(super) fn of_path(asked: &str, path: &PathHelp) -> String {
    let mut page = format!("Request:        {asked}\nMatching Route: {}\n\n{}\n", regex(path), path.synopsis);
    if !path.fields.is_empty() {
        page.push_str("\n## PARAMETERS\n");
        let mut fields: Vec<_> = path.fields.iter().filter(|field| field.name != "*").collect();
        fields.sort_unstable_by_key(|field| field.name);
        for field in fields {
            let _ = write!(page, "\n    {} ({})\n\n        {}\n", field.name, type_name(field.kind), field.about);
        }
    }
    let operations: Vec<_> = path.operations.iter().map(|operation| operation.name()).collect();
    let description = if path.description.is_empty() { path.synopsis } else { path.description };
    let _ = write!(page, "\n## DESCRIPTION\n\n{description}\n\nOperations: {}", operations.join(", "));
    page
}

/// A pattern in the notation that Vault's pages have.
pub(super) fn regex(path: &PathHelp) -> String {
    format!("^{}{}$", Pattern::new(path.pattern).regex(), path.suffix)
}

/// Vault's names of field types.
fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::LowerText => "string",
        Kind::Int => "int",
        Kind::Bool => "bool",
        Kind::Duration | Kind::SignedDuration => "duration (sec)",
        Kind::Time => "time",
        Kind::Map => "map",
        Kind::CommaList | Kind::List => "slice",
        Kind::IntList => "slice",
        Kind::Pairs => "keypair",
        Kind::Any => "any",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Operation;
    use crate::framework::Field;

    const FIELDS: &[Field] =
        &[Field::new("path", Kind::Text, "Where it lies."), Field::new("data", Kind::Map, "What is kept.")];

    #[test]
    fn a_path_is_explained_with_its_parameters() {
        let path = PathHelp {
            pattern: "data/{path...}",
            suffix: "",
            fields: FIELDS,
            operations: vec![Operation::Read],
            synopsis: "A secret.",
            description: "",
        };
        let page = of_path("data/a", &path);
        assert!(
            page.starts_with("Request:        data/a\nMatching Route: ^data/(?P<path>.+)$\n\nA secret.\n"),
            "{page}"
        );
        assert!(page.contains("    data (map)\n\n        What is kept.\n\n    path (string)"), "{page}");
    }
}
