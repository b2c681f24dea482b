//! Balances, handled on the database itself: for the command line.

use offhook_model::{Timestamp, id::AccountId};
pub use offhook_store::Balance;
use offhook_store::StoreError;

use super::open;

/// Adds to a balance, of the first account when none is named; what is left
/// then. None when there is no such account.
///
/// # Errors
/// What the database answers.
pub async fn credit(
    store_url: &str,
    account: Option<&str>,
    micros: i64,
    note: &str,
) -> Result<Option<Balance>, StoreError> {
    let (store, first) = open(store_url).await?;
    let account = account.map_or(first, AccountId::from);
    let balance = store.credit(&account, micros, note, Timestamp::now()).await?;
    store.close().await;
    Ok(balance)
}

/// A balance, of the first account when none is named; none when there is no
/// such account.
///
/// # Errors
/// What the database answers.
pub async fn show(store_url: &str, account: Option<&str>) -> Result<Option<Balance>, StoreError> {
    let (store, first) = open(store_url).await?;
    let account = account.map_or(first, AccountId::from);
    let balance = store.balance(&account).await?;
    store.close().await;
    Ok(balance)
}
