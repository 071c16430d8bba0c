use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use super::address::{Address, AddressError};
use super::proxy::{Proxies, ProxyError};
use super::secret::SecretToken;
use crate::duration::Span;
use crate::env::{Env, Variable};
use crate::flags::{Matches, http};

/// Where the server is taken to be when nothing says otherwise.
pub(crate) const DEFAULT_ADDRESS: &str = "https://127.0.0.1:8200";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// All that flags and environment say about the connection.
pub(crate) struct Config {
    pub(super) address: Address,
    pub(super) tls: TlsSettings,
    pub(super) proxies: Proxies,
    /// For a request and all its retries; none is no limit.
    pub(super) timeout: Option<Duration>,
    pub(super) max_retries: u32,
    pub(super) follow_redirects: bool,
    pub(super) namespace: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) mfa: Vec<String>,
    pub(super) policy_override: bool,
    pub(super) wrap_ttl: Option<String>,
    /// What this program is called, for what it prints about itself.
    pub(super) program: String,
    token: SecretToken,
}

#[derive(Default)]
pub(super) struct TlsSettings {
    pub(super) ca_file: Option<PathBuf>,
    pub(super) ca_pem: Option<String>,
    pub(super) ca_dir: Option<PathBuf>,
    pub(super) identity: Option<IdentitySource>,
    pub(super) server_name: Option<String>,
    pub(super) skip_verify: bool,
}

pub(super) enum IdentitySource {
    Files { certificate: PathBuf, key: PathBuf },
    Pem { certificate: String, key: Zeroizing<String> },
}

/// A setting that does not make sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("failed to read environment: could not parse {0:?}")]
    Unreadable(String),
    #[error("failed to create client: {0}")]
    Address(#[from] AddressError),
    #[error("failed to read environment: {0}")]
    Proxy(#[from] ProxyError),
    #[error("failed to setup TLS config: both client cert and client key must be provided")]
    HalfIdentity,
    #[error("failed to setup Headers[{0}]: Header starting by 'X-Vault-' are for internal usage only")]
    ReservedHeader(String),
    #[error("failed to setup Headers: {0:?} is not a header that can be sent")]
    BadHeader(String),
    #[error("{0} is not built: name the server's port in the address")]
    NotBuilt(String),
}

impl Config {
    /// # Errors
    /// A flag or variable has a value that cannot be used.
    pub(crate) fn read(env: &Env, flags: &Matches, program: &str) -> Result<Self, ConfigError> {
        if boolean(env, Variable("SRV_LOOKUP"))? {
            return Err(ConfigError::NotBuilt(Variable("SRV_LOOKUP").name()));
        }
        let address = [flags.get(&http::AGENT_ADDRESS), flags.get(&http::ADDRESS)];
        let address = address.into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
        Ok(Self {
            address: Address::parse(&address)?,
            tls: TlsSettings::read(env, flags)?,
            proxies: Proxies::read(env)?,
            timeout: timeout(env)?,
            max_retries: max_retries(env)?,
            follow_redirects: !flags.get(&http::DISABLE_REDIRECTS),
            namespace: namespace(flags),
            headers: headers(flags)?,
            mfa: flags.get(&http::MFA),
            policy_override: flags.get(&http::POLICY_OVERRIDE),
            wrap_ttl: wrap_ttl(env, flags),
            program: program.to_owned(),
            token: Zeroizing::new(env.get(Variable("TOKEN")).unwrap_or_default().to_owned()),
        })
    }

    /// The token of the environment; empty where there is none.
    pub(crate) fn token(&self) -> &SecretToken {
        &self.token
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }
}

impl TlsSettings {
    fn read(env: &Env, flags: &Matches) -> Result<Self, ConfigError> {
        let path = |text: String| (!text.is_empty()).then(|| PathBuf::from(text));
        let (certificate, key) = (path(flags.get(&http::CLIENT_CERT)), path(flags.get(&http::CLIENT_KEY)));
        let pem = (env.get(Variable("CLIENT_CERT_BYTES")), env.get(Variable("CLIENT_KEY_BYTES")));
        let identity = match (certificate, key, pem) {
            (Some(certificate), Some(key), _) => Some(IdentitySource::Files { certificate, key }),
            (None, None, (Some(certificate), Some(key))) => {
                let (certificate, key) = (certificate.to_owned(), Zeroizing::new(key.to_owned()));
                Some(IdentitySource::Pem { certificate, key })
            }
            (None, None, (None, None)) => None,
            _ => return Err(ConfigError::HalfIdentity),
        };
        let server_name = flags.get(&http::TLS_SERVER_NAME);
        Ok(Self {
            ca_file: path(flags.get(&http::CA_CERT)),
            ca_pem: env.get(Variable("CACERT_BYTES")).map(str::to_owned),
            ca_dir: path(flags.get(&http::CA_PATH)),
            identity,
            server_name: (!server_name.is_empty()).then_some(server_name),
            skip_verify: flags.get(&http::TLS_SKIP_VERIFY) || boolean(env, Variable("SKIP_VERIFY"))?,
        })
    }
}

/// The flag or variable, with one slash at its end and none at its start. `-ns` goes before `-namespace`.
fn namespace(flags: &Matches) -> Option<String> {
    let given = if flags.given(&http::NS) {
        flags.get(&http::NS)
    } else if flags.is_set(&http::NAMESPACE) {
        flags.get(&http::NAMESPACE)
    } else {
        return None;
    };
    let bare = given.trim().trim_matches('/');
    (!bare.is_empty() && bare != "root").then(|| format!("{bare}/"))
}

fn headers(flags: &Matches) -> Result<Vec<(String, String)>, ConfigError> {
    let headers = flags.get(&http::HEADER);
    let reserved: Vec<_> =
        headers.iter().filter(|(name, _)| name.starts_with("X-Vault-")).map(|(name, _)| name.as_str()).collect();
    if !reserved.is_empty() {
        return Err(ConfigError::ReservedHeader(reserved.join(", ")));
    }
    for (name, value) in &headers {
        let good = http_name(name) && ::http::HeaderValue::from_str(value).is_ok();
        if !good {
            return Err(ConfigError::BadHeader(name.clone()));
        }
    }
    Ok(headers)
}

fn http_name(name: &str) -> bool {
    ::http::HeaderName::from_bytes(name.as_bytes()).is_ok()
}

/// The flag's duration, or the variable's own text.
fn wrap_ttl(env: &Env, flags: &Matches) -> Option<String> {
    match flags.get(&http::WRAP_TTL) {
        Span::ZERO => env.get(Variable("WRAP_TTL")).map(str::to_owned),
        span => Some(span.to_string()),
    }
}

fn timeout(env: &Env) -> Result<Option<Duration>, ConfigError> {
    let variable = Variable("CLIENT_TIMEOUT");
    let Some(text) = env.get(variable) else {
        return Ok(Some(DEFAULT_TIMEOUT));
    };
    let span = Span::parse(text).map_err(|_| ConfigError::Unreadable(variable.name()))?;
    match span.0 {
        0 => Ok(Some(DEFAULT_TIMEOUT)),
        ..0 => Ok(None),
        nanos => Ok(Some(Duration::from_nanos(nanos.unsigned_abs()))),
    }
}

/// None unless asked for: whoever waits at the prompt can repeat the command.
fn max_retries(env: &Env) -> Result<u32, ConfigError> {
    let variable = Variable("MAX_RETRIES");
    match env.get(variable) {
        None => Ok(0),
        Some(text) => text.trim().parse().map_err(|_| ConfigError::Unreadable(variable.name())),
    }
}

fn boolean(env: &Env, variable: Variable) -> Result<bool, ConfigError> {
    match env.get(variable) {
        None => Ok(false),
        Some(text) => crate::flags::parse_bool(text).ok_or_else(|| ConfigError::Unreadable(variable.name())),
    }
}
