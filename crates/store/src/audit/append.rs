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
    INSERT_8 = "INSERT INTO audit_entries (account_id, sequence, at, source, key_id, key_account_id, operation,
        method, route, resource_id, within_id, address, status, request_id, hash)
        VALUES
        ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15),
        ($16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30),
        ($31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45),
        ($46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60),
        ($61, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75),
        ($76, $77, $78, $79, $80, $81, $82, $83, $84, $85, $86, $87, $88, $89, $90),
        ($91, $92, $93, $94, $95, $96, $97, $98, $99, $100, $101, $102, $103, $104, $105),
        ($106, $107, $108, $109, $110, $111, $112, $113, $114, $115, $116, $117, $118, $119, $120)";
}

/// Rows of one [`INSERT_8`]: a round trip to the server costs more than a row.
const TOGETHER: usize = 8;

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
        let mut rows = Vec::with_capacity(chain.len());
        for entry in chain {
            let entry = as_stored(entry.clone(), &head);
            let sequence = head.sequence + 1;
            let hash = entry.hash(sequence, &head.hash)?;
            head = Head { sequence, at: entry.at, hash };
            rows.push(values(entry, &head));
        }
        let mut together = rows.chunks_exact(TOGETHER);
        for eight in &mut together {
            tx.execute(&INSERT_8, eight.concat()).await?;
        }
        for row in together.remainder() {
            tx.execute(&INSERT, row.clone()).await?;
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
