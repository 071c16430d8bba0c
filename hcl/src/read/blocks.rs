use super::error::ReadError;
use crate::body::{Block, Body, Key, Syntax, Value, ValueKind};

impl Body {
    /// All blocks called `name`, in order, with up to `max_labels` labels each.
    ///
    /// In the JSON form labels are keys of nested objects, so `{"listener": {"tcp": {...}}}` and
    /// `{"listener": [{"tcp": {...}}]}` give what `listener "tcp" {...}` gives when `max_labels`
    /// is 1. A list of objects is that many blocks, in both forms. HCL labels beyond `max_labels`
    /// are kept, for the caller to refuse.
    ///
    /// # Errors
    /// Something of that name is neither an object nor a list of objects.
    pub fn blocks(&self, name: &str, max_labels: usize) -> Result<Vec<Block<'_>>, ReadError> {
        let mut blocks = Vec::new();
        for item in self.all(name) {
            let labels = item.labels.iter().collect();
            collect(&item.key, labels, &item.value, max_labels, &mut blocks)?;
        }
        Ok(blocks)
    }

    /// The only block called `name`.
    ///
    /// # Errors
    /// As [`Body::blocks`], and when there are several.
    pub fn block(&self, name: &str, max_labels: usize) -> Result<Option<Block<'_>>, ReadError> {
        let mut blocks = self.blocks(name, max_labels)?.into_iter();
        let first = blocks.next();
        match (&first, blocks.next()) {
            (Some(first), Some(second)) => Err(ReadError::Repeated {
                key: name.to_owned(),
                first: first.body.position(),
                again: second.body.position(),
            }),
            _ => Ok(first),
        }
    }
}

fn collect<'a>(
    key: &'a Key,
    labels: Vec<&'a Key>,
    value: &'a Value,
    max_labels: usize,
    blocks: &mut Vec<Block<'a>>,
) -> Result<(), ReadError> {
    match &value.kind {
        ValueKind::Null => {}
        ValueKind::List(values) => {
            for value in values {
                collect(key, labels.clone(), value, max_labels, blocks)?;
            }
        }
        ValueKind::Object(body) if labels.len() < max_labels && holds_labels(body) => {
            for item in body.items() {
                let mut labels = labels.clone();
                labels.push(&item.key);
                collect(key, labels, &item.value, max_labels, blocks)?;
            }
        }
        ValueKind::Object(body) => blocks.push(Block { key, labels, body }),
        other => {
            return Err(ReadError::WrongType {
                key: key.text.clone(),
                position: value.position,
                wanted: "a block",
                found: other.describe(),
            });
        }
    }
    Ok(())
}

fn holds_labels(body: &Body) -> bool {
    fn is_blocks(value: &Value) -> bool {
        match &value.kind {
            ValueKind::Object(_) => true,
            ValueKind::List(values) => !values.is_empty() && values.iter().all(is_blocks),
            _ => false,
        }
    }
    body.syntax() == Syntax::Json && !body.items().is_empty() && body.items().iter().all(|item| is_blocks(&item.value))
}

#[cfg(test)]
mod tests {
    use crate::parse;

    fn blocks(text: &str, name: &str, max_labels: usize) -> Vec<(Vec<String>, usize)> {
        let body = parse(text).unwrap();
        let blocks = body.blocks(name, max_labels).unwrap();
        blocks
            .iter()
            .map(|block| {
                let labels = block.labels.iter().map(|label| label.text.clone()).collect();
                (labels, block.body.items().len())
            })
            .collect()
    }

    #[test]
    fn both_forms_give_the_same_blocks() {
        let expected = vec![(vec!["tcp".to_owned()], 2), (vec!["unix".to_owned()], 1)];
        for text in [
            "listener \"tcp\" { a = 1\n telemetry { x = true } }\nlistener \"unix\" { a = 1 }",
            r#"{"listener": [{"tcp": {"a": 1, "telemetry": {"x": true}}}, {"unix": {"a": 1}}]}"#,
            r#"{"listener": {"tcp": {"a": 1, "telemetry": {"x": true}}, "unix": [{"a": 1}]}}"#,
            r#"{"listener": {"tcp": {"a": 1, "b": 1}}, "listener": {"unix": {"a": 1}}}"#,
        ] {
            assert_eq!(blocks(text, "listener", 1), expected, "{text}");
        }
    }

    #[test]
    fn a_block_of_blocks_is_not_taken_for_labels_beyond_the_limit() {
        let text = r#"{"listener": {"tcp": {"telemetry": {"x": true}}}}"#;
        assert_eq!(blocks(text, "listener", 1), [(vec!["tcp".to_owned()], 1)]);
        assert_eq!(blocks("telemetry { a { } }", "telemetry", 1), [(vec![], 1)]);
    }

    #[test]
    fn an_empty_labelled_block_is_a_block() {
        assert_eq!(blocks(r#"{"storage": {"inmem": {}}}"#, "storage", 1), [(vec!["inmem".to_owned()], 0)]);
        assert_eq!(blocks(r#"{"telemetry": {}}"#, "telemetry", 0), [(vec![], 0)]);
    }

    #[test]
    fn lists_of_objects_repeat_in_hcl_too() {
        let text = "retry_join = [{ a = 1 }, { a = 2 }]\nretry_join { a = 3 }";
        assert_eq!(blocks(text, "retry_join", 0).len(), 3);
    }

    #[test]
    fn what_is_no_block_is_refused_without_its_value() {
        let body = parse("seal = \"hunter2\"").unwrap();
        let error = body.blocks("seal", 1).unwrap_err().to_string();
        assert_eq!(error, "1:8: \"seal\" must be a block, not a string");
    }

    #[test]
    fn one_block_is_wanted_and_two_are_refused() {
        let body = parse("a {}\nb {}\nb {}").unwrap();
        assert!(body.block("a", 0).unwrap().is_some());
        assert!(body.block("c", 0).unwrap().is_none());
        assert_eq!(body.block("b", 0).unwrap_err().to_string(), "3:3: \"b\" is already set at 2:3");
    }
}
