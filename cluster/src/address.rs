//! A `host:port` as the configuration writes it.

/// Its host, without the brackets of IPv6; the whole text where it is none.
pub(crate) fn host(address: &str) -> &str {
    parts(address).map_or(address, |(host, _)| host)
}

/// Host, without the brackets of IPv6, and port.
pub(crate) fn parts(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    Some((host, port.parse().ok()?))
}
