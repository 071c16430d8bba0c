use super::meaning::means_something_else;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

pub(super) fn style_of(text: &str) -> Style {
    let shape = Shape::of(text);
    if text.contains('\n') {
        return if shape.special || shape.trailing_space || shape.space_before_break {
            Style::Double
        } else {
            Style::Literal
        };
    }
    if text.is_empty() || means_something_else(text) {
        return Style::Double;
    }
    if shape.special || shape.space_before_break {
        return Style::Double;
    }
    if shape.indicators || shape.leading_space || shape.trailing_space { Style::Single } else { Style::Plain }
}

#[derive(Default)]
struct Shape {
    /// Holds what reads as YAML's own signs.
    indicators: bool,
    /// Holds what must be escaped.
    special: bool,
    leading_space: bool,
    trailing_space: bool,
    space_before_break: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let blank_at = |at: usize| characters.get(at).is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
        let mut shape = Self {
            indicators: text.starts_with("---") || text.starts_with("..."),
            leading_space: text.starts_with(' '),
            trailing_space: text.ends_with(' '),
            ..Self::default()
        };
        for (at, &character) in characters.iter().enumerate() {
            shape.indicators |= match character {
                '#' if at == 0 => true,
                '#' => blank_at(at - 1),
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => at == 0,
                '?' | '-' => at == 0 && blank_at(1),
                ':' => blank_at(at + 1),
                _ => false,
            };
            shape.special |= character != '\n'
                && (!is_printable(character) || matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}'));
            shape.space_before_break |= character == '\n' && at > 0 && characters[at - 1] == ' ';
        }
        shape
    }
}

pub(super) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && character != '\u{feff}'
}
