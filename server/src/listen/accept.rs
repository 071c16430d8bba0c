//! Taking connections from a socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{SocketFlags, accept_with};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::bind::Socket;
use super::handshake::{self, Shaken};
use super::proxy_protocol;
use super::serve::{self, Protocol};
use super::{Answer, Bound, ConnectionInfo, Peer, Quiet, TlsInfo};

/// How long connections are still taken when the server stops: those that wait in the kernel's queue would be cut off.
const LAST_CALL: Duration = Duration::from_millis(20);
/// Long enough for others to give descriptors back.
const PAUSE_WITHOUT_RESOURCES: Duration = Duration::from_millis(50);

/// The loop of one listener.
pub(super) struct Loop<A> {
    pub(super) listener: Bound,
    pub(super) answer: A,
    pub(super) permits: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
    pub(super) abort: CancellationToken,
    pub(super) tasks: TaskTracker,
}

enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(tokio::net::UnixStream),
}

impl<A: Answer> Loop<A> {
    pub(super) async fn run(self) {
        let failures = Arc::new(Quiet::default());
        let stop = self.stop.clone();
        loop {
            // Without a permit, clients wait in the kernel's queue.
            let permit = tokio::select! {
                () = stop.cancelled() => return,
                permit = Arc::clone(&self.permits).acquire_owned() => match permit {
                    Ok(permit) => permit,
                    Err(_) => return,
                },
            };
            let accepted = tokio::select! {
                () = stop.cancelled() => return self.take_the_waiting(&failures).await,
                accepted = self.listener.socket.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => self.spawn(accepted, permit, &failures),
                Err(error) if lacks_resources(&error) => {
                    if failures.admit().is_some() {
                        tracing::warn!(address = %self.listener.info.address, %error, "cannot accept connections");
                    }
                    tokio::time::sleep(PAUSE_WITHOUT_RESOURCES).await;
                }
                // The client was gone before it was accepted.
                Err(_) => {}
            }
        }
    }

    async fn take_the_waiting(&self, failures: &Arc<Quiet>) {
        let last_call = async { while self.take(self.listener.socket.accept().await, failures) {} };
        let _ = tokio::time::timeout(LAST_CALL, last_call).await;
        // The runtime may not have heard yet of those that the kernel has.
        while self.take(self.listener.socket.accept_now(), failures) {}
    }

    fn take(&self, accepted: io::Result<Accepted>, failures: &Arc<Quiet>) -> bool {
        let (Ok(accepted), Ok(permit)) = (accepted, Arc::clone(&self.permits).try_acquire_owned()) else {
            return false;
        };
        self.spawn(accepted, permit, failures);
        true
    }

    fn spawn(&self, accepted: Accepted, permit: OwnedSemaphorePermit, failures: &Arc<Quiet>) {
        let task = Task {
            answer: self.answer.clone(),
            info: Arc::clone(&self.listener.info),
            tls: self.listener.tls.clone(),
            failures: Arc::clone(failures),
            stop: self.stop.clone(),
        };
        let abort = self.abort.clone();
        self.tasks.spawn(async move {
            let _permit = permit;
            tokio::select! {
                () = abort.cancelled() => {}
                () = task.run(accepted) => {}
            }
        });
    }
}

struct Task<A> {
    answer: A,
    info: Arc<super::ListenerInfo>,
    tls: Option<Arc<coffer_tls::rustls::ServerConfig>>,
    failures: Arc<Quiet>,
    stop: CancellationToken,
}

impl<A: Answer> Task<A> {
    async fn run(self, accepted: Accepted) {
        match accepted {
            Accepted::Tcp(mut stream, peer) => {
                // Answers are written whole: waiting to fill a packet would only delay them.
                let _ = stream.set_nodelay(true);
                let Some(peer) = self.admit(&mut stream, peer).await else { return };
                if self.tls.is_some() {
                    let plain = tokio::select! {
                        () = self.given_up() => return,
                        plain = handshake::refuse_plain_http(&stream, self.info.limits) => plain,
                    };
                    if plain {
                        return;
                    }
                }
                self.secure(stream, Peer::Tcp(peer)).await;
            }
            Accepted::Unix(stream) => self.secure(stream, Peer::Unix).await,
        }
    }

    /// The server stops, and the client has had its time to ask.
    async fn given_up(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(serve::LINGER).await;
    }

    /// Where a connection is really from; `None` if it is turned away.
    async fn admit(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<SocketAddr> {
        let (rule, patience) = (&self.info.proxy_protocol, self.info.limits.read_header_timeout);
        let admitted = tokio::select! {
            () = self.given_up() => return None,
            admitted = proxy_protocol::admit(stream, peer, rule, patience) => admitted,
        };
        match admitted {
            Ok(from) => Some(from),
            Err(proxy_protocol::Refused::Gone) => None,
            Err(refused) => {
                if let Some(held_back) = self.failures.admit() {
                    tracing::info!(%peer, %refused, held_back, "connection refused");
                }
                None
            }
        }
    }

    async fn secure<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, peer: Peer) {
        let Some(config) = &self.tls else {
            return self.serve(stream, peer, None, Protocol::Http1).await;
        };
        let shaken = tokio::select! {
            () = self.given_up() => return,
            shaken = handshake::shake(stream, Arc::clone(config), self.info.limits) => shaken,
        };
        match shaken {
            Ok(Shaken { stream, protocol, info }) => self.serve(stream, peer, Some(info), protocol).await,
            Err(failure) if failure.is_noise() => tracing::trace!(%peer, %failure, "no TLS handshake"),
            Err(failure) => {
                if let Some(held_back) = self.failures.admit() {
                    tracing::info!(%peer, %failure, held_back, "TLS handshake failed");
                }
            }
        }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self,
        stream: S,
        peer: Peer,
        tls: Option<TlsInfo>,
        protocol: Protocol,
    ) {
        let info = Arc::new(ConnectionInfo { peer, listener: self.info, tls });
        serve::connection(stream, info, protocol, self.answer, self.stop).await;
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(socket) => socket.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer)),
            Self::Unix { socket, .. } => socket.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        }
    }

    /// A connection that is there already.
    fn accept_now(&self) -> io::Result<Accepted> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        match self {
            Self::Tcp(socket) => {
                let stream = TcpStream::from_std(accept_with(socket, flags)?.into())?;
                let peer = stream.peer_addr()?;
                Ok(Accepted::Tcp(stream, peer))
            }
            Self::Unix { socket, .. } => {
                Ok(Accepted::Unix(tokio::net::UnixStream::from_std(accept_with(socket, flags)?.into())?))
            }
        }
    }
}

fn lacks_resources(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let lacking = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| lacking.iter().any(|errno| errno.raw_os_error() == code))
}
