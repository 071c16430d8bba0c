use std::cell::RefCell;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use crate::client::Capture;
use crate::command::{Action, Command, Run};
use crate::commands::COMMANDS;
use crate::env::{Env, Variable};
use crate::exit::{Exit, Failure};
use crate::flags::output::{DETAILED, FORMAT};
use crate::flags::{self, AnyFlag, Matches, http, parse_bool};
use crate::output::Format;
use crate::session::Session;
use crate::suggest::nearest;
use crate::ui::Ui;
use crate::{completion, help};

/// What the program is called when its own name is not known.
const DEFAULT_NAME: &str = "coffer";

/// Runs a client command to its end and says how it ended.
///
/// `args` is the whole command line, the program's own name first: help, hints and curl strings use that
/// name. `version` is what `version` prints. All output goes to standard output and error.
///
/// Exit codes: 0 done, 1 something here is wrong, 2 the server refused or could not be asked
/// (for `status`: sealed), 127 no such command.
#[must_use]
pub fn run(args: Vec<OsString>, version: &str) -> ExitCode {
    let mut args = args.into_iter();
    let program = program_name(args.next().as_deref());
    let mut words = Vec::new();
    for (at, arg) in args.enumerate() {
        match arg.into_string() {
            Ok(word) => words.push(word),
            Err(_) => {
                report(&format!("argument {} is not valid UTF-8", at + 1));
                return ExitCode::from(Exit::LOCAL.0);
            }
        }
    }
    let start = Start { program, version: version.to_owned(), env: Env::of_process() };
    ExitCode::from(start.run(words).0)
}

struct Start {
    program: String,
    version: String,
    env: Env,
}

impl Start {
    fn run(self, mut words: Vec<String>) -> Exit {
        if let [word] = &words[..] {
            match word.as_str() {
                "-v" | "-version" | "--version" => words = vec!["version".to_owned()],
                "-autocomplete-install"
                | "--autocomplete-install"
                | "-autocomplete-uninstall"
                | "--autocomplete-uninstall" => {
                    print(&completion::how_to_install(&self.program));
                    return Exit::OK;
                }
                _ => {}
            }
        }
        let names = words.iter().take_while(|word| !word.starts_with('-')).count();
        let asks_help = words.iter().take_while(|word| *word != "--").any(|word| is_help(word));
        if names == 0 {
            let overview = help::overview(&self.program, COMMANDS);
            if words.first().is_some_and(|word| is_help(word)) {
                print(&overview);
                return Exit::OK;
            }
            report(&overview);
            if words.iter().any(|word| COMMANDS.iter().any(|command| command.name == word)) {
                report("\nFlags go after the command.");
            }
            return Exit::USAGE;
        }
        if words[0] == "help" {
            words.remove(0);
            words.push("-h".to_owned());
            return self.run(words);
        }
        let Some(mut command) = COMMANDS.iter().copied().find(|command| command.name == words[0]) else {
            report(&help::overview(&self.program, COMMANDS));
            self.hint(&words[0], COMMANDS, "");
            return Exit::USAGE;
        };
        let mut path = command.name.to_owned();
        let mut depth = 1;
        while let Some(next) =
            words.get(depth).and_then(|word| command.subcommands().iter().find(|sub| sub.name == word))
        {
            command = next;
            path = format!("{path} {}", command.name);
            depth += 1;
        }
        match &command.action {
            Action::Run(run) => self.run_command(command, run, &path, &words[depth..]),
            Action::NotBuilt => {
                report(&format!("\"{} {path}\" is not built.", self.program));
                Exit::LOCAL
            }
            Action::Elsewhere if asks_help => {
                print(&self.help(command, &path));
                Exit::OK
            }
            Action::Elsewhere => {
                report(&format!("\"{} {path}\" cannot be run here.", self.program));
                Exit::LOCAL
            }
            Action::Group(_) if asks_help => {
                print(&self.help(command, &path));
                Exit::OK
            }
            Action::Group(commands) => {
                report(&self.help(command, &path));
                if let Some(typed) = words.get(depth).filter(|word| !word.starts_with('-')) {
                    self.hint(typed, commands, &format!("{path} "));
                }
                Exit::LOCAL
            }
        }
    }

    fn run_command(self, command: &Command, run: &Run, path: &str, words: &[String]) -> Exit {
        let parsed = match flags::parse(words, &run.specs(), &self.env) {
            Ok(parsed) => parsed,
            Err(error) => {
                if words.iter().any(|word| is_help(word)) {
                    print(&self.help(command, path));
                    return Exit::OK;
                }
                self.plain_ui().error(&error.to_string());
                return Exit::LOCAL;
            }
        };
        if parsed.help {
            print(&self.help(command, path));
            return Exit::OK;
        }
        let flags = parsed.matches;
        let (format, text) = self.format(&flags);
        let Some(format) = format else {
            self.plain_ui().error(&format!("Invalid output format: {text}"));
            return Exit::LOCAL;
        };
        let capture = if flags.get(&http::OUTPUT_CURL_STRING) {
            Some(Capture::Curl)
        } else {
            flags.get(&http::OUTPUT_POLICY).then_some(Capture::Policy)
        };
        let mut ui = Ui::new(&self.env, format, self.detailed(&flags), capture.is_some());
        if !parsed.stray.is_empty() && format == Format::Table {
            ui.warn(&format!(
                "These arguments look like flags, but the command has none of that name; they are taken as they \
                 stand: [{}]",
                names_only(&parsed.stray)
            ));
        }
        let Self { env, program, version } = self;
        let captured = Rc::new(RefCell::new(None));
        let mut session = Session { env, ui, program, version, capture, captured: Rc::clone(&captured) };
        let outcome = match run.arguments.complaint(flags.arguments.len()) {
            Some(complaint) => Err(Failure::local(complaint)),
            None if format == Format::Raw && path != "read" => {
                Err(Failure::local("This command does not support the -format=raw option."))
            }
            None => (run.run)(&mut session, &flags),
        };
        let exit = outcome.unwrap_or_else(|failure| {
            session.ui.error(&failure.message);
            failure.exit
        });
        let shown = captured.borrow_mut().take();
        match (capture, shown) {
            (Some(_), Some(shown)) => {
                print(&shown);
                Exit::OK
            }
            (Some(capture), None) => end_without_capture(&mut session.ui, capture, exit),
            (None, _) => exit,
        }
    }

    fn help(&self, command: &Command, path: &str) -> String {
        help::of_command(&self.program, &format!("{} {path}", self.program), command)
    }

    fn plain_ui(&self) -> Ui {
        Ui::new(&self.env, Format::Table, false, false)
    }

    /// The form asked for by flag or environment, and its text.
    fn format(&self, flags: &Matches) -> (Option<Format>, String) {
        let text = if flags.given(&FORMAT) {
            flags.get(&FORMAT)
        } else {
            self.env.get(Variable("FORMAT")).unwrap_or_default().to_owned()
        };
        (Format::parse(&text), text.to_lowercase())
    }

    fn detailed(&self, flags: &Matches) -> bool {
        if flags.given(&DETAILED) {
            return flags.get(&DETAILED);
        }
        let variable = DETAILED.spec().variable;
        variable.and_then(|variable| self.env.get(variable)).and_then(parse_bool).unwrap_or(false)
    }

    fn hint(&self, typed: &str, commands: &[&Command], path: &str) {
        let nearest = nearest(typed, commands.iter().map(|command| command.name));
        let meant = nearest.map(|name| format!(" Did you mean \"{} {path}{name}\"?", self.program));
        report(&format!("\n\"{} {path}{typed}\" is no command.{}", self.program, meant.unwrap_or_default()));
    }
}

/// Nothing was captured: the command failed before its request, or has none.
fn end_without_capture(ui: &mut Ui, capture: Capture, exit: Exit) -> Exit {
    let what = match capture {
        Capture::Curl => "cURL string",
        Capture::Policy => "policy",
    };
    if exit == Exit::OK {
        report(&format!("Could not generate {}", if capture == Capture::Curl { "cURL command" } else { what }));
        return Exit::LOCAL;
    }
    ui.release_errors();
    report(&format!("Unable to generate {what} from command"));
    exit
}

/// Values may be secrets: only what stands before `=` is shown.
fn names_only(words: &[String]) -> String {
    let names = words.iter().map(|word| word.split('=').next().unwrap_or_default());
    names.collect::<Vec<_>>().join(",")
}

fn is_help(word: &str) -> bool {
    matches!(word, "-h" | "-help" | "--help" | "--h")
}

fn program_name(arg: Option<&std::ffi::OsStr>) -> String {
    let name = arg.and_then(|arg| Path::new(arg).file_stem()).and_then(|name| name.to_str());
    name.filter(|name| !name.is_empty()).unwrap_or(DEFAULT_NAME).to_owned()
}

fn print(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn report(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
