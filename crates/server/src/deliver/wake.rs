//! When the worker looks at the outbox by itself.

use std::time::{Duration, Instant};

use offhook_model::Timestamp;
use offhook_store::Lane;

use super::STORE_PAUSE;
use crate::app::App;

/// Longest sleep between two looks at the outbox.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// Shortest, so that a moment that is about to come is not asked for in a circle.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// How long an answer of the store about what is due next is believed.
const BELIEVED: Duration = Duration::from_millis(100);

/// Knows when something becomes due.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    asked: Option<Instant>,
}

impl Alarm {
    /// How long there is nothing to do, unless somebody rings.
    ///
    /// A worker that is rung a hundred times a second does not ask the store
    /// as often: it looks again a little later instead.
    pub(super) async fn sleep(&mut self, app: &App) -> Duration {
        if let Some(left) = self.asked.and_then(|asked| BELIEVED.checked_sub(asked.elapsed())) {
            return left.max(SHORTEST_SLEEP);
        }
        self.asked = Some(Instant::now());
        let now = app.now();
        let mut next = app.deliveries().with(|all| all.next_probe()).filter(|probe| *probe > now);
        for lane in Lane::ALL {
            match app.store().next_event_due(lane, now).await {
                Ok(due) => next = sooner(next, due),
                Err(_) => return STORE_PAUSE,
            }
        }
        let Some(next) = next else { return LONGEST_SLEEP };
        let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
        wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
    }
}

fn sooner(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}
