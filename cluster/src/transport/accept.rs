//! Being reached: every connection is greeted, and served as its protocol says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use coffer_tls::rustls;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::Inner;
use super::faults::Way;
use super::greet::{self, Known, Purpose, Side};
use super::tls::Protocol;
use super::wire::RefusalCode;
use super::{channel, serve_ask, serve_raft};

/// How long TLS may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that are not greeted yet; more wait in the kernel's queue.
const UNGREETED: usize = 512;
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// Accepts until `stop`.
pub(super) async fn run(inner: Arc<Inner>, listener: TcpListener, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(UNGREETED));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => {
                let (inner, stop) = (Arc::clone(&inner), stop.child_token());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = connection(inner, stream, from, permit, stop.clone()) => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a cluster connection could not be accepted");
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

async fn connection(
    inner: Arc<Inner>,
    stream: TcpStream,
    from: SocketAddr,
    ungreeted: OwnedSemaphorePermit,
    stop: CancellationToken,
) {
    let address = from.to_string();
    let Some(mut stream) = shake(&inner, stream, &address).await else { return };
    let protocol = Protocol::of(stream.get_ref().1.alpn_protocol());
    let purpose = if protocol == Some(Protocol::Probe) { Purpose::Probe } else { Purpose::Work };
    let known = match greet::greet(&inner, &mut stream, &Side::Accepting(purpose)).await {
        Ok(known) => known,
        Err(failed) => {
            // Who has no cluster is no judge of others'. That an earlier incarnation is looked for is news to who looks.
            if matches!(failed.code, RefusalCode::Later | RefusalCode::NoCluster | RefusalCode::Incarnation) {
                tracing::debug!("no cluster connection from {address}: {}", failed.reason);
            } else {
                inner.faults.note(Way::Accepted, &failed.node_id, &address, &failed.reason);
            }
            return;
        }
    };
    drop(ungreeted);
    if purpose == Purpose::Probe {
        inner.faults.succeeded(Way::Accepted, &known.identity.node_id, &address);
        return;
    }
    inner.faults.succeeded(Way::Accepted, &known.identity.node_id, &address);
    inner.met(&known);
    inner.links.retry_now(known.identity.raft_id);
    // TLS ends without one of them only where the client offered none.
    match protocol {
        Some(Protocol::Raft) => {
            let (outbox, inbox) = channel::start(stream, stop);
            serve_raft::serve(&inner, &known, outbox, inbox).await;
        }
        Some(Protocol::Ask) => {
            let (outbox, inbox) = channel::start(stream, stop);
            serve_ask::serve(&inner, &known, outbox, inbox).await;
        }
        Some(Protocol::Forward) => forward(&inner, &known, stream).await,
        Some(Protocol::Probe) | None => {}
    }
}

async fn shake(inner: &Inner, stream: TcpStream, address: &str) -> Option<TlsStream<TcpStream>> {
    let tls = inner.tls.as_ref()?;
    // A connection without it is slower, and as good.
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.server));
    match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            // Whoever only looks whether the port is open is no news.
            if let Some(tls) = tls_error(&error) {
                inner.faults.note(Way::Accepted, "", address, &coffer_tls::explain(tls));
            }
            None
        }
        Err(_) => None,
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

async fn forward(inner: &Inner, known: &Known, stream: TlsStream<TcpStream>) {
    let service = inner.service.load_full();
    if let Some(service) = service.as_deref() {
        tokio::select! {
            () = service.forwarded(&known.identity, Box::new(stream)) => {}
            // What a removed member still sends is answered no more.
            () = inner.roster.forgotten(known.identity.raft_id) => {}
        }
    }
}
