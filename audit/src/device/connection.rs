//! A connection to something that takes lines.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::time::Duration;

use rustix::net::{RecvFlags, recv};

use crate::config::{Family, Network};

pub(super) enum Connection {
    Tcp(TcpStream),
    Unix(UnixStream),
    Udp(UdpSocket),
    Unixgram(UnixDatagram),
}

impl Connection {
    /// Connects; `timeout` also bounds each later write.
    pub(super) fn open(network: Network, address: &str, timeout: Option<Duration>) -> io::Result<Self> {
        match network {
            Network::Tcp(family) => first(addresses(address, family)?, |address| tcp(address, timeout)).map(Self::Tcp),
            Network::Udp(family) => first(addresses(address, family)?, |address| udp(address, timeout)).map(Self::Udp),
            Network::Unix => Self::unix(address.as_ref(), timeout),
            Network::Unixgram => Self::unixgram(address.as_ref(), timeout),
        }
    }

    pub(super) fn unix(path: &Path, timeout: Option<Duration>) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_write_timeout(timeout)?;
        Ok(Self::Unix(stream))
    }

    pub(super) fn unixgram(path: &Path, timeout: Option<Duration>) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_write_timeout(timeout)?;
        Ok(Self::Unixgram(socket))
    }

    /// One entry a packet.
    pub(super) fn is_datagram(&self) -> bool {
        matches!(self, Self::Udp(_) | Self::Unixgram(_))
    }

    /// Whether a stream's other end is known to be gone. What it says is thrown away.
    pub(super) fn is_closed(&self) -> bool {
        if self.is_datagram() {
            return false;
        }
        let mut buffer = [0_u8; 512];
        // A peer that talks without end must not keep us here.
        for _ in 0..16 {
            match recv(self, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, 0)) => return true,
                Ok(_) => {}
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return false,
                Err(_) => return true,
            }
        }
        false
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
            Self::Udp(socket) => socket.send(bytes),
            Self::Unixgram(socket) => socket.send(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            Self::Udp(socket) => socket.as_fd(),
            Self::Unixgram(socket) => socket.as_fd(),
        }
    }
}

fn addresses(address: &str, family: Family) -> io::Result<Vec<SocketAddr>> {
    let all = address.to_socket_addrs()?.filter(|address| match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    });
    Ok(all.collect())
}

/// The first address that answers, or what the last one said.
fn first<T>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, "no address found");
    for address in addresses {
        match connect(address) {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn tcp(address: SocketAddr, timeout: Option<Duration>) -> io::Result<TcpStream> {
    let stream = match timeout {
        Some(timeout) => TcpStream::connect_timeout(&address, timeout)?,
        None => TcpStream::connect(address)?,
    };
    stream.set_nodelay(true)?;
    stream.set_write_timeout(timeout)?;
    // A peer whose machine has gone says nothing: learn of it from what it does not acknowledge.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::net::sockopt::set_tcp_user_timeout(&stream, 30_000)?;
    Ok(stream)
}

fn udp(address: SocketAddr, timeout: Option<Duration>) -> io::Result<UdpSocket> {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_write_timeout(timeout)?;
    Ok(socket)
}
