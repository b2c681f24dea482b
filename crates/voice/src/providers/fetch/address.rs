//! Which IP addresses are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address is reachable on the public internet by assignment
/// (IANA special-purpose registries, RFC 6890), and no tunnel to one that is not.
///
/// Blocks that the registries call globally reachable but that lead to nobody's
/// web server (inside 192.0.0.0/24 and 2001::/23) are closed, too.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Whether the address is of the local link, where clouds keep their metadata.
pub(super) fn is_link_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local() || ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let closed = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b)) // shared by carriers, RFC 6598
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (b == 18 || b == 19)) // benchmarks
        || a >= 224 // multicast, reserved, broadcast
        || ip == Ipv4Addr::new(168, 63, 129, 16); // Azure's host agent
    !closed
}

/// Global unicast only, which leaves out loopback, ULA, link-local, multicast,
/// SRv6, NAT64 and mapped addresses; then less what lies inside of it.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, _, _, e, f, ..] = ip.segments();
    let closed = (a & 0xe000) != 0x2000
        || (a == 0x2001 && b < 0x0200) // protocol assignments: Teredo, benchmarks, ORCHID and others
        || (a == 0x2001 && b == 0x0db8) // documentation
        || a == 0x2002 // 6to4: carries any IPv4 address
        || (a == 0x3fff && b < 0x1000) // documentation
        || (e & 0xfdff == 0 && f == 0x5efe); // ISATAP: carries any IPv4 address
    !closed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and last address of a block, and whether it is public.
    ///
    /// Sources: IANA's special-purpose address registries for IPv4 and IPv6,
    /// its IPv4 and IPv6 address space registries for multicast and reserved.
    const BLOCKS: [(&str, &str); 41] = [
        ("0.0.0.0", "0.255.255.255"),             // this network
        ("10.0.0.0", "10.255.255.255"),           // private use
        ("100.64.0.0", "100.127.255.255"),        // shared address space
        ("127.0.0.0", "127.255.255.255"),         // loopback
        ("169.254.0.0", "169.254.255.255"),       // link local
        ("172.16.0.0", "172.31.255.255"),         // private use
        ("192.0.0.0", "192.0.0.255"),             // protocol assignments
        ("192.0.2.0", "192.0.2.255"),             // documentation
        ("192.88.99.0", "192.88.99.255"),         // 6to4 relays
        ("192.168.0.0", "192.168.255.255"),       // private use
        ("198.18.0.0", "198.19.255.255"),         // benchmarking
        ("198.51.100.0", "198.51.100.255"),       // documentation
        ("203.0.113.0", "203.0.113.255"),         // documentation
        ("224.0.0.0", "239.255.255.255"),         // multicast
        ("240.0.0.0", "255.255.255.255"),         // reserved, broadcast
        ("168.63.129.16", "168.63.129.16"),       // Azure's host agent
        ("100.100.100.200", "100.100.100.200"),   // Alibaba's metadata
        ("::", "::"),                             // unspecified
        ("::1", "::1"),                           // loopback
        ("::127.0.0.1", "::255.255.255.255"),     // IPv4-compatible
        ("::ffff:0:0:0", "::ffff:0:ffff:ffff"),   // IPv4-translated
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"), // IPv4-mapped
        ("::ffff:169.254.169.254", "::ffff:169.254.169.254"),
        ("64:ff9b::", "64:ff9b::ffff:ffff"),                      // NAT64
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),    // NAT64, local use
        ("100::", "100::ffff:ffff:ffff:ffff"),                    // discard only
        ("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff"),            // dummy prefix
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff"),       // Teredo
        ("2001:1::1", "2001:1::3"),                               // anycast of PCP, TURN, DNS-SD
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff"),        // benchmarking
        ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff"),   // ORCHID
        ("2001:20::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff"),   // ORCHIDv2, drones
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), // documentation
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // 6to4
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),     // documentation
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // SRv6 SIDs
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // unique local
        ("fd00:ec2::254", "fd00:ec2::254"),                       // AWS's metadata
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // link local
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // site local
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),    // multicast
    ];

    fn parse(text: &str) -> IpAddr {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn every_block_of_the_registries_is_closed_from_end_to_end() {
        for (first, last) in BLOCKS {
            for text in [first, last] {
                assert!(!is_public(parse(text)), "{text}");
            }
            if let (IpAddr::V4(first), IpAddr::V4(last)) = (parse(first), parse(last)) {
                let (first, last) = (u32::from(first), u32::from(last));
                for step in 0..=64 {
                    let inside = first + u32::try_from(u64::from(last - first) * step / 64).unwrap();
                    assert!(!is_public(Ipv4Addr::from(inside).into()), "{}", Ipv4Addr::from(inside));
                    let mapped = Ipv4Addr::from(inside).to_ipv6_mapped();
                    assert!(!is_public(mapped.into()), "{mapped}");
                }
            }
        }
    }

    #[test]
    fn what_lies_beside_them_is_open() {
        for open in [
            "1.0.0.0",
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "2000::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1111",
            "3ffe::1",
            "3fff:1000::1",
        ] {
            assert!(is_public(parse(open)), "{open}");
        }
    }

    #[test]
    fn a_tunnel_is_as_closed_as_what_it_may_lead_to() {
        for closed in
            ["2002:7f00:1::", "64:ff9b::a9fe:a9fe", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:7f00:1"]
        {
            assert!(!is_public(parse(closed)), "{closed}");
        }
    }
}
