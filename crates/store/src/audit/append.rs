//! Adding to the chains: many entries share one transaction.

use offhook_model::{Timestamp, id::AccountId};

use super::{AuditEntry, BEGINNING};
use crate::{
    Store, StoreError,
    conn::Conn,
    statement::statements,
    value::{Value, args, without_nul},
};

/// The newest entry of a chain.
pub(super) struct Head {
    pub(super) sequence: i64,
    pub(super) at: Timestamp,
    pub(super) hash: String,
}

statements! {
    HEAD = "SELECT sequence, at, hash FROM audit_chains WHERE account_id = $1 /*pg: FOR UPDATE */";
    BEGIN = "INSERT INTO audit_chains (account_id, sequence, at, hash) VALUES ($1, 0, 0, $2)
        ON CONFLICT (account_id) DO NOTHING";
    ADVANCE = "UPDATE audit_chains SET sequence = $2, at = $3, hash = $4 WHERE account_id = $1";
    INSERT = "INSERT INTO audit_entries (account_id, sequence, at, source, key_id, key_account_id, operation,
        method, route, resource_id, within_id, address, status, request_id, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
}

impl Store {
    /// Adds entries to their accounts' chains, in the order given, in one
    /// transaction: all are durable on return, or none is kept.
    pub async fn append_audit(&self, mut entries: Vec<AuditEntry>) -> Result<(), StoreError> {
        // Chains are locked in one order on every node. The sort is stable.
        entries.sort_by(|a, b| a.account_id.cmp(&b.account_id));
        self.write(move |tx| {
            let entries = entries.clone();
            Box::pin(async move { append(tx, &entries).await })
        })
        .await
    }
}

/// Adds entries inside a transaction; those of one account stand together.
pub(crate) async fn append(tx: &mut Conn, entries: &[AuditEntry]) -> Result<(), StoreError> {
    for chain in entries.chunk_by(|a, b| a.account_id == b.account_id) {
        let Some(first) = chain.first() else { continue };
        let account = &first.account_id;
        let mut head = match lock(tx, account).await? {
            Some(head) => head,
            None => {
                tx.execute(&BEGIN, args![account, BEGINNING]).await?;
                lock(tx, account).await?.ok_or_else(|| StoreError::corrupt("audit_chains: a row vanished"))?
            }
        };
        for entry in chain {
            let entry = as_stored(entry.clone(), &head);
            let sequence = head.sequence + 1;
            let hash = entry.hash(sequence, &head.hash)?;
            head = Head { sequence, at: entry.at, hash };
            tx.execute(&INSERT, values(entry, &head)).await?;
        }
        tx.execute(&ADVANCE, args![account, head.sequence, head.at, head.hash]).await?;
    }
    Ok(())
}

/// The entry as it will be read back: its hash must fit then.
fn as_stored(entry: AuditEntry, head: &Head) -> AuditEntry {
    let text = |text: Option<String>| text.map(without_nul);
    AuditEntry {
        at: entry.at.max(head.at),
        resource_id: text(entry.resource_id),
        within_id: text(entry.within_id),
        address: text(entry.address),
        request_id: text(entry.request_id),
        ..entry
    }
}

async fn lock(tx: &mut Conn, account: &AccountId) -> Result<Option<Head>, StoreError> {
    tx.optional(&HEAD, args![account])
        .await?
        .map(|row| Ok(Head { sequence: row.int("sequence")?, at: row.time("at")?, hash: row.text("hash")? }))
        .transpose()
}

fn values(entry: AuditEntry, head: &Head) -> Vec<Value> {
    args![
        &entry.account_id,
        head.sequence,
        entry.at,
        entry.source.as_str(),
        entry.key_id.as_ref(),
        entry.key_account_id.as_ref(),
        entry.operation,
        entry.method,
        entry.route,
        entry.resource_id,
        entry.within_id,
        entry.address,
        entry.status.map(i64::from),
        entry.request_id,
        &head.hash
    ]
}
