//! Rows by the hundred thousand, for benchmarks: made inside the database,
//! with every counter and rollup as if they had come one by one.

use offhook_model::{Timestamp, id::AccountId};

use crate::{Store, StoreError, conn::Conn, statement::statements, value::args};

/// Rows of one transaction.
const CHUNK: i64 = 100_000;

/// Numbers from `$2` up to but without `$3`.
macro_rules! numbered {
    ($sql:literal) => {
        concat!(
            "WITH RECURSIVE s(i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM s WHERE i + 1 < $3) ",
            $sql
        )
    };
}
/// Adds to the rollups what `$head … $tail` selects as account, kind, agent, number, quantity, amount, at.
macro_rules! rolled {
    ($grain:literal, $slot:literal, $agent:literal, $number:literal, $from:literal) => {
        concat!(
            "INSERT INTO usage_rollups (account_id, grain, slot, kind, agent_id, number_id, shard, n, quantity,
            amount_micros) SELECT account_id, '", $grain, "', ", $slot, ", kind, ", $agent, ", ", $number, ", 0,
            COUNT(*), SUM(quantity), SUM(amount_micros) FROM ", $from, " GROUP BY 1, 3, 4, 5, 6
            ON CONFLICT (account_id, grain, slot, kind, agent_id, number_id, shard) DO UPDATE SET
            n = usage_rollups.n + excluded.n, quantity = usage_rollups.quantity + excluded.quantity,
            amount_micros = usage_rollups.amount_micros + excluded.amount_micros"
        )
    };
}
macro_rules! rolled_ledger {
    ($grain:literal, $slot:literal, $agent:literal, $number:literal) => {
        rolled!($grain, $slot, $agent, $number, "usage_events WHERE account_id = $1 AND at >= $2 AND at < $3")
    };
}
macro_rules! rolled_calls {
    ($grain:literal, $slot:literal, $agent:literal, $number:literal) => {
        rolled!(
            $grain, $slot, $agent, $number,
            "(SELECT account_id, 'call' AS kind, agent_id, number_id, 0 AS quantity, 0 AS amount_micros, started_at AS at
            FROM calls WHERE account_id = $1 AND started_at >= $2 AND started_at < $3
            UNION ALL SELECT account_id, 'call_completed', agent_id, number_id, talk_time_ms / 1000, 0, ended_at
            FROM calls WHERE account_id = $1 AND started_at >= $2 AND started_at < $3 AND status = 'completed') AS calls"
        )
    };
}
macro_rules! rolled_deliveries {
    ($grain:literal, $slot:literal) => {
        rolled!(
            $grain,
            $slot,
            "''",
            "''",
            "(SELECT account_id, 'delivery' AS kind, 0 AS quantity, 0 AS amount_micros, created_at AS at
            FROM events WHERE account_id = $1 AND created_at >= $2 AND created_at < $3) AS deliveries"
        )
    };
}
/// A text of some 500 bytes, pending, to the webhook of `$target`.
macro_rules! events {
    ($target:literal) => {
        numbered_events!(
            "INSERT INTO events (id, delivery_id, account_id, target, event_type, channel, body, status,
            attempt_count, next_attempt_at, created_at) SELECT 'evt_' || CAST(CAST($4 AS BIGINT) AS TEXT) || '_' || CAST(1000000000 + i
            AS TEXT), 'dlv_' || CAST(CAST($4 AS BIGINT) AS TEXT) || '_' || CAST(i AS TEXT), $1, ", $target, ", 'agent.message', 'sms',
            '{\"event\":\"agent.message\",\"channel\":\"sms\",\"timestamp\":\"2025-01-15T10:31:00Z\",\"agentId\":\"agt_abc123\",\"data\":{\"messageId\":\"msg_01\",\"id\":\"msg_01\",\"externalMessageId\":null,\"conversationId\":\"conv_01\",\"numberId\":\"num_xyz789\",\"from\":\"+14155559876\",\"to\":\"+14155551234\",\"contact\":null,\"message\":\"Can I move my appointment to Thursday?\",\"mediaUrl\":null,\"mediaUrls\":[],\"direction\":\"inbound\",\"receivedAt\":\"2025-01-15T10:31:00Z\",\"externalId\":null},\"conversationState\":null,\"recentHistory\":[]}',
            'pending', 0, $4 + i * $5, $4 + i * $5 FROM s"
        )
    };
}
macro_rules! numbered_events {
    ($before:literal, $target:literal, $after:literal) => {
        concat!(
            "WITH RECURSIVE s(i) AS (SELECT CAST($2 AS BIGINT) UNION ALL SELECT i + 1 FROM s WHERE i + 1 < $3) ",
            $before,
            $target,
            $after
        )
    };
}
macro_rules! counted {
    ($scope:literal, $day:literal) => {
        concat!(
            "INSERT INTO call_counts (account_id, scope, day, direction, fine_word, shard, n) SELECT account_id, ",
            $scope, ", ", $day, ", direction, fine_word, 0, COUNT(*) FROM calls
            WHERE account_id = $1 AND started_at >= $2 AND started_at < $3 GROUP BY 1, 2, 3, 4, 5
            ON CONFLICT (account_id, scope, day, direction, fine_word, shard)
            DO UPDATE SET n = call_counts.n + excluded.n"
        )
    };
}

statements! {
    CALLS = numbered!("INSERT INTO calls (id, account_id, agent_id, agent_name, number_id, phone_number, from_number,
        to_number, direction, state, end_reason, status, fine_word, started_at, answered_at, ended_at, talk_time_ms,
        metadata, recording_disabled, recording, owner, hosted, aggressive_denoising, began_with)
        SELECT 'call_' || $1 || CAST(1000000000 + i AS TEXT), $1, 'agt_' || CAST(i % 10 AS TEXT), 'Bulk',
            'num_' || CAST(i / 10 % 10 AS TEXT), '+14155550100', '+1415' || CAST(1000000 + i % 9000000 AS TEXT),
            '+14155550100', CASE WHEN i % 20 = 0 THEN 'web' WHEN i % 3 = 0 THEN 'outbound' ELSE 'inbound' END,
            CASE WHEN i % 5 = 0 THEN 'failed' ELSE 'completed' END,
            CASE WHEN i % 5 = 0 THEN 'dial_busy' ELSE 'user_hangup' END,
            CASE WHEN i % 5 = 0 THEN 'failed' ELSE 'completed' END,
            CASE WHEN i % 5 = 0 THEN 'busy' ELSE 'completed' END, $4 + i * $5, $4 + i * $5, $4 + i * $5, 60000,
            NULL, FALSE, NULL, 'bulk', FALSE, FALSE, 'agt_' || CAST(i % 10 AS TEXT) FROM s");
    THREADS = numbered!("INSERT INTO conversations (id, account_id, agent_id, number_id, phone_number, participant,
        channel, is_group, last_message_at, last_message_preview, message_count, created_at)
        SELECT 'conv_' || CAST(100000 + i AS TEXT), $1, 'agt_' || CAST(i % 10 AS TEXT),
            'num_' || CAST(i % 10 AS TEXT), '+14155550100', '+1415' || CAST(1000000 + i AS TEXT), 'sms', FALSE,
            $4 + i * $5, 'Thanks!', 20, $4 + i * $5 FROM s");
    MESSAGES = numbered!("INSERT INTO messages (id, account_id, conversation_id, number_id, agent_id, direction,
        channel, from_address, to_address, body, media, segments, is_automatic, status, at)
        SELECT 'msg_' || CAST(1000000000 + i AS TEXT), $1, 'conv_' || CAST(100000 + i % 50000 AS TEXT),
            'num_' || CAST(i % 10 AS TEXT), 'agt_' || CAST(i % 10 AS TEXT),
            CASE WHEN i % 2 = 0 THEN 'inbound' ELSE 'outbound' END, 'sms', '+14155550100',
            '+1415' || CAST(1000000 + i % 50000 AS TEXT), 'Thanks!', '[]', 1, FALSE, 'delivered', $4 + i * $5 FROM s");
    TURNS = numbered!("INSERT INTO turns (call_id, idx, id, role, body, confidence, at, interrupted, latency)
        SELECT 'call_' || $1 || CAST(1000000000 + i AS TEXT), 0, 'tr_' || CAST(i AS TEXT), 'agent', 'Thanks, bye.',
            NULL, $4 + i * $5, FALSE, NULL FROM s");
    LEDGER = numbered!("INSERT INTO usage_events (account_id, kind, subject, id, quantity, unit, amount_micros,
        agent_id, number_id, payer_id, at)
        SELECT $1, CASE i % 8 WHEN 0 THEN 'voice_hosted' WHEN 1 THEN 'voice_webhook' WHEN 2 THEN 'message_imessage'
            ELSE 'message_sms' END, 'bulk_' || CAST(10000000000 + i AS TEXT), 'use_' || CAST(10000000000 + i AS TEXT),
            1 + i % 3, 'segment', 20000, 'agt_' || CAST(i % 10 AS TEXT), 'num_' || CAST(i / 10 % 10 AS TEXT),
            NULL, $4 + i * $5 FROM s");
    LEDGER_T = rolled_ledger!("t", "0", "''", "number_id");
    LEDGER_D = rolled_ledger!("d", "at / 86400000", "''", "''");
    LEDGER_Q = rolled_ledger!("q", "at / 900000", "''", "''");
    LEDGER_DA = rolled_ledger!("da", "at / 86400000", "agent_id", "''");
    LEDGER_QA = rolled_ledger!("qa", "at / 900000", "agent_id", "''");
    CALLS_T = rolled_calls!("t", "0", "''", "number_id");
    CALLS_D = rolled_calls!("d", "at / 86400000", "''", "''");
    CALLS_Q = rolled_calls!("q", "at / 900000", "''", "''");
    CALLS_DA = rolled_calls!("da", "at / 86400000", "agent_id", "''");
    CALLS_QA = rolled_calls!("qa", "at / 900000", "agent_id", "''");
    ALL_COUNT = counted!("''", "-1");
    ALL_BY_DAY = counted!("''", "started_at / 86400000");
    AGENT_COUNT = counted!("agent_id", "-1");
    AGENT_BY_DAY = counted!("agent_id", "started_at / 86400000");
    NUMBER_COUNT = counted!("number_id", "-1");
    NUMBER_BY_DAY = counted!("number_id", "started_at / 86400000");
    EVENTS = events!("'agt_' || CAST(i % 100 AS TEXT)");
    DEAD_EVENTS = events!("'agt_dead'");
    OUTBOX = "INSERT INTO outbox (event_id, lane, endpoint, order_key, due_at, attempts)
        SELECT id, 0, account_id || '/' || target, id, created_at, 0 FROM events
        WHERE account_id = $1 AND created_at >= $2 AND created_at < $3";
    DELIVERIES_T = rolled_deliveries!("t", "0");
    DELIVERIES_D = rolled_deliveries!("d", "at / 86400000");
    DELIVERIES_Q = rolled_deliveries!("q", "at / 900000");
    COUNT_THREADS = "INSERT INTO thread_counts (account_id, agent_id, number_id, threads)
        SELECT account_id, COALESCE(agent_id, ''), number_id, COUNT(*) FROM conversations
        WHERE account_id = $1 AND created_at >= $2 AND created_at < $3 GROUP BY 1, 2, 3
        ON CONFLICT (account_id, agent_id, number_id)
        DO UPDATE SET threads = thread_counts.threads + excluded.threads";
    ANALYZE = "ANALYZE";
}

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bulk {
    /// Ended calls with a turn each, over `agt_0` to `agt_9` and `num_0` to `num_9`.
    Calls,
    /// Threads of twenty texts each at most, 50,000 of them.
    Threads,
    /// Texts of these threads; not in the ledger.
    Messages,
    /// Rows of the ledger: texts and conversations of the same agents and numbers.
    Ledger,
    /// Events that are due, for the webhooks of `agt_0` to `agt_99`.
    Events,
    /// Events that are due, for the webhook of `agt_dead`.
    DeadEvents,
}

impl Store {
    /// Makes `rows` rows of one account, `step_ms` apart from `first` on;
    /// it has no others of that time.
    pub async fn fill(
        &self,
        bulk: Bulk,
        account: &AccountId,
        rows: i64,
        first: Timestamp,
        step_ms: i64,
    ) -> Result<(), StoreError> {
        let mut from = 0;
        while from < rows {
            let to = (from + CHUNK).min(rows);
            let account = account.clone();
            self.write(move |tx| {
                let account = account.clone();
                Box::pin(async move { chunk(tx, bulk, &account, from..to, (first, step_ms)).await })
            })
            .await?;
            from = to;
        }
        Ok(())
    }

    /// Lets the database look at what it holds, as it does by itself in time.
    pub async fn analyze(&self) -> Result<(), StoreError> {
        self.execute(&ANALYZE, args![]).await.map(drop)
    }
}

async fn chunk(
    tx: &mut Conn,
    bulk: Bulk,
    account: &AccountId,
    rows: std::ops::Range<i64>,
    (first, step_ms): (Timestamp, i64),
) -> Result<(), StoreError> {
    let first = first.as_millisecond();
    let fills: &[_] = match bulk {
        Bulk::Calls => &[&CALLS, &TURNS],
        Bulk::Threads => &[&THREADS],
        Bulk::Messages => &[&MESSAGES],
        Bulk::Ledger => &[&LEDGER],
        Bulk::Events => &[&EVENTS],
        Bulk::DeadEvents => &[&DEAD_EVENTS],
    };
    for fill in fills {
        tx.execute(fill, args![account, rows.start, rows.end, first, step_ms]).await?;
    }
    let sums: &[_] = match bulk {
        Bulk::Calls => &[
            &CALLS_T,
            &CALLS_D,
            &CALLS_Q,
            &CALLS_DA,
            &CALLS_QA,
            &ALL_COUNT,
            &ALL_BY_DAY,
            &AGENT_COUNT,
            &AGENT_BY_DAY,
            &NUMBER_COUNT,
            &NUMBER_BY_DAY,
        ],
        Bulk::Threads => &[&COUNT_THREADS],
        Bulk::Messages => &[],
        Bulk::Ledger => &[&LEDGER_T, &LEDGER_D, &LEDGER_Q, &LEDGER_DA, &LEDGER_QA],
        Bulk::Events | Bulk::DeadEvents => &[&OUTBOX, &DELIVERIES_T, &DELIVERIES_D, &DELIVERIES_Q],
    };
    for sum in sums {
        tx.execute(sum, args![account, first + rows.start * step_ms, first + rows.end * step_ms]).await?;
    }
    Ok(())
}
