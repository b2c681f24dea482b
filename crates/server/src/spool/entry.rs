//! One report of a call, as a line of the file.
//!
//! `<length> <checksum> <JSON>\n`, both numbers eight hexadecimal digits. What
//! was only half written when the process died does not fit its checksum.

use offhook_model::{id::CallId, report::CallReport};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calls::live::Owner;

/// Bytes before the JSON.
const HEAD: usize = 18;
/// Longest JSON that is read back; a webhook's request and reply fit many times.
const LONGEST: usize = 16 * 1024 * 1024;

/// A report, with what is needed to write it down later, perhaps by the next
/// start of the process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The incarnation that held the call.
    pub incarnation: String,
    /// The call.
    pub call: CallId,
    /// Whose it is.
    pub owner: Owner,
    /// What it reported.
    pub report: CallReport,
}

/// How much a report matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// An exchange with a webhook: only a row of the delivery log.
    Exchange,
    /// A step or a turn.
    Step,
    /// The end: without it the call seems to go on.
    End,
}

impl Entry {
    /// How much it matters.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match self.report {
            CallReport::Exchange(_) => Weight::Exchange,
            CallReport::Ringing { .. } | CallReport::Answered { .. } | CallReport::Turn(_) => Weight::Step,
            CallReport::Ended(_) => Weight::End,
        }
    }

    /// The line; none if it is too long to be read back.
    #[must_use]
    pub fn to_line(&self) -> Option<Vec<u8>> {
        let json = serde_json::to_string(self).ok().filter(|json| json.len() <= LONGEST)?;
        Some(format!("{:08x} {} {json}\n", json.len(), checksum(json.as_bytes())).into_bytes())
    }

    /// Reads the line that `bytes` begin with: the entry and the length of its
    /// line. None where no whole line is.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<(Self, usize)> {
        let head = std::str::from_utf8(bytes.get(..HEAD)?).ok()?;
        let (length, sum) = head.strip_suffix(' ')?.split_once(' ')?;
        let length = usize::from_str_radix(length, 16).ok().filter(|length| *length <= LONGEST)?;
        let json = bytes.get(HEAD..HEAD + length)?;
        if bytes.get(HEAD + length) != Some(&b'\n') || checksum(json) != sum {
            return None;
        }
        Some((serde_json::from_slice(json).ok()?, HEAD + length + 1))
    }
}

/// The first 32 bits of SHA-256, in hexadecimal.
fn checksum(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..4])
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use offhook_model::{
        Timestamp,
        call::EndReason,
        report::{Ended, Role, Turn, WebhookExchange},
    };

    use super::*;

    pub(in crate::spool) fn entry(call: &str, report: CallReport) -> Entry {
        let owner = Owner { account: "acct_1".into(), agent: "agt_1".into(), own_webhook: true };
        Entry { incarnation: "boot-1".to_owned(), call: call.into(), owner, report }
    }

    pub(in crate::spool) fn turn(index: u32, text: &str) -> CallReport {
        CallReport::Turn(Turn {
            index,
            role: Role::User,
            text: text.to_owned(),
            confidence: Some(0.5),
            at: Timestamp::UNIX_EPOCH,
            interrupted: false,
            latency: None,
        })
    }

    pub(in crate::spool) fn end() -> CallReport {
        CallReport::Ended(Ended {
            reason: EndReason::UserHangup,
            at: Timestamp::UNIX_EPOCH,
            talk_time: Duration::from_millis(1_234),
            recording: Some("a.wav".into()),
        })
    }

    pub(in crate::spool) fn exchange(body: String) -> CallReport {
        CallReport::Exchange(WebhookExchange {
            delivery_id: "d".to_owned(),
            request_body: body,
            http_status: Some(200),
            error: None,
            response_body: None,
            at: Timestamp::UNIX_EPOCH,
            took: Duration::from_millis(7),
        })
    }

    #[test]
    fn every_kind_of_report_is_read_back_as_it_was() {
        let at = Timestamp::UNIX_EPOCH;
        for report in [
            CallReport::Ringing { at },
            CallReport::Answered { at },
            turn(3, "zwei\nZeilen \u{1F600}"),
            exchange("{}".to_owned()),
            end(),
        ] {
            let line = entry("call_1", report).to_line().unwrap();
            let (read, length) = Entry::from_bytes(&line).unwrap();
            assert_eq!((length, read.to_line().unwrap()), (line.len(), line));
        }
    }

    #[test]
    fn a_line_that_is_cut_or_changed_anywhere_is_none() {
        let line = entry("call_1", turn(0, "hello")).to_line().unwrap();
        for end in 0..line.len() {
            assert!(Entry::from_bytes(&line[..end]).is_none(), "cut at {end}");
        }
        for at in 0..line.len() {
            let mut changed = line.clone();
            changed[at] ^= 0x01;
            assert!(Entry::from_bytes(&changed).is_none(), "changed at {at}");
        }
        assert!(Entry::from_bytes(&[0; 64]).is_none());
        assert!(Entry::from_bytes(b"ffffffff 00000000 {}").is_none());
    }
}
