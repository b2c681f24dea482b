//! Everything of one person.

use std::collections::BTreeSet;

use offhook_model::{
    Timestamp,
    e164::E164,
    erasure::Places,
    id::{AccountId, CallId, DeletionId},
};
use offhook_store::{AboutDeliveries, Deletion};

use super::{
    BATCH, Erased, ErasureError, background, count, deliveries, empty, has_recording, recording, settle,
};
use crate::{app::App, error::ApiError};

/// Removes everything an account has of a person, looks everywhere for what is
/// left, and keeps the proof. Asked again, it removes what came meanwhile.
///
/// Calls keep their row without the number, the ledger of usage its ids; an
/// opt-out stays in force under a pseudonym.
///
/// # Errors
/// 409 while a call with the person goes on.
pub async fn person(app: &App, account: &AccountId, number: &E164) -> Result<Deletion, ApiError> {
    let requested_at = app.now();
    let number = number.as_str();
    if app.store().is_talking_with(account, number).await? {
        return Err(ApiError::conflict("A call with this number is going on. Try again when it is over."));
    }
    let Erased { removed, remaining } = erase(app, account, number).await?;
    let deletion = Deletion {
        id: DeletionId::new(requested_at, rand::random()),
        account_id: account.clone(),
        subject: app.store().pseudonym(account, number)?,
        removed,
        remaining,
        requested_at,
        finished_at: app.now(),
    };
    app.store().record_deletion(&deletion).await?;
    Ok(deletion)
}

async fn erase(app: &App, account: &AccountId, number: &str) -> Result<Erased, ErasureError> {
    let store = app.store();
    let about = AboutDeliveries::Text { text: number.to_owned(), since: Timestamp::UNIX_EPOCH };
    let mut removed = Places::default();
    let calls = calls(app, account, number, &mut removed).await?;
    for thread in store.threads_with(account, number).await? {
        removed += empty(app, account, &thread, None).await?;
        removed.media += background(app, account, &thread).await?;
        removed.conversations += u64::from(store.erase_thread(account, &thread).await?);
    }
    for group in store.groups_with(account, number).await? {
        removed += empty(app, account, &group, Some(number)).await?;
        removed.conversations += u64::from(store.leave_group(account, &group, number).await?);
    }
    removed += store.erase_person(account, number).await?;
    removed.deliveries += deliveries(app, account, &about, false).await?;
    removed.answers += store.answers_naming(account, number, true).await?;
    settle(app).await?;

    let mut remaining = store.rows_naming(account, number).await?;
    remaining.deliveries = count(app, account, &about).await?;
    remaining.answers = store.answers_naming(account, number, false).await?;
    for call in &calls {
        remaining.recordings += u64::from(has_recording(app, call).await?);
    }
    Ok(Erased { removed, remaining })
}

/// Removes what was said in every call with the person; which calls.
async fn calls(
    app: &App,
    account: &AccountId,
    number: &str,
    removed: &mut Places,
) -> Result<BTreeSet<CallId>, ErasureError> {
    let store = app.store();
    let mut seen = BTreeSet::new();
    loop {
        let batch = store.calls_naming(account, number, BATCH).await?;
        if batch.is_empty() {
            return Ok(seen);
        }
        for call in batch {
            let about = AboutDeliveries::Subject { id: call.id.to_string(), since: call.started_at };
            removed.recordings += u64::from(recording(app, account, &call.id).await?);
            *removed += store.erase_words(account, &call.id, app.now(), true).await?;
            removed.deliveries += deliveries(app, account, &about, false).await?;
            // Last: a call that still names the person is gone through again.
            removed.calls += u64::from(store.unname_call(account, &call.id, number).await?);
            seen.insert(call.id);
        }
    }
}
