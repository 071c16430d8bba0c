//! Reads and writes that ask the system once.

use std::io;
use std::mem::MaybeUninit;
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// What `used` makes of the bytes that are there, none at the end. Less than there was room for is all there is: the
/// stream then counts as empty without asking once more, and its next bytes are news.
///
/// # Errors
/// `WouldBlock` where there is nothing yet.
pub(super) fn try_read<T>(
    from: &TcpStream,
    room: &mut [MaybeUninit<u8>],
    used: impl FnOnce(&[u8]) -> T,
) -> io::Result<T> {
    let most = room.len();
    let mut result = None;
    let tried = from.try_io(Interest::READABLE, || {
        let ((bytes, _), count) = recv(from, room, RecvFlags::empty())?;
        result = Some(used(bytes));
        if (1..most).contains(&count) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    match (result, tried) {
        (Some(result), _) => Ok(result),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(io::ErrorKind::WouldBlock.into()),
    }
}

pub(super) fn poll_write(to: &TcpStream, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    loop {
        ready!(to.poll_write_ready(cx))?;
        match to.try_io(Interest::WRITABLE, || Ok(send(to, bytes, SendFlags::NOSIGNAL)?)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return Poll::Ready(done),
        }
    }
}

/// Whether something came from there that is not read yet, as the system knows it at this moment.
pub(super) fn has_spoken(from: &TcpStream) -> bool {
    let mut first = [0_u8];
    recv(from, &mut first, RecvFlags::PEEK | RecvFlags::DONTWAIT).is_ok_and(|(_, read)| read > 0)
}
