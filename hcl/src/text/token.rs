use crate::body::Position;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub position: Position,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Eof,
    Ident(String),
    Bool(bool),
    Number(i64),
    Float(f64),
    String(String),
    Heredoc(String),
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Assign,
    Period,
    Add,
    Sub,
}

impl TokenKind {
    /// The name that HCL's own error messages use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Eof => "EOF",
            Self::Ident(_) => "IDENT",
            Self::Bool(_) => "BOOL",
            Self::Number(_) => "NUMBER",
            Self::Float(_) => "FLOAT",
            Self::String(_) => "STRING",
            Self::Heredoc(_) => "HEREDOC",
            Self::LeftBracket => "LBRACK",
            Self::RightBracket => "RBRACK",
            Self::LeftBrace => "LBRACE",
            Self::RightBrace => "RBRACE",
            Self::Comma => "COMMA",
            Self::Assign => "ASSIGN",
            Self::Period => "PERIOD",
            Self::Add => "ADD",
            Self::Sub => "SUB",
        }
    }
}
