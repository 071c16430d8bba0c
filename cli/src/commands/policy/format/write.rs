use super::read::{Element, Entry, Item, Value};

pub(super) fn write(items: &[Item]) -> String {
    let mut out = String::new();
    write_items(items, 0, &mut out);
    let trimmed = out.trim_end_matches('\n').len();
    out.truncate(trimmed);
    out.push('\n');
    out
}

fn write_items(items: &[Item], level: usize, out: &mut String) {
    let mut at = 0;
    while at < items.len() {
        if at > 0 {
            out.push('\n');
        }
        match &items[at] {
            Item::Comments(comments) => {
                write_comments(comments, level, out);
                at += 1;
            }
            Item::Entry(entry) => {
                let group = aligned_group(entry, &items[at + 1..]);
                write_group(&group, level, out);
                at += group.len();
            }
        }
    }
}

/// An entry and those after it whose values line up with its own: one line each, nothing between.
fn aligned_group<'a>(first: &'a Entry, rest: &'a [Item]) -> Vec<&'a Entry> {
    let mut group = vec![first];
    if !first.is_one_line() {
        return group;
    }
    for item in rest {
        match item {
            Item::Entry(entry) if entry.adjacent && entry.comments.is_empty() && entry.is_one_line() => {
                group.push(entry)
            }
            _ => break,
        }
    }
    group
}

fn write_group(group: &[&Entry], level: usize, out: &mut String) {
    let key_width = group.iter().map(|entry| width(&entry.keys.join(" "))).max().unwrap_or(0);
    let lines: Vec<(String, &Entry)> = group
        .iter()
        .map(|entry| {
            let keys = entry.keys.join(" ");
            let mut line = String::new();
            if entry.assigned {
                let padding = " ".repeat(if group.len() > 1 { key_width - width(&keys) } else { 0 });
                line.push_str(&format!("{keys}{padding} = "));
            } else {
                line.push_str(&format!("{keys} "));
            }
            write_value(&entry.value, level, &mut line);
            (line, *entry)
        })
        .collect();
    let comment_column = lines.iter().map(|(line, _)| width(line)).max().unwrap_or(0);
    for (line, entry) in lines {
        write_comments(&entry.comments, level, out);
        indent(level, out);
        out.push_str(&line);
        if let Some(comment) = &entry.trailing {
            let padding = if group.len() > 1 { comment_column - width(&line) } else { 0 };
            out.push_str(&format!("{} {comment}", " ".repeat(padding)));
        }
        out.push('\n');
    }
}

fn write_value(value: &Value, level: usize, out: &mut String) {
    match value {
        Value::Word(word) => out.push_str(word),
        Value::Object(items) if items.is_empty() => out.push_str("{}"),
        Value::Object(items) => {
            out.push_str("{\n");
            write_items(items, level + 1, out);
            indent(level, out);
            out.push('}');
        }
        Value::List { elements, broken: false } => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_value(&element.value, level, out);
            }
            out.push(']');
        }
        Value::List { elements, broken: true } => {
            out.push_str("[\n");
            elements.iter().for_each(|element| write_element(element, level + 1, out));
            indent(level, out);
            out.push(']');
        }
    }
}

fn write_element(element: &Element, level: usize, out: &mut String) {
    write_comments(&element.comments, level, out);
    indent(level, out);
    write_value(&element.value, level, out);
    // The word that ends a here-document stands on its line alone.
    let here_document = matches!(&element.value, Value::Word(word) if word.starts_with("<<"));
    out.push_str(if here_document { "\n" } else { "," });
    if here_document {
        indent(level, out);
        out.push(',');
    }
    if let Some(comment) = &element.trailing {
        out.push_str(&format!(" {comment}"));
    }
    out.push('\n');
}

fn write_comments(comments: &[String], level: usize, out: &mut String) {
    for comment in comments {
        indent(level, out);
        out.push_str(comment);
        out.push('\n');
    }
}

fn indent(level: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", level));
}

fn width(text: &str) -> usize {
    text.chars().count()
}

impl Entry {
    fn is_one_line(&self) -> bool {
        self.assigned
            && match &self.value {
                Value::Word(word) => !word.contains('\n'),
                Value::List { broken, elements } => {
                    !broken && elements.iter().all(|element| matches!(element.value, Value::Word(_)))
                }
                Value::Object(_) => false,
            }
    }
}
