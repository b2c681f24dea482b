//! Repairs messages on their way out.

use offhook_sip::refer::percent_decode;
use rsipstack::{
    sip::{Header, Request, SipMessage},
    transaction::endpoint::MessageInspector,
    transport::SipAddr,
};

/// Mends what rsipstack 0.7.14 writes wrongly.
pub struct Repair;

impl MessageInspector for Repair {
    fn before_send(&self, msg: SipMessage, _dest: Option<&SipAddr>) -> SipMessage {
        match msg {
            SipMessage::Request(request) => repair(request).into(),
            SipMessage::Response(response) => response.into(),
        }
    }

    fn after_received(&self, msg: SipMessage, _from: Option<&SipAddr>) -> SipMessage {
        msg
    }
}

fn repair(mut request: Request) -> Request {
    for header in request.headers.iter_mut() {
        let value = unquote_qop(header.value());
        match header {
            Header::Authorization(field) => *field = value.into(),
            Header::ProxyAuthorization(field) => *field = value.into(),
            _ => {}
        }
    }
    // URIs are not decoded when read but encoded when written: `%2B` would
    // leave as `%252B`.
    if let Some(auth) = &mut request.uri.auth
        && auth.user.contains('%')
    {
        auth.user = percent_decode(&auth.user);
    }
    request
}

/// The `qop` of a request must not be quoted (RFC 7616 §3.4).
fn unquote_qop(value: &str) -> String {
    value.replace("qop=\"auth\"", "qop=auth").replace("qop=\"auth-int\"", "qop=auth-int")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qop_leaves_without_quotes_and_escaped_users_leave_once_escaped() {
        let text = "INVITE sip:%2B1415@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n\
            To: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\
            Proxy-Authorization: Digest username=\"a\", qop=\"auth\", nc=00000001\r\nContent-Length: 0\r\n\r\n";
        let request = Request::try_from(text.as_bytes().to_vec()).unwrap();
        let repaired = repair(request).to_string();
        assert!(repaired.starts_with("INVITE sip:+1415@h SIP/2.0"), "{repaired}");
        assert!(
            repaired.contains("Proxy-Authorization: Digest username=\"a\", qop=auth, nc=00000001"),
            "{repaired}"
        );
    }
}
