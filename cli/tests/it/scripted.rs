//! A server that plays a script: what it is to answer, in order, and what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

use super::program::client;

pub struct Scripted {
    pub address: String,
    thread: JoinHandle<Vec<Asked>>,
}

/// A request as it came in.
#[derive(Debug)]
pub struct Asked {
    pub line: String,
    pub headers: Vec<String>,
    pub body: String,
}

impl Asked {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| {
            let (key, value) = header.split_once(':')?;
            (key.to_lowercase() == name).then(|| value.trim())
        })
    }
}

impl Scripted {
    /// Answers one connection after another with these texts, each sent as it stands. `ADDRESS` stands for its own.
    pub fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> = answers.iter().map(|answer| answer.replace("ADDRESS", &address)).collect();
        let thread = std::thread::spawn(move || {
            let answer = |answer: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let asked = read(&mut stream);
                // A client that gave up is what some tests are about.
                let _ = stream.write_all(answer.as_bytes());
                asked
            };
            answers.into_iter().map(answer).collect()
        });
        Self { address, thread }
    }

    /// What was asked, once the script is played.
    pub fn asked(self) -> Vec<Asked> {
        self.thread.join().unwrap()
    }
}

/// An answer with a JSON body.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn read(stream: &mut TcpStream) -> Asked {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut asked = Asked { line: lines.remove(0), headers: lines, body: String::new() };
    let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    asked.body = String::from_utf8(body).unwrap();
    asked
}

/// Runs our client in an environment of these variables only.
pub fn run(args: &[&str], environment: &[(&str, &str)]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(client())
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
