//! Where a secret is: the mount's path and version, asked of the server, and the API's path made of them.

use super::super::path::{bare, join};
use super::MOUNT;
use crate::client::{Client, Request, RequestError, Secret};
use crate::exit::Failure;
use crate::flags::Matches;
use crate::value::Json;

/// A secret in a KV engine.
pub(super) struct Place {
    mount: String,
    /// With the mount's path, in version 2.
    path: String,
    with_mount_flag: bool,
    pub(super) versioned: bool,
}

impl Place {
    /// Asks the server for the mount that `typed` is in, or the flag names.
    ///
    /// # Errors
    /// The server does not say.
    pub(super) fn find(client: &Client, flags: &Matches, typed: &str) -> Result<Self, Failure> {
        let flag = flags.get(&MOUNT);
        let with_mount_flag = !flag.is_empty();
        let typed = bare(typed);
        let asked = if with_mount_flag { bare(&flag) } else { typed.clone() };
        let (mount, versioned) = look_up(client, &asked)?;
        let path = if with_mount_flag && versioned { join(&[&mount, &typed]) } else { typed };
        Ok(Self { mount, path, with_mount_flag, versioned })
    }

    /// The API's path: with `part` after the mount's path, in version 2.
    pub(super) fn api_path(&self, part: &str) -> String {
        if !self.versioned {
            return if self.with_mount_flag { join(&[&self.mount, &self.path]) } else { self.path.clone() };
        }
        let mount = self.mount.trim_end_matches('/');
        if self.path == mount || self.path == self.mount {
            return join(&[mount, part]);
        }
        // The server names the mount from its root, the path can be relative to a namespace.
        let mut mount = self.mount.as_str();
        loop {
            if let Some(rest) = self.path.strip_prefix(mount) {
                return join(&[mount, part, rest]);
            }
            match mount.split_once('/') {
                Some((_, shorter)) if !shorter.is_empty() => mount = shorter,
                _ => return join(&[mount, part, &self.path]),
            }
        }
    }

    /// # Errors
    /// The engine is of version 1, which `complaint` says.
    pub(super) fn must_be_versioned(&self, complaint: Failure) -> Result<(), Failure> {
        if self.versioned { Ok(()) } else { Err(complaint) }
    }
}

fn look_up(client: &Client, path: &str) -> Result<(String, bool), Failure> {
    let request = Request::get(format!("sys/internal/ui/mounts/{path}")).ahead_of_the_question();
    let answer = match client.send(&request) {
        // A server too old to say.
        Err(error) if error.status() == Some(404) => return Ok((String::new(), false)),
        Err(error) if client.captures() && error.status() == Some(403) => return Err(not_allowed(path)),
        Err(error) => return Err(Failure::server(error.to_string())),
        Ok(answer) => answer.secret().map_err(|error| Failure::server(error.to_string()))?,
    };
    let secret = answer.ok_or_else(|| Failure::server("nil response from pre-flight request"))?;
    let data = secret.data.unwrap_or_default();
    let options = data.get("options").and_then(Json::as_map);
    let versioned = options.is_some_and(|options| options.text("version") == "2");
    Ok((data.text("path").to_owned(), versioned))
}

fn not_allowed(path: &str) -> Failure {
    Failure::server(format!(
        "Before it can be shown, the server has to say which version of the KV engine is at {path}, and this token \
         may not ask.\nRun the command again with a token that can read {path}; for version 2 its policy must allow \
         'mount-path/data/foo', not just 'mount-path/foo'."
    ))
}

/// Reads a secret, perhaps of a version; nothing there is no error.
///
/// # Errors
/// As any request.
pub(super) fn read(client: &Client, path: &str, version: Option<i64>) -> Result<Option<Secret>, RequestError> {
    client.read_request(&request(path, version))
}

pub(super) fn request(path: &str, version: Option<i64>) -> Request {
    let request = Request::get(path);
    match version {
        Some(version) => request.query("version", version.to_string()),
        None => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api_path(mount: &str, path: &str) -> String {
        let place = Place { mount: mount.into(), path: path.into(), with_mount_flag: false, versioned: true };
        place.api_path("data")
    }

    #[test]
    fn the_part_goes_between_mount_and_secret() {
        assert_eq!(api_path("secret/", "secret/a/b"), "secret/data/a/b");
        assert_eq!(api_path("secret/", "secret"), "secret/data");
        assert_eq!(api_path("a/b/", "a/b/c"), "a/b/data/c");
        assert_eq!(api_path("ns1/secret/", "secret/a"), "secret/data/a");
    }

    #[test]
    fn version_1_paths_stay_as_they_are() {
        let place =
            |with_mount_flag| Place { mount: "kv/".into(), path: "a".into(), with_mount_flag, versioned: false };
        assert_eq!(place(true).api_path("data"), "kv/a");
        assert_eq!(place(false).api_path("data"), "a");
    }
}
