use http::HeaderMap;

use super::config::{Config, IdentitySource};
use super::request::{Body, Method, Request};
use crate::output::quoted;

/// The cURL command that does the same as the request. The token is fetched when it runs, never shown.
pub(super) fn command(config: &Config, request: &Request, headers: &HeaderMap, url: &str) -> String {
    let mut words = vec!["curl".to_owned()];
    if config.tls.skip_verify {
        words.push("--insecure".to_owned());
    }
    if request.method != Method::Get {
        words.push(format!("-X {}", request.method));
    }
    if let Some(path) = &config.tls.ca_file {
        words.push(format!("--cacert {}", single_quoted(&path.to_string_lossy())));
    }
    if let Some(path) = &config.tls.ca_dir {
        words.push(format!("--capath {}", single_quoted(&path.to_string_lossy())));
    }
    if let Some(IdentitySource::Files { certificate, key }) = &config.tls.identity {
        words.push(format!("--cert {}", single_quoted(&certificate.to_string_lossy())));
        words.push(format!("--key {}", single_quoted(&key.to_string_lossy())));
    }
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| {
            let value = if value.is_sensitive() {
                format!("$({} print token)", config.program)
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            format!("-H \"{}: {value}\"", title_case(name.as_str()))
        })
        .collect();
    lines.sort();
    words.extend(lines);
    match &request.body {
        Body::Bytes(body) if !body.is_empty() => {
            words.push(format!("-d {}", single_quoted(&String::from_utf8_lossy(body))))
        }
        Body::File(_) => words.push("--data-binary @FILE".to_owned()),
        _ => {}
    }
    words.push(quoted(url));
    words.join(" ")
}

/// `x-vault-token` as `X-Vault-Token`.
fn title_case(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let mut characters = part.chars();
        characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
    });
    parts.collect::<Vec<_>>().join("-")
}

fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}
