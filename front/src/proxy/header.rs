//! The header of the PROXY protocol, version 2, as HAProxy's `proxy-protocol.txt` (section 2.2) has it.

use std::net::SocketAddr;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2, command PROXY.
const PROXY: u8 = 0x21;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

/// Tells a server that this connection is from `client`, who connected to `local`.
pub(super) fn header(client: SocketAddr, local: SocketAddr) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    out.push(PROXY);
    match (client.ip().to_canonical(), local.ip().to_canonical()) {
        (std::net::IpAddr::V4(from), std::net::IpAddr::V4(to)) => {
            out.extend([TCP4, 0, 12]);
            out.extend(from.octets());
            out.extend(to.octets());
        }
        (from, to) => {
            let wide = |address| match address {
                std::net::IpAddr::V4(narrow) => narrow.to_ipv6_mapped(),
                std::net::IpAddr::V6(wide) => wide,
            };
            out.extend([TCP6, 0, 36]);
            out.extend(wide(from).octets());
            out.extend(wide(to).octets());
        }
    }
    out.extend(client.port().to_be_bytes());
    out.extend(local.port().to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let header = header("192.168.1.9:1234".parse().unwrap(), "10.0.0.1:8200".parse().unwrap());
        let expected: &[u8] = &[
            0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0x00, 0x0c, 192, 168,
            1, 9, 10, 0, 0, 1, 0x04, 0xd2, 0x20, 0x08,
        ];
        assert_eq!(header, expected);
    }

    #[test]
    fn mixed_families_are_told_as_ipv6() {
        let header = header("[2001:db8::1]:1".parse().unwrap(), "10.0.0.1:2".parse().unwrap());
        assert_eq!((header[13], header.len()), (0x21, 16 + 36));
        // One that came by a socket for both families is IPv4 all the same.
        let mapped = super::header("[::ffff:10.0.0.9]:1".parse().unwrap(), "[::ffff:10.0.0.1]:2".parse().unwrap());
        assert_eq!((mapped[13], mapped.len()), (0x11, 16 + 12));
    }
}
