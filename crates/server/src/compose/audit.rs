//! The audit log's chains, read on the database itself: for the command line.

use offhook_store::{Store, StoreError, StoreOptions};

/// One account's chain, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The account.
    pub account: String,
    /// Entries that fit, from the first.
    pub entries: i64,
    /// Hash of the last one that fits.
    pub hash: String,
    /// The first thing that does not.
    pub fault: Option<String>,
}

/// Checks every account's chain; a server may be running.
///
/// # Errors
/// What the database answers.
pub async fn verify(store_url: &str) -> Result<Vec<Chain>, StoreError> {
    let store = Store::connect(store_url, StoreOptions::default()).await?;
    let mut chains = Vec::new();
    for account in store.audited_accounts().await? {
        let verdict = store.verify_audit(&account).await?;
        chains.push(Chain {
            account: account.to_string(),
            entries: verdict.entries,
            hash: verdict.hash,
            fault: verdict.fault.map(|fault| fault.to_string()),
        });
    }
    store.close().await;
    Ok(chains)
}
