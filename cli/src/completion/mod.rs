//! Completion scripts, made from the command table. They are static: no shell runs this program to complete a word.

mod bash;
mod fish;
mod zsh;

use crate::command::{Action, Command};
use crate::flags::Spec;

/// A shell that a script can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    Bash,
    Fish,
    Zsh,
}

impl Shell {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "bash" => Self::Bash,
            "fish" => Self::Fish,
            "zsh" => Self::Zsh,
            _ => return None,
        })
    }

    pub(crate) fn script(self, program: &str, commands: &'static [&'static Command]) -> String {
        let nodes = nodes(commands);
        match self {
            Self::Bash => bash::script(program, &nodes),
            Self::Fish => fish::script(program, &nodes),
            Self::Zsh => zsh::script(program, &nodes),
        }
    }
}

/// What is said to who asks for an installation.
pub(crate) fn how_to_install(program: &str) -> String {
    format!(
        "Completion is a script that your shell reads: put `source <({program} completion bash)` into ~/.bashrc, \
         `source <({program} completion zsh)` into ~/.zshrc, or `{program} completion fish | source` into \
         ~/.config/fish/config.fish."
    )
}

/// A place in the command tree.
struct Node {
    /// `kv metadata`; empty for the program itself.
    path: String,
    subcommands: &'static [&'static Command],
    flags: Vec<&'static Spec>,
    words: &'static [&'static str],
    files: bool,
}

fn nodes(commands: &'static [&'static Command]) -> Vec<Node> {
    let top = Node { path: String::new(), subcommands: commands, flags: Vec::new(), words: &[], files: false };
    let mut nodes = vec![top];
    add(&mut nodes, "", commands);
    nodes
}

fn add(nodes: &mut Vec<Node>, parent: &str, commands: &'static [&'static Command]) {
    for command in commands {
        let path = format!("{parent} {}", command.name).trim_start().to_owned();
        let node = Node {
            path: path.clone(),
            subcommands: command.subcommands(),
            flags: Vec::new(),
            words: &[],
            files: false,
        };
        let node = match &command.action {
            Action::Run(run) => {
                let mut flags = run.specs();
                flags.retain(|spec| !spec.hidden);
                flags.sort_by_key(|spec| spec.name);
                Node { flags, words: run.arguments.words, files: run.arguments.files, ..node }
            }
            _ => node,
        };
        nodes.push(node);
        add(nodes, &path, command.subcommands());
    }
}

/// A text in single quotes, for any of the shells.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A name that a shell function can bear.
fn function_name(program: &str) -> String {
    let name: String = program.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("_{name}_complete")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command as Process, Stdio};

    use super::*;
    use crate::commands::COMMANDS;

    #[test]
    fn every_command_and_flag_is_in_every_script() {
        for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
            let script = shell.script("coffer", COMMANDS);
            for node in nodes(COMMANDS) {
                let name = node.path.rsplit(' ').next().unwrap();
                assert!(script.contains(name), "{shell:?}: {}", node.path);
                for flag in &node.flags {
                    assert!(script.contains(flag.name), "{shell:?}: -{}", flag.name);
                }
            }
        }
    }

    #[test]
    fn bash_completes_commands_flags_and_values() {
        let complete = |words: &[&str]| {
            let list = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
            let script = format!(
                "{}\nCOMP_WORDS=({list}); COMP_CWORD={}; COMPREPLY=(); _coffer_complete; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
                Shell::Bash.script("coffer", COMMANDS),
                words.len() - 1
            );
            let mut child = Process::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(complete(&["coffer", "stat"]), "status\n");
        assert_eq!(complete(&["coffer", "kv", "metadata", "p"]), "patch\nput\n");
        assert_eq!(complete(&["coffer", "kv", "get", "-mou"]), "-mount=\n");
        assert_eq!(complete(&["coffer", "kv", "get", "-format", "=", "j"]), "json\n");
        assert_eq!(complete(&["coffer", "operator", "-address=http://x", "raft", "list"]), "list-peers\n");
    }
}
