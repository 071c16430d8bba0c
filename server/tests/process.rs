//! The binary as an operator meets it: exit codes, one-line errors, signals, development mode.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const PATIENCE: Duration = Duration::from_secs(60);

fn coffer() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

fn fails(args: &[&str]) -> String {
    let Output { status, stderr, .. } = coffer().arg("server").args(args).output().unwrap();
    assert_eq!(status.code(), Some(1), "{args:?}");
    let said = String::from_utf8(stderr).unwrap();
    let errors: Vec<_> = said.lines().filter(|line| line.starts_with("coffer: ")).collect();
    assert_eq!(errors.len(), 1, "one line says it: {said}");
    errors[0]["coffer: ".len()..].to_owned()
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self.path(name)
    }

    fn fails(&self, config: &str) -> String {
        let file = self.write("config.hcl", config);
        fails(&["-config", &file])
    }
}

/// A server that runs, with what it says line by line.
struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        Self::start_in(Path::new("/nonexistent"), args)
    }

    fn start_in(home: &Path, args: &[&str]) -> Self {
        let mut command = coffer();
        command.env("HOME", home).arg("server").args(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line that contains the text.
    fn says(&mut self, text: &str) -> String {
        if let Some(line) = self.seen.iter().find(|line| line.contains(text)) {
            return line.clone();
        }
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("never said {text:?}: {}", self.seen.join("\n"))
                }
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The exit code, once both streams are closed: a full pipe would hold the server back.
    fn ends(&mut self) -> Option<i32> {
        while self.lines.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap().code()
    }

    /// Where the first listener is, with the port that the system chose.
    fn address(&mut self) -> String {
        let line = self.says("Listener 1:");
        let (_, rest) = line.split_once("addr: \"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let files = Files::new();
    assert!(fails(&[]).starts_with("Must specify at least one config path using -config"));
    assert!(fails(&["-confg=x"]).ends_with("(did you mean -config?)"));
    assert!(fails(&["-config=/nonexistent.hcl"]).starts_with("configuration: /nonexistent.hcl: cannot be read: "));

    let plain = "listener \"tcp\" { address = \"127.0.0.1:0\" tls_disable = true }\n";
    assert!(files.fails(&format!("storge \"inmem\" {{}}\n{plain}")).contains("did you mean \"storage\"?"));
    assert!(files.fails("storage \"inmem\" {").contains("config.hcl:"));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = format!(
        "storage \"inmem\" {{}}\nlistener \"tcp\" {{ address = \"{}\" tls_disable = true }}",
        taken.local_addr().unwrap()
    );
    assert!(files.fails(&busy).contains("is in use by another process"));

    let certificate = format!(
        "storage \"inmem\" {{}}\nlistener \"tcp\" {{ address = \"127.0.0.1:0\" tls_cert_file = \"{}\" tls_key_file = \"k\" }}",
        files.write("cert.pem", "no certificate")
    );
    assert!(files.fails(&certificate).contains("cert.pem: holds no PEM block"));

    let folder = format!(
        "storage \"raft\" {{ path = \"{}\" node_id = \"a\" }}\ncluster_addr = \"https://127.0.0.1:8201\"\n{plain}",
        files.path("config.hcl")
    );
    let error = files.fails(&folder);
    assert!(error.starts_with("storage: ") && error.contains("config.hcl"), "{error}");
    assert!(
        files
            .fails(&format!("storage \"inmem\" {{}}\n{plain}pid_file = \"{}\"", files.path("absent/pid")))
            .starts_with("pid_file ")
    );
    assert!(
        files
            .fails(&format!("storage \"inmem\" {{}}\n{plain}log_file = \"{}\"", files.path("absent/log")))
            .starts_with("log file ")
    );
}

#[test]
fn it_starts_reloads_and_ends_by_signal() {
    let files = Files::new();
    let text = |level: &str| {
        format!(
            "storage \"raft\" {{ path = \"{}\" node_id = \"a\" }}\nlistener \"tcp\" {{ address = \"127.0.0.1:0\" \
             tls_disable = true }}\ncluster_addr = \"https://127.0.0.1:8201\"\npid_file = \"{}\"\nlog_file = \"{}\"\n\
             plugin_directory = \"/p\"\ndisable_mlock = true\nlog_level = \"{level}\"\n",
            files.path("data"),
            files.path("pid"),
            files.path("log"),
        )
    };
    std::fs::create_dir(files.path("data")).unwrap();
    let config = files.write("config.hcl", &text("info"));
    let mut server = Running::start(&["-config", &config]);
    server.says("\"plugin_directory\" has no effect");
    server.says("==> Coffer server started!");
    assert!(server.says("Mlock:").ends_with("supported: true, enabled: false"));
    assert!(server.says("Storage:").contains("raft"));
    let pid = std::fs::read_to_string(files.path("pid")).unwrap();
    assert_eq!(pid.trim(), server.child.id().to_string());
    server.says("server: server started");
    assert!(std::fs::read_to_string(files.path("log")).unwrap().contains("server started"));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert!(core.split_whitespace().filter(|word| *word == "0").count() == 2, "{core}");

    std::fs::rename(files.path("log"), files.path("log.1")).unwrap();
    files.write("config.hcl", &text("debug"));
    server.signal(Signal::HUP);
    server.says("log level changed");
    server.says("reload done");
    assert!(std::fs::read_to_string(files.path("log")).unwrap().contains("log level changed"));

    server.signal(Signal::TERM);
    server.says("==> Coffer shutdown triggered");
    assert_eq!(server.ends(), Some(0));
    assert!(!Path::new(&files.path("pid")).exists());
}

#[test]
fn development_mode_prints_what_one_needs_and_keeps_the_token() {
    let home = tempfile::tempdir().unwrap();
    let args = ["-dev", "-dev-root-token-id=dev-only-token", "-dev-listen-address=127.0.0.1:0"];
    let mut server = Running::start_in(home.path(), &args);
    let address = server.address();
    assert!(server.says("Root Token: ").ends_with("dev-only-token"));
    assert_eq!(server.says("Unseal Key: ").len(), "Unseal Key: ".len() + 44);
    assert!(server.says("export VAULT_ADDR=").ends_with(&format!("'http://{address}'")));
    server.says("Development mode should NOT be used");
    let kept = home.path().join(".vault-token");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "dev-only-token");

    let client = |words: &[&str]| {
        let mut command = coffer();
        let output = command
            .env("HOME", home.path())
            .env("VAULT_ADDR", format!("http://{address}"))
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    client(&["kv", "put", "-mount=secret", "a", "b=c"]);
    assert_eq!(client(&["kv", "get", "-mount=secret", "-field=b", "a"]).trim(), "c");
    server.signal(Signal::INT);
    assert_eq!(server.ends(), Some(0));
}

#[test]
fn development_mode_speaks_tls_with_its_own_ca() {
    let files = Files::new();
    let folder = files.0.path().display().to_string();
    let mut server = Running::start(&[
        "-dev-tls",
        "-dev-tls-cert-dir",
        &folder,
        "-dev-tls-san=vault.test",
        "-dev-listen-address=127.0.0.1:0",
        "-dev-no-store-token",
        "-dev-no-kv",
    ]);
    let address = server.address();
    let ca = files.path("vault-ca.pem");
    assert!(server.says("export VAULT_CACERT=").contains(&ca));
    server.says("Root Token: hvs.");
    let status = |server_name: &str| {
        let mut command = coffer();
        command.env("VAULT_ADDR", format!("https://{address}")).env("VAULT_CACERT", &ca);
        command.args(["status", &format!("-tls-server-name={server_name}")]).output().unwrap().status
    };
    assert!(status("localhost").success() && status("vault.test").success());
    assert!(!status("elsewhere.test").success());
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(files.path("vault-key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Running::start(&["-dev", "-dev-no-store-token", "-dev-listen-address=127.0.0.1:0"]);
    let address = server.address();
    server.says("Development mode should NOT");
    // A request that never arrives whole holds the drain up.
    use std::io::Write;
    let mut client = std::net::TcpStream::connect(&address).unwrap();
    client.write_all(b"PUT /v1/sys/init HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{").unwrap();
    let mut other = std::net::TcpStream::connect(&address).unwrap();
    other.write_all(b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.signal(Signal::TERM);
    server.says("==> Coffer shutdown triggered");
    server.signal(Signal::TERM);
    server.says("second signal");
    assert_eq!(server.ends(), Some(1));
}

#[test]
fn versions_and_help_are_told() {
    let version = coffer().arg("version").output().unwrap();
    let text = String::from_utf8(version.stdout).unwrap();
    assert!(text.starts_with("Coffer v") && text.contains("Vault API 1.19.0"), "{text}");
    let help = coffer().args(["server", "-h"]).output().unwrap();
    assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("-dev-root-token-id"));
}
