//! The usual layout of HCL: two spaces a level, values of neighbouring lines aligned, blocks set apart.

mod read;
mod tokens;
mod write;

use coffer_hcl::{Body, Value, ValueKind};

/// The text was not rewritten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormatError {
    #[error("At line {line}: {what}")]
    Syntax { line: usize, what: &'static str },
    #[error("the text is JSON, and only HCL is formatted")]
    Json,
    /// A safeguard: what was written would not be read as what was there.
    #[error("this file cannot be formatted without changing what it says")]
    Changed,
}

/// Rewrites `text`. What it says stays the same, which is checked.
///
/// # Errors
/// The text is not HCL, or is not understood well enough.
pub(super) fn format(text: &str) -> Result<String, FormatError> {
    if text.trim_start().starts_with('{') {
        return Err(FormatError::Json);
    }
    let items = read::read(tokens::tokens(text)?)?;
    let formatted = write::write(&items);
    match (coffer_hcl::parse(text), coffer_hcl::parse(&formatted)) {
        (Ok(before), Ok(after)) if same_body(&before, &after) => Ok(formatted),
        _ => Err(FormatError::Changed),
    }
}

fn same_body(a: &Body, b: &Body) -> bool {
    a.items().len() == b.items().len()
        && a.items().iter().zip(b.items()).all(|(a, b)| {
            let labels =
                |item: &coffer_hcl::Item| item.labels.iter().map(|label| label.text.clone()).collect::<Vec<_>>();
            a.key.text == b.key.text && labels(a) == labels(b) && same_value(&a.value, &b.value)
        })
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (&a.kind, &b.kind) {
        (ValueKind::Object(a), ValueKind::Object(b)) => same_body(a, b),
        (ValueKind::List(a), ValueKind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_policy_gets_the_usual_layout() {
        let untidy = r#"# head   comment
path "a" { capabilities = ["read"] }
path   "b/*"   {
capabilities=["read",   "list" ,"create"]
    min_wrapping_ttl="1s"  # trailing
  max_wrapping_ttl   = "90m"


  required_parameters = [ "bar" ]
  allowed_parameters = {
"*" = []
      "longer"   = ["a",
   "b"]
  }
  // other comment
  denied_parameters = { "x" = [] }
}


// c style
path "c" {
  policy = "write"
}
/* block
   comment */
path "d" { 
  capabilities = [
    "read", # why
    "list"
  ]
}
path "e" {}
"#;
        let tidy = r#"# head   comment
path "a" {
  capabilities = ["read"]
}

path "b/*" {
  capabilities     = ["read", "list", "create"]
  min_wrapping_ttl = "1s"                       # trailing
  max_wrapping_ttl = "90m"

  required_parameters = ["bar"]

  allowed_parameters = {
    "*" = []

    "longer" = [
      "a",
      "b",
    ]
  }

  // other comment
  denied_parameters = {
    "x" = []
  }
}

// c style
path "c" {
  policy = "write"
}

/* block
   comment */
path "d" {
  capabilities = [
    "read", # why
    "list",
  ]
}

path "e" {}
"#;
        assert_eq!(format(untidy).unwrap(), tidy);
        assert_eq!(format(tidy).unwrap(), tidy);
    }

    #[test]
    fn an_empty_text_is_one_line_end() {
        assert_eq!(format("").unwrap(), "\n");
    }

    #[test]
    fn comments_that_stand_alone_stay() {
        let text = "# alone\n\n# of the path\npath \"a\" {\n  # inside\n}\n\n# last\n";
        assert_eq!(format(text).unwrap(), text);
    }

    #[test]
    fn json_and_broken_texts_are_refused() {
        assert_eq!(format("{\"path\":{}}"), Err(FormatError::Json));
        assert!(format("path \"a\" {").is_err());
        assert!(format("path \"a").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_taken_without_a_panic(text: String) {
            let _ = format(&text);
        }

        #[test]
        fn formatting_again_changes_nothing(text in "([ab] \\{\n|\\}\n| |[cd]=\\[?\"x\",?\\]?\n|#y\n|\n){0,12}") {
            if let Ok(once) = format(&text) {
                prop_assert_eq!(format(&once), Ok(once.clone()));
            }
        }
    }
}
