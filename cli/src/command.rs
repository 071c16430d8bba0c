//! The command table's types. Parsing, help and completion are made from it.

use crate::exit::Outcome;
use crate::flags::output::Output;
use crate::flags::{AnyFlag, Group, Matches, Spec, http};
use crate::session::Session;

/// A command, or a group of them.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// One line for lists of commands.
    pub(crate) synopsis: &'static str,
    /// What follows the command's name: `[options] PATH`.
    pub(crate) usage: &'static str,
    /// Paragraphs for help, set apart by empty lines.
    pub(crate) about: &'static str,
    /// What for, and the command line after the program's name.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    pub(crate) action: Action,
}

pub(crate) enum Action {
    Group(&'static [&'static Command]),
    Run(Run),
    /// Known by name only: says so and ends with 1.
    NotBuilt,
    /// The server itself, which another crate runs.
    Elsewhere,
}

/// What a command takes and does.
pub(crate) struct Run {
    pub(crate) arguments: Arguments,
    pub(crate) output: Output,
    pub(crate) flags: &'static [Group],
    pub(crate) run: fn(&mut Session, &Matches) -> Outcome,
}

/// How many arguments a command takes, and what completion offers for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments {
    pub(crate) least: usize,
    pub(crate) most: usize,
    /// As error messages say it.
    pub(crate) expected: &'static str,
    pub(crate) files: bool,
    pub(crate) words: &'static [&'static str],
}

impl Arguments {
    pub(crate) const NONE: Self = Self::between(0, 0, "0");
    pub(crate) const ONE: Self = Self::between(1, 1, "1");
    pub(crate) const TWO: Self = Self::between(2, 2, "2");
    pub(crate) const OPTIONAL: Self = Self::between(0, 1, "0-1");
    /// The command counts for itself.
    pub(crate) const ANY: Self = Self::between(0, usize::MAX, "any number");

    pub(crate) const fn between(least: usize, most: usize, expected: &'static str) -> Self {
        Self { least, most, expected, files: false, words: &[] }
    }

    pub(crate) const fn at_least(least: usize, expected: &'static str) -> Self {
        Self::between(least, usize::MAX, expected)
    }

    pub(crate) const fn files(mut self) -> Self {
        self.files = true;
        self
    }

    pub(crate) const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// What is wrong with `count` arguments.
    pub(crate) fn complaint(self, count: usize) -> Option<String> {
        let wrong = if count < self.least {
            "Not enough"
        } else if count > self.most {
            "Too many"
        } else {
            return None;
        };
        Some(format!("{wrong} arguments (expected {}, got {count})", self.expected))
    }
}

impl Run {
    /// A command without flags of its own.
    pub(crate) const fn new(arguments: Arguments, output: Output, run: fn(&mut Session, &Matches) -> Outcome) -> Self {
        Self { arguments, output, flags: &[], run }
    }

    pub(crate) const fn flags(mut self, flags: &'static [Group]) -> Self {
        self.flags = flags;
        self
    }

    /// Headings and their flags, as help shows them.
    pub(crate) fn groups(&self) -> Vec<(&'static str, Vec<&'static Spec>)> {
        let specs = |flags: &'static [&'static dyn AnyFlag]| flags.iter().map(|flag| flag.spec()).collect();
        let mut groups = vec![(http::GROUP.title, specs(http::GROUP.flags))];
        groups.push(("Output Options", specs(self.output.flags())));
        groups.extend(self.flags.iter().map(|group| (group.title, specs(group.flags))));
        groups.retain(|(_, specs): &(_, Vec<_>)| !specs.is_empty());
        groups
    }

    pub(crate) fn specs(&self) -> Vec<&'static Spec> {
        // A command's own flag goes before a general one of the same name.
        let mut specs: Vec<&'static Spec> = Vec::new();
        for (_, group) in self.groups().into_iter().rev() {
            for spec in group {
                if specs.iter().all(|known| known.name != spec.name) {
                    specs.push(spec);
                }
            }
        }
        specs
    }
}

impl Command {
    /// A group of commands.
    pub(crate) const fn group(
        name: &'static str,
        synopsis: &'static str,
        about: &'static str,
        examples: &'static [(&'static str, &'static str)],
        commands: &'static [&'static Command],
    ) -> Self {
        Self {
            name,
            synopsis,
            usage: "<subcommand> [options] [args]",
            about,
            examples,
            action: Action::Group(commands),
        }
    }

    pub(crate) const fn not_built(name: &'static str, synopsis: &'static str) -> Self {
        Self { name, synopsis, usage: "", about: "", examples: &[], action: Action::NotBuilt }
    }

    pub(crate) fn subcommands(&self) -> &'static [&'static Command] {
        match self.action {
            Action::Group(commands) => commands,
            _ => &[],
        }
    }
}
