//! Recording, from the answer to the end.

use std::{path::PathBuf, time::Duration};

use offhook_model::plan::CallPlan;

use super::Call;
use crate::{
    leg::Leg,
    media::{Recording, RecordingError},
};

/// How long the disk may take to sync a recording before the call is reported
/// as over without waiting further.
const SYNC: Duration = Duration::from_secs(5);

/// Starts recording if the plan wants it.
pub(super) fn begin(leg: &Leg, plan: &CallPlan) -> Option<Recording> {
    plan.recording.clone().map(|path| leg.record(path))
}

impl Call {
    /// Ends the recording; none when nothing was kept.
    pub(super) async fn finish_recording(&mut self) -> Option<PathBuf> {
        let recording = self.recording.take()?;
        let path = recording.path().to_owned();
        match tokio::time::timeout(SYNC, recording.finish()).await {
            Ok(Ok(summary)) => Some(summary.path),
            Ok(Err(error)) => {
                tracing::error!(call.id = %self.plan.call_id, %error, "a recording failed");
                // What was written until then is a valid file.
                (!matches!(error, RecordingError::Create { .. } | RecordingError::Stopped)).then_some(path)
            }
            Err(_) => {
                tracing::warn!(call.id = %self.plan.call_id, "a recording is slow to reach the disk");
                Some(path)
            }
        }
    }
}
