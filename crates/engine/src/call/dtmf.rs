//! Digits the agent presses.

use offhook_voice::line::Heard;

use super::Call;

impl Call {
    /// Sends digits; what cannot be sent counts as sent, so that the
    /// conversation goes on.
    pub(super) fn send_digits(&self, digits: &str) {
        if let Err(error) = self.leg.send_digits(digits) {
            tracing::warn!(call.id = %self.plan.call_id, %error, "digits could not be sent");
            self.hear(Heard::DigitsSent);
        }
    }
}
