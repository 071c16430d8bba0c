use crate::duration::Span;
use crate::env::Variable;

use super::matches::Value;

/// A flag's declaration.
#[derive(Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) alias: Option<&'static str>,
    /// What it does, for help.
    pub(crate) about: &'static str,
    pub(crate) variable: Option<Variable>,
    /// The default as help shows it; empty shows none.
    pub(crate) default: &'static str,
    pub(crate) hidden: bool,
    pub(crate) completes: Completes,
    /// Whether it holds for the whole program: never warned of after the arguments.
    pub(crate) takes: Takes,
}

/// What completion offers for a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completes {
    Nothing,
    Files,
    Folders,
    Words(&'static [&'static str]),
}

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Switch,
    OptionalSwitch,
    Text,
    Integer,
    Time,
    TextList,
    Pairs,
}

/// A flag of any type.
pub(crate) trait AnyFlag: Sync {
    fn spec(&self) -> &Spec;
}

/// A flag and the type of what it gives.
pub(crate) trait Flag: AnyFlag {
    type Value;

    /// What was typed, or what stands when nothing was. A value of another type cannot come here.
    fn read(&self, value: Option<&Value>) -> Self::Value;
}

macro_rules! flag_type {
    ($(#[$about:meta])* $name:ident, $takes:expr) => {
        $(#[$about])*
        pub(crate) struct $name(Spec);

        impl $name {
            pub(crate) const fn new(name: &'static str, about: &'static str) -> Self {
                Self(Spec {
                    name,
                    alias: None,
                    about,
                    variable: None,
                    default: "",
                    hidden: false,
                    completes: Completes::Nothing,
                    takes: $takes,
                })
            }
        }

        #[allow(dead_code, reason = "every type of flag has the same steps, and not each uses all")]
        impl $name {
            pub(crate) const fn alias(mut self, alias: &'static str) -> Self {
                self.0.alias = Some(alias);
                self
            }

            pub(crate) const fn or_env(mut self, variable: &'static str) -> Self {
                self.0.variable = Some(Variable(variable));
                self
            }

            pub(crate) const fn or(mut self, default: &'static str) -> Self {
                self.0.default = default;
                self
            }

            pub(crate) const fn hidden(mut self) -> Self {
                self.0.hidden = true;
                self
            }

            pub(crate) const fn completed_by(mut self, completes: Completes) -> Self {
                self.0.completes = completes;
                self
            }

            pub(crate) const fn files(self) -> Self {
                self.completed_by(Completes::Files)
            }

            pub(crate) const fn folders(self) -> Self {
                self.completed_by(Completes::Folders)
            }

            pub(crate) const fn words(self, words: &'static [&'static str]) -> Self {
                self.completed_by(Completes::Words(words))
            }
        }

        impl AnyFlag for $name {
            fn spec(&self) -> &Spec {
                &self.0
            }
        }
    };
}

flag_type!(
    /// On or off.
    Switch,
    Takes::Switch
);
flag_type!(
    /// On, off, or not said.
    OptionalSwitch,
    Takes::OptionalSwitch
);
flag_type!(Text, Takes::Text);
flag_type!(Integer, Takes::Integer);
flag_type!(Time, Takes::Time);
flag_type!(
    /// Given any number of times.
    TextList,
    Takes::TextList
);
flag_type!(
    /// `key=value`, given any number of times.
    Pairs,
    Takes::Pairs
);

impl Flag for Switch {
    type Value = bool;

    fn read(&self, value: Option<&Value>) -> bool {
        match value {
            Some(Value::Switch(on)) => *on,
            _ => parse_bool(self.0.default).unwrap_or(false),
        }
    }
}

impl Flag for OptionalSwitch {
    type Value = Option<bool>;

    fn read(&self, value: Option<&Value>) -> Option<bool> {
        match value {
            Some(Value::Switch(on)) => Some(*on),
            _ => None,
        }
    }
}

impl Flag for Text {
    type Value = String;

    fn read(&self, value: Option<&Value>) -> String {
        match value {
            Some(Value::Text(text)) => (**text).clone(),
            _ => self.0.default.to_owned(),
        }
    }
}

impl Flag for Integer {
    type Value = i64;

    fn read(&self, value: Option<&Value>) -> i64 {
        match value {
            Some(Value::Integer(value)) => *value,
            _ => self.0.default.parse().unwrap_or(0),
        }
    }
}

impl Flag for Time {
    type Value = Span;

    fn read(&self, value: Option<&Value>) -> Span {
        match value {
            Some(Value::Time(span)) => *span,
            _ => Span::parse(self.0.default).unwrap_or_default(),
        }
    }
}

impl Flag for TextList {
    type Value = Vec<String>;

    fn read(&self, value: Option<&Value>) -> Vec<String> {
        match value {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }
}

impl Flag for Pairs {
    type Value = Vec<(String, String)>;

    fn read(&self, value: Option<&Value>) -> Vec<(String, String)> {
        match value {
            Some(Value::Pairs(pairs)) => pairs.clone(),
            _ => Vec::new(),
        }
    }
}

impl Spec {
    /// The word for the value in help: `-ttl=<duration>`.
    pub(crate) fn placeholder(&self) -> Option<&'static str> {
        match self.takes {
            Takes::Switch => None,
            Takes::OptionalSwitch => Some("*bool"),
            Takes::Text | Takes::TextList => Some("string"),
            Takes::Integer => Some("int"),
            Takes::Time => Some("duration"),
            Takes::Pairs => Some("key=value"),
        }
    }

    /// Whether the flag may stand without a value.
    pub(crate) fn stands_alone(&self) -> bool {
        matches!(self.takes, Takes::Switch | Takes::OptionalSwitch)
    }
}

pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
