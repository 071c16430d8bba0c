//! Why the server does not start, or did not go on: one line that says what, where and what to do.

use coffer_core::Failure;
use coffer_core::lifecycle::{InitError, UnsealFailure};

use crate::assemble::AssembleError;
use crate::cluster_listener::ClusterListenerError;
use crate::config::ConfigError;
use crate::dev::CertificateFailure;
use crate::listen::BindError;
use crate::logging::LogFileError;

use super::privileges::PrivilegeError;

/// Why the server ends with an exit code other than 0.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// The processor.
    #[error(transparent)]
    Cpu(#[from] coffer_tls::UnsupportedCpu),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogFileError),
    /// A listener.
    #[error("listener: {0}")]
    Listener(#[from] BindError),
    /// The cluster's listener.
    #[error(transparent)]
    Cluster(#[from] ClusterListenerError),
    /// The data.
    #[error("storage: {0}")]
    Assemble(#[from] AssembleError),
    /// Root's rights.
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
    /// The pid file.
    #[error("{0}")]
    PidFile(String),
    /// The system gave no threads, timers or signals.
    #[error("the system did not give what a server needs: {0}")]
    System(#[from] std::io::Error),
    /// Development mode's certificates.
    #[error("-dev-tls: {0}")]
    DevCertificates(#[from] CertificateFailure),
    /// Development mode's first steps.
    #[error("-dev: initialization: {0}")]
    DevInit(#[from] InitError),
    /// Development mode's first steps.
    #[error("-dev: unseal: {0}")]
    DevUnseal(#[from] UnsealFailure),
    /// Development mode's first steps.
    #[error("-dev: mounting secret/: {0}")]
    DevMount(Failure),
    /// The cluster of development mode.
    #[error("-dev-three-node: {0}")]
    ThreeNode(#[from] crate::dev::three_node::ThreeNodeError),
    /// The node gave up while it ran.
    #[error("the node cannot go on: {0}")]
    Fatal(String),
}
