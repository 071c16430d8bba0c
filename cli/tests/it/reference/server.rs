use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::tool::reference_program;

/// A reference server of its own, ended when dropped.
pub struct Server {
    child: Child,
    pub address: String,
    folder: TempDir,
}

impl Server {
    /// In development mode: unsealed, in memory, the root token is `root`.
    pub fn development() -> Self {
        let port = free_port();
        Self::start(
            port,
            &[
                "-dev",
                "-dev-root-token-id=root",
                "-dev-no-store-token",
                &format!("-dev-listen-address=127.0.0.1:{port}"),
            ],
            "",
        )
    }

    /// In development mode over TLS. Its CA certificate is at [`Server::ca`].
    pub fn development_over_tls() -> Self {
        let port = free_port();
        let mut server = Self::start(
            port,
            &[
                "-dev-tls",
                "-dev-tls-cert-dir=.",
                "-dev-root-token-id=root",
                "-dev-no-store-token",
                &format!("-dev-listen-address=127.0.0.1:{port}"),
            ],
            "",
        );
        server.address = format!("https://127.0.0.1:{port}");
        server
    }

    /// On Raft storage, and on a unix socket beside its port; not initialized.
    pub fn on_raft() -> Self {
        let (port, cluster_port) = (free_port(), free_port());
        let config = format!(
            "storage \"raft\" {{\n  path = \".\"\n  node_id = \"node1\"\n}}\nlistener \"tcp\" {{\n  address = \
             \"127.0.0.1:{port}\"\n  tls_disable = true\n}}\nlistener \"unix\" {{\n  address = \"server.sock\"\n}}\n\
             api_addr = \"http://127.0.0.1:{port}\"\ncluster_addr = \"https://127.0.0.1:{cluster_port}\"\n"
        );
        Self::start(port, &["-config=config.hcl"], &config)
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("vault-ca.pem")
    }

    pub fn socket(&self) -> String {
        format!("unix://{}", self.folder.path().join("server.sock").display())
    }

    /// In memory, not initialized.
    pub fn uninitialized() -> Self {
        let port = free_port();
        let config = format!(
            "storage \"inmem\" {{}}\nlistener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  tls_disable = true\n  \
             disable_unauthed_rekey_endpoints = false\n  disable_unauthed_generate_root_endpoints = false\n}}\n\
             unsafe_allow_api_audit_creation = true\n"
        );
        Self::start(port, &["-config=config.hcl"], &config)
    }

    fn start(port: u16, args: &[&str], config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("config.hcl"), config).expect("a configuration");
        let mut child = Command::new(reference_program())
            .arg("server")
            .args(args)
            .env("HOME", folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the reference server starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut lines = stdout.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("server started!")), "the reference server ended before it served");
        // Read on, so that the server is never held up by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: format!("http://127.0.0.1:{port}"), folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
