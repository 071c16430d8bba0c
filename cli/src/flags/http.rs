//! Flags of every command that talks to a server.

use super::kind::{Pairs, Switch, Text, TextList, Time};
use super::matches::Group;

pub(crate) static ADDRESS: Text =
    Text::new("address", "Address of the server.").or(crate::client::DEFAULT_ADDRESS).or_env("ADDR");
pub(crate) static AGENT_ADDRESS: Text =
    Text::new("agent-address", "Address of an agent to go through instead of the server's.").or_env("AGENT_ADDR");
pub(crate) static CA_CERT: Text = Text::new(
    "ca-cert",
    "File with the CA certificate, in PEM, that the server's certificate is checked with. It goes before -ca-path.",
)
.or_env("CACERT")
.files();
pub(crate) static CA_PATH: Text =
    Text::new("ca-path", "Folder with CA certificates, in PEM, that the server's certificate is checked with.")
        .or_env("CAPATH")
        .folders();
pub(crate) static CLIENT_CERT: Text = Text::new(
    "client-cert",
    "File with the certificate, in PEM, to show to a server that asks for one. It needs -client-key beside it.",
)
.or_env("CLIENT_CERT")
.files();
pub(crate) static CLIENT_KEY: Text =
    Text::new("client-key", "File with the private key, in PEM, of -client-cert.").or_env("CLIENT_KEY").files();
pub(crate) static DISABLE_REDIRECTS: Switch =
    Switch::new("disable-redirects", "Do not follow a redirect; otherwise one is followed.")
        .or("false")
        .or_env("DISABLE_REDIRECTS");
pub(crate) static HEADER: Pairs = Pairs::new(
    "header",
    "HTTP header, as key=value, to send with every request. Names that begin with 'X-Vault-' are refused. \
     Can be given several times.",
);
pub(crate) static MFA: TextList = TextList::new("mfa", "MFA credentials for the X-Vault-MFA header.").or_env("MFA");
pub(crate) static NAMESPACE: Text =
    Text::new("namespace", "Namespace to work in, so that paths can be relative to it. -ns is short for it.")
        .or("(not set)")
        .or_env("NAMESPACE");
pub(crate) static NS: Text = Text::new("ns", "The same as -namespace, and goes before it.").hidden();
pub(crate) static NON_INTERACTIVE: Switch =
    Switch::new("non-interactive", "Never ask for anything at the terminal.").or("false");
pub(crate) static OUTPUT_CURL_STRING: Switch =
    Switch::new("output-curl-string", "Print the cURL command that does the same, and do not send the request.")
        .or("false");
pub(crate) static OUTPUT_POLICY: Switch =
    Switch::new("output-policy", "Print a policy that allows the request, and do not send it.").or("false");
pub(crate) static POLICY_OVERRIDE: Switch =
    Switch::new("policy-override", "Override a Sentinel policy whose enforcement_level is soft-mandatory.").or("false");
pub(crate) static TLS_SERVER_NAME: Text = Text::new(
    "tls-server-name",
    "Name that the server's certificate must bear, and that is sent as SNI, instead of the address's host.",
)
.or_env("TLS_SERVER_NAME");
pub(crate) static TLS_SKIP_VERIFY: Switch = Switch::new(
    "tls-skip-verify",
    "Accept any server certificate. Whoever stands between can then read and change all that is sent: \
     not for use beyond a test.",
)
.or("false")
.or_env("SKIP_VERIFY");
pub(crate) static UNLOCK_KEY: Text = Text::new("unlock-key", "Key to unlock a namespace that is locked for the API.");
pub(crate) static WRAP_TTL: Time = Time::new(
    "wrap-ttl",
    "Have the answer wrapped: what comes back is a token that the answer can be had for, once and within this time, \
     with the command \"unwrap\". The time is a number with a unit, such as \"30s\" or \"5m\".",
)
.or_env("WRAP_TTL");

pub(crate) static GROUP: Group = Group {
    title: "HTTP Options",
    flags: &[
        &ADDRESS,
        &AGENT_ADDRESS,
        &CA_CERT,
        &CA_PATH,
        &CLIENT_CERT,
        &CLIENT_KEY,
        &DISABLE_REDIRECTS,
        &HEADER,
        &MFA,
        &NAMESPACE,
        &NON_INTERACTIVE,
        &NS,
        &OUTPUT_CURL_STRING,
        &OUTPUT_POLICY,
        &POLICY_OVERRIDE,
        &TLS_SERVER_NAME,
        &TLS_SKIP_VERIFY,
        &UNLOCK_KEY,
        &WRAP_TTL,
    ],
};
