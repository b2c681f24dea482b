//! Ports that no web server has.

/// Ports of other protocols, which a request might be mistaken for a command by.
/// Every other port is open: web servers of one's own are found on any.
///
/// Source: the Fetch standard, §2.9 "port blocking", as browsers have it.
const CLOSED: [u16; 82] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10080,
];

pub(super) fn is_closed(port: u16) -> bool {
    CLOSED.contains(&port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_servers_stay_open_and_mail_servers_closed() {
        assert!(CLOSED.is_sorted());
        for open in [80, 443, 3000, 5000, 8080, 8443, 65_535] {
            assert!(!is_closed(open), "{open}");
        }
        for closed in [0, 22, 25, 465, 5060, 6667] {
            assert!(is_closed(closed), "{closed}");
        }
    }
}
