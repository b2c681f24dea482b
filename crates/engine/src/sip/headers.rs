//! Reading and making header values.

use offhook_sip::{
    refer::percent_decode,
    session_timer::{SessionExpires, TimerPolicy},
};
use rsipstack::sip::{Header, Headers, StatusCode, Uri};

/// Every method we answer.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, REGISTER";
/// Extensions we speak.
pub const SUPPORTED: &str = "timer";
/// Body type of offers and answers.
pub const SDP: &str = "application/sdp";

/// What a 503 says of when to come back: 10 s (RFC 3261 §20.33).
pub fn retry_after() -> Header {
    Header::RetryAfter("10".into())
}

/// The value of the first header of this name, trimmed.
pub fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|h| h.name().eq_ignore_ascii_case(name)).map(|h| h.value().trim())
}

/// The values of all headers of this name, trimmed.
pub fn values<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |h| h.name().eq_ignore_ascii_case(name)).map(|h| h.value().trim())
}

/// Whether a comma-separated header holds this token.
pub fn has_token(headers: &Headers, name: &str, token: &str) -> bool {
    headers
        .iter()
        .filter(|h| h.name().eq_ignore_ascii_case(name))
        .flat_map(|h| h.value().split(','))
        .any(|t| t.trim().eq_ignore_ascii_case(token))
}

/// Every token of a comma-separated header.
pub fn tokens<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .iter()
        .filter(move |h| h.name().eq_ignore_ascii_case(name))
        .flat_map(|h| h.value().split(','))
        .map(str::trim)
        .filter(|t| !t.is_empty())
}

/// Whether the body is of this media type; a body without a type is SDP.
pub fn is_type(headers: &Headers, wanted: &str) -> bool {
    value(headers, "Content-Type").map_or(wanted == SDP, |t| {
        t.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
    })
}

/// The user part of a name-addr or URI, percent-decoded; empty when there is none.
pub fn user_of(name_addr: &str) -> String {
    offhook_sip::refer::parse_refer_to(name_addr).map(|t| t.user).unwrap_or_default()
}

/// The user part of a parsed URI, percent-decoded.
pub fn user_of_uri(uri: &Uri) -> String {
    uri.user().map(percent_decode).unwrap_or_default()
}

/// `Allow` and `Supported`, for our requests and 2xx.
pub fn capabilities() -> Vec<Header> {
    vec![Header::Allow(ALLOW.into()), Header::Supported(SUPPORTED.into())]
}

/// `Content-Type: application/sdp`.
pub fn sdp_type() -> Header {
    Header::ContentType(SDP.into())
}

/// The timer headers of an INVITE of ours.
pub fn timer_request(policy: TimerPolicy) -> Vec<Header> {
    vec![
        Header::SessionExpires(policy.session_expires.as_secs().to_string().into()),
        Header::MinSE(policy.min_se.as_secs().to_string().into()),
    ]
}

/// The `Session-Expires` of a message; `x` is its compact form.
pub fn session_expires(headers: &Headers) -> Option<SessionExpires> {
    SessionExpires::parse(value(headers, "Session-Expires").or_else(|| value(headers, "x"))?)
}

/// A status with our own phrase where the stack knows none.
pub fn status(code: u16) -> StatusCode {
    StatusCode::from(code)
}
