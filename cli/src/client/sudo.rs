use super::address::Address;
use super::request::{Method, Request};

/// Paths that demand the capability `sudo`. `*` stands for any rest, `+` for one part.
const SUDO_PATHS: &[&str] = &[
    "auth/token/accessors",
    "auth/token/revoke-orphan",
    "pki/root",
    "pki/root/sign-self-issued",
    "sys/audit",
    "sys/audit/*",
    "sys/auth/*",
    "sys/config/auditing/request-headers",
    "sys/config/auditing/request-headers/*",
    "sys/config/cors",
    "sys/config/ui/headers",
    "sys/config/ui/headers/*",
    "sys/internal/inspect/request",
    "sys/internal/inspect/router/*",
    "sys/leases",
    "sys/leases/lookup",
    "sys/leases/lookup/*",
    "sys/leases/revoke-force/*",
    "sys/leases/revoke-prefix/*",
    "sys/plugins/catalog/+",
    "sys/plugins/catalog/+/+",
    "sys/raw",
    "sys/raw/*",
    "sys/remount",
    "sys/revoke-force/*",
    "sys/revoke-prefix/*",
    "sys/rotate",
    "sys/rotate/keyring",
    "sys/rotate/root",
    "sys/seal",
    "sys/step-down",
];

/// The policy that allows the request.
pub(super) fn policy_for(request: &Request, address: &Address) -> String {
    let path = request.plain_path(address);
    let path = path.strip_prefix("/v1").unwrap_or(&path).trim_start_matches('/');
    let lists = request.query.iter().any(|(key, value)| key == "list" && value == "true");
    let mut capabilities = match request.method {
        _ if lists => vec!["list"],
        Method::Get => vec!["read"],
        Method::Post | Method::Put => vec!["create", "update"],
        Method::Patch => vec!["patch"],
        Method::Delete => vec!["delete"],
    };
    if needs_sudo(path) {
        capabilities.push("sudo");
    }
    format!("path \"{path}\" {{\n  capabilities = [\"{}\"]\n}}", capabilities.join("\", \""))
}

fn needs_sudo(path: &str) -> bool {
    SUDO_PATHS.iter().any(|pattern| {
        let (mut wanted, mut parts) = (pattern.split('/'), path.split('/'));
        loop {
            match (wanted.next(), parts.next()) {
                (Some("*"), Some(_)) => return true,
                (Some("+"), Some(_)) => {}
                (Some(wanted), Some(part)) if wanted == part => {}
                (None, None) => return true,
                _ => return false,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_path_and_capabilities() {
        let address = Address::parse("http://h").unwrap();
        let shown = policy_for(&Request::list("sys/leases/lookup/auth"), &address);
        assert_eq!(shown, "path \"sys/leases/lookup/auth\" {\n  capabilities = [\"list\", \"sudo\"]\n}");
        assert!(needs_sudo("sys/plugins/catalog/auth/x"));
        assert!(!needs_sudo("sys/plugins/catalog"));
        assert!(!needs_sudo("sys/rotate/config"));
    }
}
