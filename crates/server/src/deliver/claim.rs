//! Choosing what to send next, and claiming it.

use std::collections::HashMap;

use offhook_model::{Timestamp, id::EventId};
use offhook_store::{ClaimedEvent, Endpoint, Lane, StoreError};

use super::{LEASE, runtime::Slot};
use crate::app::App;

/// Most events claimed at once.
const BATCH: u32 = 256;
/// Endpoints looked at in one pass where the head of the lane is blocked.
const ENDPOINTS: u32 = 256;

/// An event of ours, and its place at its endpoint.
pub(super) type Taken = (ClaimedEvent, Slot);

/// What a pass over a lane gave.
pub(super) struct Pass {
    /// To be sent now.
    pub(super) taken: Vec<Taken>,
    /// Whether something that is due was left.
    pub(super) left_some: bool,
}

/// Where the last pass around a blocked head ended; the next goes on there, so
/// that every endpoint has its turn.
#[derive(Debug, Default)]
pub(super) struct Turn(Option<Endpoint>);

/// Claims up to `room` events of a lane whose endpoints have places.
pub(super) async fn claim(app: &App, lane: Lane, room: u32, turn: &mut Turn) -> Result<Pass, StoreError> {
    let now = app.now();
    let limit = room.min(BATCH);
    let due = app.store().due_events(lane, now, limit).await?;
    let is_full = due.len() >= limit as usize;
    let mut left_some = is_full;
    let mut chosen: Vec<(EventId, Slot)> = Vec::new();
    for event in due {
        let slot = if event.is_held { None } else { app.deliveries().take(&event.endpoint, lane, now) };
        match slot {
            Some(slot) => chosen.push((event.id, slot)),
            None => left_some = true,
        }
    }
    if is_full && chosen.len() < limit as usize {
        around(app, lane, now, limit, turn, &mut chosen).await?;
    }
    let ids: Vec<EventId> = chosen.iter().map(|(id, _)| id.clone()).collect();
    let mut slots: HashMap<EventId, Slot> = chosen.into_iter().collect();
    let owner = &app.calls().incarnation;
    let claimed = app.store().claim_events(owner, now, LEASE, &ids).await?;
    // Whatever another worker took first gives its place back here.
    let taken = claimed
        .into_iter()
        .filter_map(|claimed| slots.remove(&claimed.lease.event_id).map(|slot| (claimed, slot)))
        .collect();
    Ok(Pass { taken, left_some })
}

/// Looks past a head full of what may not be sent: endpoint by endpoint, an
/// equal share for each that has places.
async fn around(
    app: &App,
    lane: Lane,
    now: Timestamp,
    limit: u32,
    turn: &mut Turn,
    chosen: &mut Vec<(EventId, Slot)>,
) -> Result<(), StoreError> {
    let found = app.store().waiting_endpoints(lane, turn.0.as_ref(), ENDPOINTS).await?;
    let goes_on = found.len() >= ENDPOINTS as usize;
    turn.0 = if goes_on { found.last().map(|(endpoint, _)| endpoint.clone()) } else { None };
    let ready: Vec<(Endpoint, u32)> = found
        .into_iter()
        .filter(|(_, due)| *due <= now)
        .map(|(endpoint, _)| {
            let room = app.deliveries().with(|all| all.room(&endpoint, lane, now));
            (endpoint, room)
        })
        .filter(|(_, room)| *room > 0)
        .collect();
    let left = limit.saturating_sub(u32::try_from(chosen.len()).unwrap_or(limit));
    let share = left.div_ceil(u32::try_from(ready.len()).unwrap_or(1).max(1)).max(1);
    for (endpoint, room) in ready {
        let left = (limit as usize).saturating_sub(chosen.len());
        if left == 0 {
            break;
        }
        // Its first ones may be among those chosen from the head.
        let known = u32::try_from(chosen.len()).unwrap_or(limit);
        let wanted = room.min(share).min(u32::try_from(left).unwrap_or(limit));
        let due = app.store().due_events_of(lane, &endpoint, now, known + wanted).await?;
        let mut taken = 0;
        for id in due {
            if taken >= wanted || chosen.iter().any(|(other, _)| *other == id) {
                continue;
            }
            let Some(slot) = app.deliveries().take(&endpoint, lane, now) else { break };
            chosen.push((id, slot));
            taken += 1;
        }
    }
    Ok(())
}
