//! SIP addresses and networks that tenants name.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Longest address.
const LONGEST: usize = 255;

/// The host of a SIP address: what comes between user and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SipHost {
    /// An IP address.
    Ip(IpAddr),
    /// A name, in lower case.
    Name(String),
}

/// Reads `sip:` and `sips:` addresses as RFC 3261 §19.1 writes them, headers
/// left out; answers the host.
#[must_use]
pub fn host(text: &str) -> Option<SipHost> {
    let visible = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\'));
    if text.len() > LONGEST || !visible {
        return None;
    }
    let (scheme, rest) = text.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
        return None;
    }
    let rest = match rest.split_once('@') {
        Some(("", _)) => return None,
        Some((_, rest)) => rest,
        None => rest,
    };
    let (place, parameters) = rest.split_once(';').unwrap_or((rest, "x"));
    if parameters.split(';').any(|parameter| !is_parameter(parameter)) {
        return None;
    }
    let (host, port) = split_port(place)?;
    if port.is_some_and(|port| !is_port(port)) {
        return None;
    }
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(|ip| SipHost::Ip(ip.into()));
    }
    if let Ok(ip) = host.parse() {
        return Some(SipHost::Ip(IpAddr::V4(ip)));
    }
    is_name(host).then(|| SipHost::Name(host.to_ascii_lowercase()))
}

/// A network; a single address is the network of itself.
#[must_use]
pub fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Host and port; a colon inside brackets belongs to the host.
fn split_port(place: &str) -> Option<(&str, Option<&str>)> {
    let after = place.rfind(']').map_or(0, |at| at + 1);
    match place[after..].split_once(':') {
        None => Some((place, None)),
        Some((_, "")) => None,
        Some((before, port)) => Some((&place[..after + before.len()], Some(port))),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_parameter(text: &str) -> bool {
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let token = |text: &str| !text.is_empty() && !text.contains(['@', ':', '?', '=', ',']);
    token(name) && value.is_none_or(token)
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    // The last label of a name is no number; else it is a broken IPv4 address.
    let numeric = labels.last().is_none_or(|last| last.bytes().all(|b| b.is_ascii_digit()));
    host.len() <= 253 && !numeric && labels.into_iter().all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_equipment_are_read() {
        let name = |name: &str| Some(SipHost::Name(name.to_owned()));
        assert_eq!(host("sip:pbx.example.com"), name("pbx.example.com"));
        assert_eq!(host("sip:PBX.example.com:5061;transport=tls"), name("pbx.example.com"));
        assert_eq!(host("sips:line-1@pbx.example.com"), name("pbx.example.com"));
        assert_eq!(host("SIP:pbx;lr"), name("pbx"));
        assert_eq!(host("sip:198.51.100.7:5060"), Some(SipHost::Ip([198, 51, 100, 7].into())));
        assert_eq!(host("sip:a@[2001:db8::1]:5060"), Some(SipHost::Ip("2001:db8::1".parse().unwrap())));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "sip:",
            "sip:@host",
            "pbx.example.com",
            "http://pbx.example.com",
            "tel:+14155550100",
            "sip:a b",
            "sip:host:0",
            "sip:host:65536",
            "sip:host:",
            "sip:host:5a",
            "sip:1.2.3.4.5",
            "sip:256.1.1.1",
            "sip:-a.example",
            "sip:[::1",
            "sip:host;",
            "sip:host;a=b=c",
            "sip:host?Route=x",
            "sip:<host>",
            "sip:h\u{f6}st.example",
            "sip:host\r\nVia: x",
        ] {
            assert_eq!(host(text), None, "{text}");
        }
        assert_eq!(host(&format!("sip:{}.example", "a".repeat(250))), None);
    }

    #[test]
    fn networks_and_single_addresses_are_read() {
        assert_eq!(network("203.0.113.4/32").map(|net| net.to_string()).as_deref(), Some("203.0.113.4/32"));
        assert_eq!(network("203.0.113.4").map(|net| net.to_string()).as_deref(), Some("203.0.113.4/32"));
        assert_eq!(network("2001:db8::/32").map(|net| net.to_string()).as_deref(), Some("2001:db8::/32"));
        for text in ["", "203.0.113.4/33", "203.0.113", "pbx.example.com", "::/129", "1.2.3.4/ 8"] {
            assert_eq!(network(text), None, "{text}");
        }
    }
}
