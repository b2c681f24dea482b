//! One side's descriptions over the life of a dialog.

use std::net::SocketAddr;

use sdp_types::Session;

use super::{Direction, MLine, Negotiated, Policy, RemoteDescription, SdpError, negotiate};

/// Our side of a dialog's offer/answer rounds: keeps the `o=` line, which
/// grows by one only when the rest has changed (RFC 3264 §8), and the m-lines.
#[derive(Debug, Clone)]
pub struct SdpSession {
    policy: Policy,
    local: SocketAddr,
    id: u64,
    version: u64,
    /// The last description sent, with version 0.
    last: Option<Session>,
    lines: Vec<MLine>,
    audio: usize,
    wanted: Direction,
    agreed: Option<Negotiated>,
}

impl SdpSession {
    /// A new session. `id` is any number unlikely to repeat; `local` is the
    /// advertised media address.
    #[must_use]
    pub fn new(policy: Policy, local: SocketAddr, id: u64) -> Self {
        Self {
            policy,
            local,
            id,
            version: 0,
            last: None,
            lines: Vec::new(),
            audio: 0,
            wanted: Direction::SendRecv,
            agreed: None,
        }
    }

    /// What is agreed now.
    #[must_use]
    pub fn agreed(&self) -> Option<Negotiated> {
        self.agreed
    }

    /// What we would do if the peer did both: `SendOnly` while we hold it.
    #[must_use]
    pub fn wanted(&self) -> Direction {
        self.wanted
    }

    /// The body of a new offer.
    #[must_use]
    pub fn offer(&mut self, wanted: Direction) -> Vec<u8> {
        self.wanted = wanted;
        let earlier = (!self.lines.is_empty()).then_some((self.lines.as_slice(), self.audio));
        let session = negotiate::offer(&self.policy, self.local, wanted, earlier);
        self.write(session)
    }

    /// Answers an offer.
    ///
    /// # Errors
    /// See [`SdpError`]; what was agreed before stays.
    pub fn answer(&mut self, offer: &[u8]) -> Result<(Vec<u8>, Negotiated), SdpError> {
        let offer = RemoteDescription::parse(offer)?;
        let (session, agreed) = negotiate::answer(&offer, &self.policy, self.local, self.wanted)?;
        self.lines = offer.lines;
        self.audio = offer.audio.index;
        self.agreed = Some(agreed);
        Ok((self.write(session), agreed))
    }

    /// Takes the answer to our last offer.
    ///
    /// # Errors
    /// See [`SdpError`]; what was agreed before stays.
    pub fn apply(&mut self, answer: &[u8]) -> Result<Negotiated, SdpError> {
        let answer = RemoteDescription::parse(answer)?;
        let offered = self.lines.len().max(1);
        let agreed = negotiate::apply(&answer, &self.policy, self.wanted, offered)?;
        if self.lines.is_empty() {
            self.lines = answer.lines;
        }
        self.audio = answer.audio.index;
        self.agreed = Some(agreed);
        Ok(agreed)
    }

    /// The last description sent, unchanged: for session refreshes.
    #[must_use]
    pub fn repeat(&self) -> Option<Vec<u8>> {
        self.last.clone().map(|session| self.render(session))
    }

    fn write(&mut self, session: Session) -> Vec<u8> {
        if self.last.as_ref() != Some(&session) {
            self.version += 1;
            self.last = Some(session.clone());
        }
        self.render(session)
    }

    fn render(&self, mut session: Session) -> Vec<u8> {
        session.origin.sess_id = self.id.to_string();
        session.origin.sess_version = self.version;
        let mut out = Vec::with_capacity(256);
        // Writing to memory cannot fail; a failure would leave an empty body,
        // which the peer refuses.
        if session.write(&mut out).is_err() {
            out.clear();
        }
        out
    }
}
