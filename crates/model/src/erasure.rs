//! What was removed of somebody, and where.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much there is of somebody, place by place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "calls": 1, "turns": 12, "recordings": 1, "conversations": 1, "messages": 4, "media": 1, "reactions": 0,
    "contacts": 1, "locations": 0, "verifications": 0, "optOuts": 0, "deliveries": 9, "answers": 2
}))]
pub struct Places {
    /// Calls that name the person; the call's row stays without the number.
    pub calls: u64,
    /// Lines of transcripts.
    pub turns: u64,
    /// Recordings on disk.
    pub recordings: u64,
    /// Message threads, and groups that name the person.
    pub conversations: u64,
    /// Messages.
    pub messages: u64,
    /// Copies of pictures and files on disk.
    pub media: u64,
    /// Reactions to messages.
    pub reactions: u64,
    /// Entries of the address book.
    pub contacts: u64,
    /// Shared locations.
    pub locations: u64,
    /// One-time codes that were sent.
    pub verifications: u64,
    /// Opt-outs that name the number; they stay in force under a pseudonym.
    pub opt_outs: u64,
    /// Webhook deliveries with their bodies and attempts.
    pub deliveries: u64,
    /// Answers kept for repeated requests.
    pub answers: u64,
}

impl Places {
    /// Whether nothing is anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Places {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.turns += other.turns;
        self.recordings += other.recordings;
        self.conversations += other.conversations;
        self.messages += other.messages;
        self.media += other.media;
        self.reactions += other.reactions;
        self.contacts += other.contacts;
        self.locations += other.locations;
        self.verifications += other.verifications;
        self.opt_outs += other.opt_outs;
        self.deliveries += other.deliveries;
        self.answers += other.answers;
    }
}
