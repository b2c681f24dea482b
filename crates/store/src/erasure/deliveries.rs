//! Webhook deliveries: found page by page on a reading connection, because what
//! they tell of stands in their bodies, then removed by id. Their attempts and
//! places in queues go with them.

use offhook_model::{
    Timestamp,
    id::{AccountId, EventId, MessageId},
};

use serde_json::Value as Json;

use crate::{Store, StoreError, like, row::to_json, statement::statements, value::args};

statements! {
    SEEK = "SELECT id, created_at, CAST(CASE
            WHEN $6 <> '' AND subject_id = $6 THEN 1
            WHEN $7 <> '' AND (body LIKE $7 ESCAPE '!' OR response_body LIKE $7 ESCAPE '!') THEN 1
            ELSE 0 END AS BIGINT) AS hit
        FROM events WHERE account_id = $1 AND created_at >= $2 AND (created_at > $3 OR (created_at = $3 AND id > $4))
        ORDER BY created_at, id LIMIT $5";
    OLD = "SELECT id, created_at, CAST(CASE
            WHEN status <> 'pending' AND (channel = 'voice') = $6 THEN 1 ELSE 0 END AS BIGINT) AS hit
        FROM events WHERE account_id = $1 AND created_at < $2 AND (created_at > $3 OR (created_at = $3 AND id > $4))
        ORDER BY created_at, id LIMIT $5";
    QUOTING = "SELECT subject_id, body FROM events WHERE account_id = $1 AND id = $2 /*pg: FOR UPDATE */";
    UNQUOTE = "UPDATE events SET body = $3, response_body = NULL WHERE account_id = $1 AND id = $2";
    DROP = "DELETE FROM events WHERE account_id = $1 AND id = $2";
    DROP_SETTLED = "DELETE FROM events WHERE account_id = $1 AND id = $2 AND status <> 'pending'";
}

/// Rows of one page.
const PAGE: u32 = 1000;

/// Which deliveries are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutDeliveries {
    /// Of this call or message, from this moment on.
    Subject {
        /// The id.
        id: String,
        /// Nothing tells of it earlier.
        since: Timestamp,
    },
    /// With this text in what was sent or answered, from this moment on.
    Text {
        /// A number, or an id.
        text: String,
        /// Nothing tells of it earlier.
        since: Timestamp,
    },
    /// Over and older; of calls, or else of messages.
    Settled {
        /// Until when.
        before: Timestamp,
        /// Whether those of calls are meant.
        voice: bool,
    },
}

/// How far a search has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryCursor {
    at: Timestamp,
    id: String,
}

impl Default for DeliveryCursor {
    fn default() -> Self {
        Self { at: Timestamp::UNIX_EPOCH, id: String::new() }
    }
}

impl Store {
    /// The next page's deliveries that are meant, and where to go on; none at the end.
    pub async fn deliveries_about(
        &self,
        account: &AccountId,
        about: &AboutDeliveries,
        from: &DeliveryCursor,
    ) -> Result<(Vec<EventId>, Option<DeliveryCursor>), StoreError> {
        let mut conn = self.read().await?;
        let rows = match about {
            AboutDeliveries::Subject { id, since } => {
                conn.all(&SEEK, args![account, *since, from.at, &from.id, PAGE, id, ""]).await?
            }
            AboutDeliveries::Text { text, since } => {
                let pattern = like::contains(text);
                conn.all(&SEEK, args![account, *since, from.at, &from.id, PAGE, "", pattern]).await?
            }
            AboutDeliveries::Settled { before, voice } => {
                conn.all(&OLD, args![account, *before, from.at, &from.id, PAGE, *voice]).await?
            }
        };
        let mut found = Vec::new();
        let mut last = None;
        let is_last_page = rows.len() < PAGE as usize;
        for row in rows {
            if row.int("hit")? == 1 {
                found.push(row.id("id")?);
            }
            last = Some(DeliveryCursor { at: row.time("created_at")?, id: row.text("id")? });
        }
        Ok((found, last.filter(|_| !is_last_page)))
    }

    /// Removes deliveries; how many there were. With `settled_only` those that
    /// are still to be delivered stay.
    pub async fn erase_deliveries(
        &self,
        account: &AccountId,
        ids: Vec<EventId>,
        settled_only: bool,
    ) -> Result<u64, StoreError> {
        let account = account.clone();
        self.write(move |tx| {
            let (account, ids) = (account.clone(), ids.clone());
            Box::pin(async move {
                let statement = if settled_only { &DROP_SETTLED } else { &DROP };
                let mut gone = 0;
                for id in ids {
                    gone += tx.execute(statement, args![&account, &id]).await?;
                }
                Ok(gone)
            })
        })
        .await
    }

    /// Removes a message's own deliveries, and takes it out of others that quote
    /// it as something said before or replied to; how many were its own.
    pub async fn unquote_deliveries(
        &self,
        account: &AccountId,
        ids: Vec<EventId>,
        message: &MessageId,
    ) -> Result<u64, StoreError> {
        let (account, message) = (account.clone(), message.clone());
        self.write(move |tx| {
            let (account, ids, message) = (account.clone(), ids.clone(), message.clone());
            Box::pin(async move {
                let mut own = 0;
                for id in ids {
                    let Some(row) = tx.optional(&QUOTING, args![&account, &id]).await? else { continue };
                    if row.opt_text("subject_id")?.as_deref() == Some(message.as_str()) {
                        own += tx.execute(&DROP, args![&account, &id]).await?;
                        continue;
                    }
                    let mut body: Json = row.json("body")?;
                    unquote(&mut body, message.as_str());
                    tx.execute(&UNQUOTE, args![&account, &id, to_json(&body)?]).await?;
                }
                Ok(own)
            })
        })
        .await
    }
}

/// Takes a message out of an event that tells of another (contract `webhooks.md` §3).
fn unquote(body: &mut Json, message: &str) {
    let is_it = |part: &Json| part.get("messageId").and_then(Json::as_str) == Some(message);
    if let Some(history) = body.get_mut("recentHistory").and_then(Json::as_array_mut) {
        history.retain(|entry| !is_it(entry));
    }
    if let Some(reply) =
        body.get_mut("data").and_then(|data| data.get_mut("replyTo")).filter(|reply| is_it(reply))
    {
        *reply = Json::Null;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_taken_out_of_what_others_quote() {
        let mut body = json!({
            "data": {"messageId": "msg_3", "replyTo": {"messageId": "msg_1", "message": "hush"}},
            "recentHistory": [{"messageId": "msg_1", "content": "hush"}, {"messageId": "msg_2", "content": "hi"}],
        });
        unquote(&mut body, "msg_1");
        assert_eq!(
            body,
            json!({
                "data": {"messageId": "msg_3", "replyTo": null},
                "recentHistory": [{"messageId": "msg_2", "content": "hi"}],
            })
        );
    }
}
