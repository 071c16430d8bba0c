use crate::command::{Action, Arguments, Command, Run};
use crate::completion::Shell;
use crate::exit::{Exit, Failure, Outcome};
use crate::flags::Matches;
use crate::flags::output::Output;
use crate::session::Session;

pub(super) static COMMAND: Command = Command {
    name: "completion",
    synopsis: "Print a completion script for a shell",
    usage: "bash|zsh|fish",
    about: "Prints a script that makes a shell complete this program's commands and flags.",
    examples: &[
        ("For bash, in ~/.bashrc", "source <({} completion bash)"),
        ("For zsh, in ~/.zshrc after compinit", "source <({} completion zsh)"),
        ("For fish, in ~/.config/fish/config.fish", "{} completion fish | source"),
    ],
    action: Action::Run(Run::new(Arguments::ONE.words(&["bash", "fish", "zsh"]), Output::None, run)),
};

fn run(session: &mut Session, flags: &Matches) -> Outcome {
    let shell =
        Shell::parse(&flags.arguments[0]).ok_or_else(|| Failure::local("The shell is one of: bash, fish, zsh"))?;
    let script = shell.script(&session.program, super::COMMANDS);
    session.ui.output(script.trim_end());
    Ok(Exit::OK)
}
