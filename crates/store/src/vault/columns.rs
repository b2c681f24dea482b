//! Every column that holds secrets, and how to go through them.

use std::sync::Arc;

use offhook_model::agent::AgentSettings;

use super::{KeyId, Place, Sealed, Sealer, Vault};
use crate::{
    Store, StoreError,
    agents::tools,
    conn::Conn,
    row::to_json,
    statement::{Statement, statements},
    value::args,
};

/// Rows of one transaction.
const BATCH: u32 = 100;

statements! {
    WEBHOOKS = "SELECT id AS a, '' AS b, '' AS c, secret AS text FROM webhooks
        WHERE id > $1 AND $2 = '' AND $3 = '' ORDER BY id LIMIT $4";
    SWAP_WEBHOOK = "UPDATE webhooks SET secret = $5 WHERE id = $1 AND $2 = '' AND $3 = '' AND secret = $4";
    TRUNKS = "SELECT id AS a, '' AS b, '' AS c, ha1 AS text FROM sip_trunks
        WHERE id > $1 AND $2 = '' AND $3 = '' ORDER BY id LIMIT $4";
    SWAP_TRUNK = "UPDATE sip_trunks SET ha1 = $5 WHERE id = $1 AND $2 = '' AND $3 = '' AND ha1 = $4";
    AGENTS = "SELECT id AS a, '' AS b, '' AS c, settings AS text FROM agents
        WHERE id > $1 AND $2 = '' AND $3 = '' ORDER BY id LIMIT $4";
    SWAP_AGENT = "UPDATE agents SET settings = $5 WHERE id = $1 AND $2 = '' AND $3 = '' AND settings = $4";
    ANSWERS = "SELECT account_id AS a, key_id AS b, idempotency_key AS c, body AS text FROM idempotent_requests
        WHERE (account_id, key_id, idempotency_key) > ($1, $2, $3) AND body IS NOT NULL
        ORDER BY account_id, key_id, idempotency_key LIMIT $4";
    PSEUDONYMS = "SELECT name AS a, '' AS b, '' AS c, value AS text FROM markers
        WHERE name = 'vault.pseudonyms' AND name > $1 AND $2 = '' AND $3 = '' ORDER BY name LIMIT $4";
    SWAP_PSEUDONYMS = "UPDATE markers SET value = $5 WHERE name = $1 AND $2 = '' AND $3 = '' AND value = $4";
    SWAP_ANSWER = "UPDATE idempotent_requests SET body = $5
        WHERE account_id = $1 AND key_id = $2 AND idempotency_key = $3 AND body = $4";
}

/// A column with secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// What webhooks are signed with.
    Webhooks,
    /// What digest authentication of trunks needs: as good as the password.
    Trunks,
    /// Headers of agents' tools, one value each, inside the settings' JSON.
    Agents,
    /// Answers kept for repeated requests, which may show a secret once.
    Answers,
    /// What pseudonyms of deleted people are made with.
    Pseudonyms,
}

impl Column {
    pub(crate) const ALL: [Self; 5] =
        [Self::Webhooks, Self::Trunks, Self::Agents, Self::Answers, Self::Pseudonyms];

    /// Its name, as values are bound to it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks.secret",
            Self::Trunks => "sip_trunks.ha1",
            Self::Agents => "agents.settings",
            Self::Answers => "idempotent_requests.body",
            Self::Pseudonyms => "markers.value",
        }
    }

    fn page(self) -> &'static Statement {
        match self {
            Self::Webhooks => &WEBHOOKS,
            Self::Trunks => &TRUNKS,
            Self::Agents => &AGENTS,
            Self::Answers => &ANSWERS,
            Self::Pseudonyms => &PSEUDONYMS,
        }
    }

    fn swap(self) -> &'static Statement {
        match self {
            Self::Webhooks => &SWAP_WEBHOOK,
            Self::Trunks => &SWAP_TRUNK,
            Self::Agents => &SWAP_AGENT,
            Self::Answers => &SWAP_ANSWER,
            Self::Pseudonyms => &SWAP_PSEUDONYMS,
        }
    }

    /// Where the whole column's value of a row is.
    pub(crate) const fn place<'a>(self, key: &'a [&'a str]) -> Place<'a> {
        Place::new(self.name(), key)
    }

    /// The column's text with each of its secrets as `change` wants it; none
    /// when nothing changed.
    fn rewrite(
        self,
        key: &[String; 3],
        text: &str,
        change: Change<'_>,
    ) -> Result<Option<String>, StoreError> {
        let [a, b, c] = key.each_ref().map(String::as_str);
        match self {
            Self::Webhooks | Self::Trunks | Self::Pseudonyms => change(&self.place(&[a]), text),
            Self::Answers => change(&self.place(&[a, b, c]), text),
            Self::Agents => {
                let mut settings: AgentSettings = serde_json::from_str(text)
                    .map_err(|error| StoreError::corrupt(format!("column settings: {error}")))?;
                let changed = tools::each_header(a, &mut settings, change)?;
                changed.then(|| to_json(&settings)).transpose()
            }
        }
    }
}

/// Answers what takes a value's place; none leaves it.
pub(crate) type Change<'c> = &'c mut dyn FnMut(&Place<'_>, &str) -> Result<Option<String>, StoreError>;

/// What going through the columns does with each value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Seals what is not sealed yet.
    Seal,
    /// Seals under the current key what is sealed under another.
    Reseal,
}

/// Seals what was stored before there was a key; how many rows.
pub(crate) async fn seal_everything(store: &Store) -> Result<u64, StoreError> {
    go(store, Pass::Seal).await
}

/// Brings everything under the current key; how many rows were not.
pub(crate) async fn reseal_everything(store: &Store) -> Result<u64, StoreError> {
    go(store, Pass::Reseal).await
}

async fn go(store: &Store, pass: Pass) -> Result<u64, StoreError> {
    let mut changed = 0;
    for column in Column::ALL {
        let mut from = <[String; 3]>::default();
        loop {
            let (vault, after) = (Arc::clone(store.vault()), from.clone());
            let (last, rows) = store
                .write(move |tx| {
                    let (vault, after) = (Arc::clone(&vault), after.clone());
                    Box::pin(async move { batch(tx, &vault, column, pass, &after).await })
                })
                .await?;
            changed += rows;
            match last {
                Some(last) => from = last,
                None => break,
            }
        }
    }
    Ok(changed)
}

/// The rows after `after`: the last one's key, and how many were changed. A row
/// that somebody else changes meanwhile is theirs: they seal under the current
/// key, too.
async fn batch(
    tx: &mut Conn,
    vault: &Vault,
    column: Column,
    pass: Pass,
    after: &[String; 3],
) -> Result<(Option<[String; 3]>, u64), StoreError> {
    let sealer = tx.sealer().await?;
    let [a, b, c] = after;
    let mut changed = 0;
    let mut last = None;
    for row in tx.all(column.page(), args![a, b, c, BATCH]).await? {
        let key = [row.text("a")?, row.text("b")?, row.text("c")?];
        let text = row.text("text")?;
        let new =
            column.rewrite(&key, &text, &mut |place, value| pass.change(vault, &sealer, place, value))?;
        if let Some(new) = new {
            changed += tx.execute(column.swap(), args![&key[0], &key[1], &key[2], text, new]).await?;
        }
        last = Some(key);
    }
    Ok((last, changed))
}

impl Pass {
    fn change(
        self,
        vault: &Vault,
        sealer: &Sealer,
        place: &Place<'_>,
        value: &str,
    ) -> Result<Option<String>, StoreError> {
        match self {
            // A tenant's own text may look sealed; only what opens is.
            Self::Seal if vault.open(place, value).is_ok() => Ok(None),
            Self::Seal => Ok(Some(sealer.seal(place, value))),
            Self::Reseal => {
                if Sealed::parse(value).is_some_and(|sealed| sealed.key() == sealer.key()) {
                    return Ok(None);
                }
                Ok(Some(sealer.seal(place, &vault.open(place, value)?)))
            }
        }
    }
}

/// How many values of a column are sealed under which key, in order of keys.
pub(crate) async fn count(store: &Store, column: Column) -> Result<Vec<(KeyId, u64)>, StoreError> {
    let mut counts = std::collections::BTreeMap::new();
    let mut from = <[String; 3]>::default();
    loop {
        let [a, b, c] = &from;
        let rows = store.read().await?.all(column.page(), args![a, b, c, BATCH]).await?;
        if rows.is_empty() {
            return Ok(counts.into_iter().collect());
        }
        for row in rows {
            let key = [row.text("a")?, row.text("b")?, row.text("c")?];
            column.rewrite(&key, &row.text("text")?, &mut |place, value| {
                let sealed = Sealed::parse(value)
                    .ok_or_else(|| StoreError::corrupt(format!("{}: not a sealed value", place.column())))?;
                *counts.entry(sealed.key().clone()).or_insert(0_u64) += 1;
                Ok(None)
            })?;
            from = key;
        }
    }
}
