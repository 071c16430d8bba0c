use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::super::program::client;
use super::normal::normal;
use super::server::Server;

/// A client to run, with an empty home folder of its own.
pub struct Tool {
    program: PathBuf,
    home: TempDir,
    environment: BTreeMap<String, String>,
}

/// What a client did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub exit: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Both clients.
pub struct Pair {
    pub reference: Tool,
    pub ours: Tool,
    steps: usize,
}

/// The reference client: `$BAO_BIN`, or `bao` on the path.
pub fn reference_program() -> PathBuf {
    let found = std::env::var_os("BAO_BIN").map(PathBuf::from).or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("bao")).find(|program| program.is_file())
    });
    found.expect("this test needs OpenBao's client and server: put `bao` (2.x) on the PATH, or its path into BAO_BIN")
}

/// Our client, under the name that makes its hints read as the original's.
fn our_program(folder: &Path) -> PathBuf {
    let program = folder.join("vault");
    symlink(client(), &program).expect("a link to our client");
    program
}

impl Tool {
    fn new(program: PathBuf, home: TempDir) -> Self {
        Self { program, home, environment: BTreeMap::new() }
    }

    /// Talks to this server from here on.
    pub fn talk_to(&mut self, server: &Server, token: &str) {
        for prefix in ["VAULT", "BAO"] {
            self.set(&format!("{prefix}_ADDR"), &server.address);
            self.set(&format!("{prefix}_TOKEN"), token);
        }
    }

    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.insert(variable.to_owned(), value.to_owned());
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn run(&self, args: &[&str], input: &str) -> Output {
        let fill = |text: &str| text.replace("{home}", &self.home.path().to_string_lossy());
        let mut child = Command::new(&self.program)
            .args(args.iter().map(|arg| fill(arg)))
            .env_clear()
            .envs(&self.environment)
            .env("HOME", self.home.path())
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the client starts");
        // A client that reads nothing closes its end.
        let _ = child.stdin.take().expect("piped").write_all(fill(input).as_bytes());
        let output = child.wait_with_output().expect("the client ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the client prints text");
        Output { exit: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn normal(&self, text: &str) -> String {
        let home = self.home.path().to_string_lossy();
        let address = self.environment.get("VAULT_ADDR").map_or("no address", String::as_str);
        normal(&text.replace(address, "ADDRESS").replace(&*home, "HOME"))
    }
}

impl Pair {
    pub fn new() -> Self {
        let home = || tempfile::tempdir().expect("a temporary folder");
        let (of_reference, of_ours) = (home(), home());
        let ours = our_program(of_ours.path());
        Self { reference: Tool::new(reference_program(), of_reference), ours: Tool::new(ours, of_ours), steps: 0 }
    }

    pub fn set(&mut self, variable: &str, value: &str) {
        self.reference.set(variable, value);
        self.ours.set(variable, value);
    }

    /// Writes a file into both home folders.
    pub fn file(&self, name: &str, text: &str) {
        for tool in [&self.reference, &self.ours] {
            std::fs::write(tool.home().join(name), text).expect("a file in the home folder");
        }
    }

    /// Runs a command line with both and compares all that they print, and how they end.
    pub fn same(&mut self, line: &str) {
        self.compare(line, "", Strictness::Bytes);
    }

    /// The same with standard input.
    pub fn same_with_input(&mut self, line: &str, input: &str) {
        self.compare(line, input, Strictness::Bytes);
    }

    /// For prose: the tools' names differ in length, so line breaks may differ.
    pub fn same_words(&mut self, line: &str) {
        self.compare(line, "", Strictness::Words);
    }

    /// For mistakes: both say something on standard error, in their own words.
    pub fn both_refuse(&mut self, line: &str) {
        self.compare(line, "", Strictness::Refusal);
    }

    /// All that a client did, without what differs from run to run.
    pub fn normal(&self, output: &Output) -> (Option<i32>, String, String) {
        (output.exit, self.ours.normal(&output.stdout), self.ours.normal(&output.stderr))
    }

    pub fn steps(&self) -> usize {
        self.steps
    }

    fn compare(&mut self, line: &str, input: &str, strictness: Strictness) {
        self.steps += 1;
        let args = words(line);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let expected = self.reference.run(&args, input);
        let found = self.ours.run(&args, input);
        let shown = |tool: &Tool, output: &Output| {
            let mut stdout = tool.normal(&output.stdout);
            let mut stderr = tool.normal(&output.stderr);
            if strictness == Strictness::Words {
                stdout = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
                stderr = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            if strictness == Strictness::Refusal {
                stderr = if stderr.is_empty() { "(nothing)".to_owned() } else { "(something)".to_owned() };
            }
            format!("exit: {:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}", output.exit)
        };
        let (expected, found) = (shown(&self.reference, &expected), shown(&self.ours, &found));
        if expected != found {
            let first = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
            panic!("`{line}` differs, first at {first:?}.\n==== reference\n{expected}\n==== ours\n{found}\n====");
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Bytes,
    Words,
    Refusal,
}

/// Words set apart by spaces; single quotes keep spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}
