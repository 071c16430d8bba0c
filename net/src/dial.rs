//! Several addresses of one name are tried side by side, each a moment after the one before (RFC 8305, section 5): an
//! address whose packets are dropped on the way would otherwise take all the time there is, at every try anew.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::failure::{Attempt, DialError};

/// The "Connection Attempt Delay" that RFC 8305 recommends.
const NEXT_AFTER: Duration = Duration::from_millis(250);

/// Connects to the first address of `host` that takes it. Small packets leave at once (`TCP_NODELAY`).
///
/// # Errors
/// Where the name has no address, or none of them takes a connection.
pub async fn dial(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let found = match lookup_host((host, port)).await {
        Ok(found) => found.collect(),
        Err(reason) => return Err(DialError::NoAddress { host: host.to_owned(), reason: Some(reason) }),
    };
    match by_turns(found) {
        none if none.is_empty() => Err(DialError::NoAddress { host: host.to_owned(), reason: None }),
        addresses => dial_any(&addresses).await,
    }
}

/// As [`dial`], where the addresses are known, in the order in which they are to be tried.
///
/// # Errors
/// Where none of them takes a connection.
pub async fn dial_any(addresses: &[SocketAddr]) -> Result<TcpStream, DialError> {
    let mut waiting = addresses.iter().copied();
    let mut under_way = FuturesUnordered::new();
    let mut failed = Vec::new();
    loop {
        under_way.extend(waiting.next().map(attempt));
        let ended = match waiting.len() {
            0 => under_way.next().await,
            _ => match timeout(NEXT_AFTER, under_way.next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            },
        };
        match ended {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(attempt)) => failed.push(attempt),
            None => return Err(DialError::AllFailed(failed)),
        }
    }
}

async fn attempt(address: SocketAddr) -> Result<TcpStream, Attempt> {
    match TcpStream::connect(address).await {
        Ok(stream) => {
            // Only a matter of speed.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Err(reason) => Err(Attempt { address, reason }),
    }
}

/// The two families in turn, from the one that the resolver puts first; within a family in its order.
fn by_turns(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = found.first().map(SocketAddr::is_ipv4) else {
        return found;
    };
    let (preferred, other): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| address.is_ipv4() == first);
    let mut other = other.into_iter();
    let mut order = Vec::new();
    for address in preferred {
        order.push(address);
        order.extend(other.next());
    }
    order.extend(other);
    order
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A port whose listener takes no further connection: the next one gets no answer, as behind a wall.
    fn silent() -> (Vec<std::net::TcpStream>, TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            held.push(stream);
        }
        (held, listener, address)
    }

    fn refusing() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_takes_no_time_from_the_next() {
        let (_held, _wall, wall) = silent();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        // Alone, the first would take minutes.
        let addresses = [wall, refusing(), at];
        let stream = timeout(Duration::from_secs(20), dial_any(&addresses)).await.unwrap().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), at);
    }

    #[tokio::test]
    async fn every_address_that_failed_is_told() {
        let (one, two) = (refusing(), refusing());
        let error = dial_any(&[one, two]).await.unwrap_err().to_string();
        assert!(error.contains(&format!("{one}: ")) && error.contains(&format!("{two}: ")), "{error}");
        let nobody = dial("name.invalid", 1).await.unwrap_err().to_string();
        assert!(nobody.starts_with("the name name.invalid has no address"), "{nobody}");
    }

    #[test]
    fn families_take_turns() {
        let list = |text: &str| text.split(' ').map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert_eq!(by_turns(list("[::1]:1 [::2]:1 [::3]:1 10.0.0.1:1")), list("[::1]:1 10.0.0.1:1 [::2]:1 [::3]:1"));
        assert_eq!(by_turns(list("10.0.0.1:1 [::1]:1 [::2]:1")), list("10.0.0.1:1 [::1]:1 [::2]:1"));
    }
}
