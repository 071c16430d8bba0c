//! The sockets of a frontend: one for each thread, at the same address.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpSocket, lookup_host};

use crate::config::HostPort;

/// Connections that wait in the system's queue.
const BACKLOG: u32 = 4096;

/// So many listening sockets, among which the system spreads the connections. Not yet of any runtime.
pub(crate) async fn bind(address: &HostPort, count: usize) -> io::Result<Vec<std::net::TcpListener>> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for address in lookup_host(address.lookup()).await? {
        match bind_all(address, count) {
            Ok(sockets) => return Ok(sockets),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind_all(address: SocketAddr, count: usize) -> io::Result<Vec<std::net::TcpListener>> {
    let first = socket(address)?;
    // Shared only after this: an address that another process has is refused.
    first.bind(address)?;
    first.set_reuseport(true)?;
    let mut bound = vec![first];
    while bound.len() < count {
        let next = socket(address)?;
        next.set_reuseport(true)?;
        next.bind(bound[0].local_addr()?)?;
        bound.push(next);
    }
    // None listens before all are there, else the first ones would be given connections that count on the others.
    bound.into_iter().map(|socket| socket.listen(BACKLOG)?.into_std()).collect()
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_sockets_have_one_address_and_nobody_else_gets_it() {
        let any = HostPort { host: "127.0.0.1".into(), port: 0 };
        let sockets = bind(&any, 3).await.unwrap();
        let address = sockets[0].local_addr().unwrap();
        assert!(sockets.iter().all(|socket| socket.local_addr().unwrap() == address));
        let again = bind(&HostPort { port: address.port(), ..any }, 1).await.unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
    }
}
