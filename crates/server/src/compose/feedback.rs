//! Feedback, read from the database itself: for the command line.

use offhook_store::{Feedback, StoreError};

use super::open;

/// The latest feedback of every account, newest first.
///
/// # Errors
/// What the database answers.
pub async fn list(store_url: &str, limit: u32) -> Result<Vec<Feedback>, StoreError> {
    let (store, _) = open(store_url).await?;
    let found = store.latest_feedback(limit).await?;
    store.close().await;
    Ok(found)
}
