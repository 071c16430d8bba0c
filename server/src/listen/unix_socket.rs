//! Unix sockets: owner and mode are set before anybody can connect.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::UnixListener;

use crate::config::SocketOwner;

const BACKLOG: i32 = 1024;

/// Removes the socket's file when the listener goes, unless somebody has put another in its place.
#[derive(Debug)]
pub(super) struct RemoveOnDrop {
    path: PathBuf,
    inode: Option<u64>,
}

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        if self.inode.is_some() && inode_of(&self.path) == self.inode {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

pub(super) fn bind(path: &Path, owner: &SocketOwner) -> Result<(UnixListener, RemoveOnDrop), String> {
    clear(path)?;
    let said = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let address = SocketAddrUnix::new(path).map_err(|_| "the path is too long for a socket".to_owned())?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .map_err(|error| said("cannot be made")(error.into()))?;
    rustix::net::bind(&socket, &address).map_err(|error| said("cannot be bound")(error.into()))?;
    let file = RemoveOnDrop { path: path.to_owned(), inode: inode_of(path) };
    give(path, owner)?;
    // Only from here on can anybody connect.
    rustix::net::listen(&socket, BACKLOG).map_err(|error| said("cannot be listened on")(error.into()))?;
    let listener = std::os::unix::net::UnixListener::from(socket);
    let listener = UnixListener::from_std(listener).map_err(said("cannot be listened on"))?;
    Ok((listener, file))
}

/// Takes away what a process that died has left behind, and nothing else.
fn clear(path: &Path) -> Result<(), String> {
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("cannot be looked at: {error}")),
    };
    if !metadata.file_type().is_socket() {
        return Err("something that is not a socket is there: remove it or change the address".into());
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err("another process listens on it: stop that one or change the address".into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|error| format!("an old one cannot be removed: {error}"))
        }
        Err(error) => Err(format!("an old one is there and cannot be asked: {error}")),
    }
}

fn give(path: &Path, owner: &SocketOwner) -> Result<(), String> {
    let user = owner.user.as_deref().map(|name| id_of(name, "/etc/passwd", "user")).transpose()?;
    let group = owner.group.as_deref().map(|name| id_of(name, "/etc/group", "group")).transpose()?;
    if user.is_some() || group.is_some() {
        std::os::unix::fs::chown(path, user, group).map_err(|error| format!("its owner cannot be set: {error}"))?;
    }
    if let Some(mode) = owner.mode {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(path, permissions).map_err(|error| format!("its mode cannot be set: {error}"))?;
    }
    Ok(())
}

/// A number, or a name of the file whose lines read `name:x:number:...`.
fn id_of(name: &str, file: &str, what: &str) -> Result<u32, String> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file} cannot be read: {error}"))?;
    text.lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&name))
        .and_then(|fields| fields.get(2)?.parse().ok())
        .ok_or_else(|| format!("there is no {what} {name:?}"))
}

fn inode_of(path: &Path) -> Option<u64> {
    std::fs::symlink_metadata(path).ok().map(|metadata| metadata.ino())
}
