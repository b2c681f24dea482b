//! Blind transfer by REFER: the requests' contents (RFC 3515, RFC 3892).

/// Where a REFER wants the call to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferTarget {
    /// The whole URI, without angle brackets and header parameters.
    pub uri: String,
    /// Its user part, percent-decoded.
    pub user: String,
    /// Whether it carries `Replaces` (attended transfer, RFC 3891).
    pub has_replaces: bool,
}

/// Reads a `Refer-To` value; none when it is not a SIP or tel URI.
#[must_use]
pub fn parse_refer_to(value: &str) -> Option<ReferTarget> {
    let inner = match (value.find('<'), value.find('>')) {
        (Some(open), Some(close)) if open < close => value.get(open + 1..close)?,
        (None, None) => value.split(';').next()?,
        _ => return None,
    }
    .trim();
    let (uri, headers) = inner.split_once('?').unwrap_or((inner, ""));
    let has_replaces = headers
        .split('&')
        .any(|h| h.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case("replaces")));
    let (scheme, rest) = uri.split_once(':')?;
    let user = match scheme.to_ascii_lowercase().as_str() {
        "sip" | "sips" => rest.split_once('@').map_or("", |(user, _)| user),
        "tel" => rest,
        _ => return None,
    };
    let user = user.split([';', ':']).next().unwrap_or_default();
    Some(ReferTarget { uri: uri.to_owned(), user: percent_decode(user), has_replaces })
}

/// Decodes `%xx`; what is not an escape stays.
#[must_use]
pub fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let escape = (byte == b'%')
            .then(|| bytes.get(i + 1..i + 3))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escape {
            Some(decoded) => {
                out.push(decoded);
                i += 3;
            }
            None => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a NOTIFY says of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferProgress {
    /// The SIP status of the referred call so far.
    pub status: u16,
    /// No more NOTIFY will come.
    pub is_terminated: bool,
}

impl TransferProgress {
    /// Reads a NOTIFY's headers and `message/sipfrag` body.
    #[must_use]
    pub fn parse(event: &str, subscription_state: &str, body: &[u8]) -> Option<Self> {
        let package = event.split(';').next()?.trim();
        if !package.eq_ignore_ascii_case("refer") {
            return None;
        }
        let state = subscription_state.split(';').next()?.trim();
        let is_terminated = state.eq_ignore_ascii_case("terminated");
        let text = std::str::from_utf8(body).ok()?;
        let line = text.lines().find(|l| l.starts_with("SIP/2.0 "))?;
        let status = line.split_whitespace().nth(1)?.parse().ok()?;
        (100..700).contains(&status).then_some(Self { status, is_terminated })
    }

    /// Whether the transfer has come to its end, and how; none while it runs.
    ///
    /// A final status ends it even when the subscription stays open: several
    /// phones never send `terminated`.
    #[must_use]
    pub fn outcome(self) -> Option<Result<(), u16>> {
        match self.status {
            200..300 => Some(Ok(())),
            300.. => Some(Err(self.status)),
            // Terminated on a provisional status: the peer stops reporting,
            // as phones do that release us at once (RFC 5057 §5.2).
            _ if self.is_terminated => Some(Ok(())),
            _ => None,
        }
    }

    /// `Subscription-State` for this report.
    #[must_use]
    pub fn subscription_state(self) -> &'static str {
        if self.is_terminated { "terminated;reason=noresource" } else { "active;expires=60" }
    }

    /// The `message/sipfrag` body, with the standard phrase.
    #[must_use]
    pub fn sipfrag(self, phrase: &str) -> Vec<u8> {
        format!("SIP/2.0 {} {}\r\n", self.status, phrase).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refer_to_is_read_with_and_without_brackets() {
        let target = parse_refer_to("<sip:%2B14155550100@host:5070;transport=tcp>").unwrap();
        assert_eq!(target.user, "+14155550100");
        assert!(!target.has_replaces);
        assert_eq!(parse_refer_to("sip:bob@host;x=y").unwrap().uri, "sip:bob@host");
        assert_eq!(
            parse_refer_to("\"Bob\" <tel:+14155550100;phone-context=x>").unwrap().user,
            "+14155550100"
        );
        assert!(parse_refer_to("<sip:a@b?Replaces=1%40x%3Bto-tag%3D2>").unwrap().has_replaces);
        assert_eq!(parse_refer_to("http://example.com"), None);
        assert_eq!(parse_refer_to("> <"), None);
    }

    #[test]
    fn notify_tells_the_outcome() {
        let ringing =
            TransferProgress::parse("refer", "active;expires=60", b"SIP/2.0 180 Ringing\r\n").unwrap();
        assert_eq!(ringing.outcome(), None);
        let done =
            TransferProgress::parse("refer;id=2", "terminated;reason=noresource", b"SIP/2.0 200 OK").unwrap();
        assert_eq!(done.outcome(), Some(Ok(())));
        let busy = TransferProgress::parse("refer", "terminated", b"SIP/2.0 486 Busy Here\r\n").unwrap();
        assert_eq!(busy.outcome(), Some(Err(486)));
        assert_eq!(TransferProgress::parse("presence", "active", b"SIP/2.0 200 OK"), None);
        assert_eq!(TransferProgress::parse("refer", "active", b"\xff\xfe"), None);
    }
}
