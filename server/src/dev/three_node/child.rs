//! One node's process: its log with its name before each line, its end.

use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::folder::{Folder, NodeFiles};
use super::{IN_CHILD, ThreeNodeError};
use crate::command::Flags;

/// A process that was started.
pub(super) struct Child {
    pub(super) pid: u32,
    alive: watch::Receiver<bool>,
}

/// A process that is no more.
pub(super) struct Ended {
    pub(super) node: String,
    pub(super) status: ExitStatus,
}

impl Child {
    pub(super) fn start(
        flags: &Flags,
        folder: &Folder,
        node: &NodeFiles,
        ends: mpsc::UnboundedSender<Ended>,
    ) -> Result<Self, ThreeNodeError> {
        let failed = |error| ThreeNodeError::Start(node.name.clone(), error);
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.arg("server").arg("-config").arg(&node.config);
        if let Some(level) = flags.log_level {
            command.arg(format!("-log-level={level}"));
        }
        if let Some(format) = flags.log_format {
            command.arg(format!("-log-format={format}"));
        }
        // The nodes' files say it all; what is set for the client or for another server is not theirs.
        for (name, _) in std::env::vars_os() {
            let of_vault = name.to_str().is_some_and(|name| name.starts_with("VAULT_") || name.starts_with("BAO_"));
            if of_vault {
                command.env_remove(name);
            }
        }
        command
            .env(IN_CHILD, std::process::id().to_string())
            // To them the CA is one of the system's.
            .env("SSL_CERT_FILE", &folder.authority)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C is for the parent, which then ends them in order.
            .process_group(0)
            .kill_on_drop(true);
        let mut process = command.spawn().map_err(failed)?;
        let pid = process.id().unwrap_or_default();
        let (gone, alive) = watch::channel(true);
        let log = process.stderr.take().map(|log| tokio::spawn(relay(node.name.clone(), log)));
        let name = node.name.clone();
        tokio::spawn(async move {
            let ended = process.wait().await;
            if let Some(log) = log {
                let _ = log.await;
            }
            if let Ok(status) = ended {
                let _ = ends.send(Ended { node: name, status });
            }
            let _ = gone.send(false);
        });
        Ok(Self { pid, alive })
    }

    /// SIGTERM.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Waits for the end, and brings it about when the time is over.
    pub(super) async fn end_by(mut self, deadline: Instant) {
        if tokio::time::timeout_at(deadline, self.alive.wait_for(|alive| !alive)).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.alive.wait_for(|alive| !alive).await;
        }
    }

    fn signal(&self, signal: Signal) {
        // A process that has been waited for is no longer ours to signal.
        if *self.alive.borrow()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, signal);
        }
    }
}

/// Each line with the node's name before it.
async fn relay(name: String, log: impl AsyncRead + Unpin) {
    use std::io::Write;
    let mut lines = BufReader::new(log).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let mut text = format!("{name} | ").into_bytes();
        text.extend_from_slice(&line);
        text.push(b'\n');
        // Standard error may be closed, which is no reason to end.
        let _ = std::io::stderr().lock().write_all(&text);
    }
}
