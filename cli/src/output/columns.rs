//! Aligned columns.

use crate::wrap;

/// Between two columns.
const GLUE: &str = "    ";
const NARROW_GLUE: &str = "  ";
/// Stands for an empty cell.
const EMPTY: &str = "n/a";

/// Rows without a header.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    aligned(rows, GLUE, Some(EMPTY))
}

/// Rows of which the first is the header, underlined.
pub(crate) fn columns_with_header(rows: Vec<Vec<String>>) -> String {
    aligned(&underlined(rows), GLUE, Some(EMPTY))
}

/// The same with less room between, as `version-history` has it.
pub(crate) fn narrow_columns_with_header(rows: Vec<Vec<String>>) -> String {
    aligned(&underlined(rows), NARROW_GLUE, Some(EMPTY))
}

fn underlined(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let Some(header) = rows.first() else {
        return rows;
    };
    let line = header.iter().map(|cell| "-".repeat(cell.trim().len())).collect();
    rows.insert(1, line);
    rows
}

/// Pads every cell but a row's last to its column's width, in characters.
fn aligned(rows: &[Vec<String>], glue: &str, empty: Option<&str>) -> String {
    let shown = |cell: &String| -> String {
        match (cell.trim(), empty) {
            ("", Some(empty)) => empty.to_owned(),
            (cell, _) => cell.to_owned(),
        }
    };
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(shown).collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let lines = rows.iter().map(|row| {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            line.push_str(cell);
            if at + 1 < row.len() {
                line.push_str(&" ".repeat(widths[at] - cell.chars().count()));
                line.push_str(glue);
            }
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `== Title ==` above a block that is as wide as its longest key and a value need.
pub(crate) fn banner(title: &str, width: usize) -> String {
    let signs = width.saturating_sub(title.len() + 2);
    let signs = if signs == 0 { 4 } else { signs };
    let side = "=".repeat(signs.div_ceil(2));
    format!("{side} {title} {side}")
}

/// A server's warnings, each on lines of its own.
pub(super) fn warning_line(warning: &str) -> String {
    wrap::wrap_indented(&format!("* {warning}"), 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn cells_are_trimmed_aligned_and_filled_in() {
        let table = columns_with_header(rows(&[&["Key", "Value"], &["ü", ""], &["longer", " x "]]));
        assert_eq!(table, "Key       Value\n---       -----\nü         n/a\nlonger    x");
    }

    #[test]
    fn rows_may_be_shorter_than_others() {
        assert_eq!(columns(&rows(&[&["a"], &["bb", "c"]])), "a\nbb    c");
    }

    #[test]
    fn banners_have_the_same_on_both_sides() {
        assert_eq!(banner("Secret Path", "secret/data/x".len()), "== Secret Path ==");
        assert_eq!(banner("Data", 12), "=== Data ===");
        assert_eq!(banner("Metadata", 24), "======= Metadata =======");
    }
}
