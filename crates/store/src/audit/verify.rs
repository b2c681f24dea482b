//! Whether a chain is as it was written.

use offhook_model::id::AccountId;

use super::{BEGINNING, StoredAuditEntry};
use crate::{Store, StoreError, statement::statements, value::args};

/// Entries read in one go.
const BATCH: u32 = 1_000;

/// What verifying a chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Whose chain.
    pub account_id: AccountId,
    /// Entries that fit, from the first.
    pub entries: i64,
    /// Hash of the last entry that fits. Kept elsewhere, it later proves that
    /// nobody wrote the whole chain anew.
    pub hash: String,
    /// The first thing that does not fit.
    pub fault: Option<AuditFault>,
}

/// How a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// An entry is gone.
    #[error("entry {sequence} is missing")]
    Missing {
        /// Its place.
        sequence: i64,
    },
    /// An entry, or its hash, was changed.
    #[error("entry {sequence} was changed")]
    Changed {
        /// Its place.
        sequence: i64,
    },
    /// Entries stand behind the end of the chain.
    #[error("entry {sequence} was added behind the end of the chain")]
    Added {
        /// The first one's place.
        sequence: i64,
    },
    /// The chain's end is not the last entry.
    #[error("the end of the chain does not name its last entry")]
    End,
}

statements! {
    ACCOUNTS = "SELECT account_id FROM audit_chains UNION SELECT account_id FROM audit_entries ORDER BY account_id";
    END = "SELECT sequence, hash FROM audit_chains WHERE account_id = $1";
    WALK = "SELECT * FROM audit_entries WHERE account_id = $1 AND sequence > $2 AND sequence <= $3
        ORDER BY sequence LIMIT $4";
    BEHIND = "SELECT e.sequence FROM audit_entries e LEFT JOIN audit_chains c ON c.account_id = e.account_id
        WHERE e.account_id = $1 AND e.sequence > COALESCE(c.sequence, 0) ORDER BY e.sequence LIMIT 1";
}

impl Store {
    /// Every account that has a chain, sub-accounts included.
    pub async fn audited_accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.read().await?.all(&ACCOUNTS, args![]).await?.iter().map(|row| row.id("account_id")).collect()
    }

    /// Reads an account's whole chain and checks it. Entries may be added meanwhile.
    pub async fn verify_audit(&self, account: &AccountId) -> Result<AuditVerdict, StoreError> {
        let end = self.read().await?.optional(&END, args![account]).await?;
        let (length, expected) = match end {
            Some(row) => (row.int("sequence")?, row.text("hash")?),
            None => (0, BEGINNING.to_owned()),
        };
        let mut verdict =
            AuditVerdict { account_id: account.clone(), entries: 0, hash: BEGINNING.to_owned(), fault: None };
        while verdict.entries < length && verdict.fault.is_none() {
            let args = args![account, verdict.entries, length, BATCH];
            let rows = self.read().await?.all(&WALK, args).await?;
            if rows.is_empty() {
                verdict.fault = Some(AuditFault::Missing { sequence: verdict.entries + 1 });
            }
            for row in &rows {
                verdict.fault = verdict.follow(&StoredAuditEntry::from_row(row)?)?;
                if verdict.fault.is_some() {
                    break;
                }
            }
        }
        if verdict.fault.is_none() && verdict.hash != expected {
            verdict.fault = Some(AuditFault::End);
        }
        if verdict.fault.is_none()
            && let Some(row) = self.read().await?.optional(&BEHIND, args![account]).await?
        {
            verdict.fault = Some(AuditFault::Added { sequence: row.int("sequence")? });
        }
        Ok(verdict)
    }
}

impl AuditVerdict {
    /// Takes the next entry, or says what is wrong with it.
    fn follow(&mut self, next: &StoredAuditEntry) -> Result<Option<AuditFault>, StoreError> {
        let sequence = self.entries + 1;
        if next.sequence != sequence {
            return Ok(Some(AuditFault::Missing { sequence }));
        }
        if next.entry.hash(sequence, &self.hash)? != next.hash {
            return Ok(Some(AuditFault::Changed { sequence }));
        }
        self.entries = sequence;
        self.hash.clone_from(&next.hash);
        Ok(None)
    }
}
