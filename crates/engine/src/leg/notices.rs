//! INFO: digits of peers that send no RTP events.

use rsipstack::{dialog::dialog::TransactionHandle, sip::Request};

use super::{
    LegEvent,
    actor::{Actor, respond},
};
use crate::sip::headers;

impl Actor {
    pub(super) async fn info(&mut self, request: &Request, handle: &TransactionHandle) {
        let body = String::from_utf8_lossy(&request.body);
        let digit = if headers::is_type(&request.headers, "application/dtmf-relay") {
            relay_digit(&body)
        } else if headers::is_type(&request.headers, "application/dtmf") {
            one_digit(&body)
        } else if request.body.is_empty() {
            return respond(handle, 200, vec![], None).await;
        } else {
            return respond(handle, 415, vec![], None).await;
        };
        match digit {
            Some(digit) => {
                respond(handle, 200, vec![], None).await;
                if !self.has_rtp_digits {
                    self.emit(LegEvent::Digit(digit));
                }
            }
            None => respond(handle, 400, vec![], None).await,
        }
    }
}

/// `Signal=5` among the lines of a dtmf-relay body.
fn relay_digit(body: &str) -> Option<char> {
    body.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("signal").then(|| one_digit(value)).flatten()
    })
}

/// One key, or its event number (10 is `*`, 11 `#`).
fn one_digit(text: &str) -> Option<char> {
    match text.trim() {
        "10" => Some('*'),
        "11" => Some('#'),
        text => {
            let mut chars = text.chars();
            let digit = chars.next()?.to_ascii_uppercase();
            (chars.next().is_none() && "0123456789*#ABCD".contains(digit)).then_some(digit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_from_both_kinds_of_info() {
        assert_eq!(relay_digit("Signal=5\r\nDuration=160\r\n"), Some('5'));
        assert_eq!(relay_digit("Duration = 100\nSignal = #"), Some('#'));
        assert_eq!(relay_digit("Signal=55"), None);
        assert_eq!(relay_digit(""), None);
        assert_eq!(one_digit("11"), Some('#'));
        assert_eq!(one_digit("d\r\n"), Some('D'));
        assert_eq!(one_digit("x"), None);
    }
}
