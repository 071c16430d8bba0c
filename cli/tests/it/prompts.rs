//! Keys and passwords typed at a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::program::client;
use super::scripted::{Scripted, answer};

/// A terminal with a client at it.
struct Terminal {
    screen: File,
    /// The client's side, held open so that it can be looked at once the client is gone.
    line: OwnedFd,
    client: Child,
}

impl Terminal {
    fn start(args: &[&str], address: &str, home: &std::path::Path) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        let end: OwnedFd = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let stdio = || Stdio::from(end.try_clone().unwrap());
        let client = Command::new(client())
            .args(args)
            .env_clear()
            .env("HOME", home)
            .env("VAULT_ADDR", address)
            .env("VAULT_CLI_NO_COLOR", "1")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .unwrap();
        Self { screen: File::from(screen), line: end, client }
    }

    /// Reads the screen up to `words`.
    fn until(&mut self, words: &str) -> String {
        let mut seen = Vec::new();
        let mut byte = [0];
        while !String::from_utf8_lossy(&seen).contains(words) {
            assert!(self.screen.read(&mut byte).is_ok_and(|count| count == 1), "{}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    fn types(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).unwrap();
    }

    /// The rest of the screen, and the code that the client ends with.
    fn end(mut self) -> (String, Option<i32>) {
        let code = self.client.wait().unwrap().code();
        drop(self.line);
        let mut rest = Vec::new();
        // The screen of a client that is gone reads as an error at its end.
        let _ = self.screen.read_to_end(&mut rest);
        (String::from_utf8_lossy(&rest).into_owned(), code)
    }
}

#[test]
fn an_unseal_key_is_asked_for_and_not_shown() {
    let status = r#"{"type":"shamir","initialized":true,"sealed":true,"t":3,"n":5,"progress":1,"nonce":"x"}"#;
    let server = Scripted::new(&[&answer("200 OK", "", status), &answer("200 OK", "", r#"{"ha_enabled":false}"#)]);
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&["operator", "unseal"], &server.address, home.path());
    let mut screen = terminal.until("Unseal Key (will be hidden): ");
    terminal.types("s3crex\x7ft\r");
    screen.push_str(&terminal.until("Unseal Progress"));
    let (rest, code) = terminal.end();
    assert_eq!(code, Some(0));
    assert!(!(screen + &rest).contains("s3c"));
    assert!(server.asked()[0].body.contains("\"key\":\"s3cret\""));
}

#[test]
fn an_interrupt_at_the_prompt_ends_the_command_and_gives_the_terminal_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&["operator", "unseal"], "http://127.0.0.1:1", home.path());
    terminal.until("(will be hidden): ");
    terminal.types("s3c\x03");
    terminal.until("interrupted");
    assert_eq!(terminal.client.wait().unwrap().code(), Some(1));
    let modes = tcgetattr(&terminal.line).unwrap().local_modes;
    assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
}

#[test]
fn a_password_is_asked_for_and_the_token_kept() {
    let login = r#"{"auth":{"client_token":"hvs.new","accessor":"a","policies":["default"],"lease_duration":60}}"#;
    let server = Scripted::new(&[&answer("200 OK", "", login)]);
    let home = tempfile::tempdir().unwrap();
    let args = ["login", "-method=userpass", "username=u"];
    let mut terminal = Terminal::start(&args, &server.address, home.path());
    let mut screen = terminal.until("Password (will be hidden): ");
    terminal.types("s3cret\r");
    screen.push_str(&terminal.until("token_duration"));
    let (rest, code) = terminal.end();
    assert_eq!(code, Some(0));
    assert!(!(screen + &rest).contains("s3c"));
    assert_eq!(server.asked()[0].body, r#"{"password":"s3cret"}"#);
    assert_eq!(std::fs::read_to_string(home.path().join(".vault-token")).unwrap(), "hvs.new");
}
