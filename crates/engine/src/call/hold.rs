//! The other party puts us on hold.

use offhook_voice::line::Heard;

use super::Call;

impl Call {
    /// Tells the conversation; the stream has stopped sending by itself.
    pub(super) fn held(&self, held: bool) {
        tracing::debug!(call.id = %self.plan.call_id, held, "hold");
        self.hear(Heard::Held(held));
    }
}
