use std::fmt;
use std::fs::File;

use zeroize::Zeroizing;

use super::address::Address;
use crate::value::Json;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A request to one path under `/v1/`.
pub(crate) struct Request {
    pub(super) method: Method,
    /// Below `/v1/`, as typed: nothing is escaped yet.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Body,
    pub(super) content_type: Option<&'static str>,
    /// False for questions that come before the one that was asked for: these are sent even where
    /// the command only prints what it would send.
    pub(super) captured: bool,
    /// Sent without a time to live for wrapping, whatever flag or environment say.
    pub(super) unwrapped: bool,
    /// Without a limit of time.
    pub(super) unlimited: bool,
}

pub(super) enum Body {
    Empty,
    Bytes(Zeroizing<Vec<u8>>),
    File(File),
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: Body::Empty,
            content_type: None,
            captured: true,
            unwrapped: false,
            unlimited: false,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    pub(crate) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::Put, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path)
    }

    pub(crate) fn list(path: impl Into<String>) -> Self {
        Self::get(path).query("list", "true")
    }

    pub(crate) fn query(mut self, key: &str, value: impl Into<String>) -> Self {
        self.query.push((key.to_owned(), value.into()));
        self
    }

    pub(crate) fn json(mut self, body: impl Into<Json>) -> Self {
        self.body = Body::Bytes(Zeroizing::new(body.into().compact().into_bytes()));
        self
    }

    pub(crate) fn merge_patch(mut self, body: impl Into<Json>) -> Self {
        self.content_type = Some("application/merge-patch+json");
        self.json(body)
    }

    pub(crate) fn file(mut self, file: File) -> Self {
        self.body = Body::File(file);
        self
    }

    pub(crate) fn ahead_of_the_question(mut self) -> Self {
        self.captured = false;
        self.unwrapped = true;
        self
    }

    /// Sent even where the command only prints what it would send.
    pub(crate) fn always_sent(mut self) -> Self {
        self.captured = false;
        self
    }

    pub(crate) fn without_wrapping(mut self) -> Self {
        self.unwrapped = true;
        self
    }

    pub(crate) fn without_time_limit(mut self) -> Self {
        self.unlimited = true;
        self
    }

    /// The target at `address`: path and query, escaped.
    pub(super) fn target(&self, address: &Address) -> String {
        let mut target = escape_path(&self.plain_path(address));
        let mut pairs: Vec<_> = self.query.iter().collect();
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (at, (key, value)) in pairs.into_iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.push_str(&format!("{}={}", escape_query(key), escape_query(value)));
        }
        target
    }
}

impl Request {
    /// The path at `address`, cleaned and not escaped.
    pub(super) fn plain_path(&self, address: &Address) -> String {
        clean(&format!("{}/v1/{}", address.prefix, self.path))
    }
}

impl Method {
    pub(super) fn as_http(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Post => http::Method::POST,
            Self::Put => http::Method::PUT,
            Self::Patch => http::Method::PATCH,
            Self::Delete => http::Method::DELETE,
        }
    }

    /// `Get`, as transport errors name it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Post => "Post",
            Self::Put => "Put",
            Self::Patch => "Patch",
            Self::Delete => "Delete",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title().to_uppercase())
    }
}

/// Shows no body: it can hold a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Takes `//`, `.` and `..` out of an absolute path, and a slash at its end.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn escape_path(path: &str) -> String {
    escape(path, |byte| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte))
}

fn escape_query(text: &str) -> String {
    escape(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~ ".contains(&byte)).replace(' ', "+")
}

fn escape(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_cleaned_and_escaped() {
        let address = Address::parse("http://h/base").unwrap();
        let request = Request::get("a b//c/../ü?x%2f").query("k", "v w").query("a", "1&2");
        assert_eq!(request.target(&address), "/base/v1/a%20b/%C3%BC%3Fx%252f?a=1%262&k=v+w");
    }

    #[test]
    fn a_body_is_not_shown() {
        let request = Request::put("x").json(Json::text("s3cret"));
        assert_eq!(format!("{request:?}"), "PUT x");
    }
}
