//! A message as mail servers want it.

use offhook_model::Timestamp;

/// A plain message of a few ASCII lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// A name no other message has: letters, digits, `_`.
    pub id: String,
    /// Whom it is for: an address without white space.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The words, in lines of at most 998 characters.
    pub text: String,
}

impl Message {
    /// Head and body (RFC 5322), lines ending in CR LF.
    #[must_use]
    pub fn format(&self, from: &str, at: Timestamp) -> String {
        let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let head = [
            ("From", one_line(from)),
            ("To", one_line(&self.to)),
            ("Subject", one_line(&self.subject)),
            ("Date", date.to_string()),
            ("Message-ID", format!("<{}@{}>", one_line(&self.id), one_line(domain))),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", "text/plain; charset=utf-8".to_owned()),
            ("Auto-Submitted", "auto-generated".to_owned()),
        ];
        let head: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let body: String = self.text.lines().map(|line| format!("{line}\r\n")).collect();
        format!("{head}\r\n{body}")
    }
}

/// Nothing that could end a header.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str, text: &str) -> Message {
        Message { id: "ver_1".into(), to: to.into(), subject: "Code".into(), text: text.into() }
    }

    #[test]
    fn head_and_body_end_their_lines_as_mail_does() {
        let at = Timestamp::from_second(1_736_937_000).unwrap();
        assert_eq!(
            message("ada@example.com", "One\nTwo").format("offhook@example.org", at),
            "From: offhook@example.org\r\nTo: ada@example.com\r\nSubject: Code\r\n\
             Date: Wed, 15 Jan 2025 10:30:00 +0000\r\nMessage-ID: <ver_1@example.org>\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nAuto-Submitted: auto-generated\r\n\r\nOne\r\nTwo\r\n"
        );
    }

    #[test]
    fn an_address_adds_no_header() {
        let raw = message("a@b\r\nBcc: c@d", "x").format("o@e", Timestamp::UNIX_EPOCH);
        assert!(raw.contains("To: a@bBcc: c@d\r\n"));
    }
}
