-- The usage ledger and its rollups, balances, and counters of calls.
--
-- `/* /* */ … -- */` is read by SQLite only: PostgreSQL nests comments and sees
-- one, SQLite does not and sees what stands between. Tables that are read by
-- ranges of their key are stored in its order there.

-- Append-only: no statement changes or removes a row. payer_id: the account
-- whose balance it was taken from, if any.
CREATE TABLE usage_events (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    id TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    unit TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    agent_id TEXT,
    number_id TEXT,
    payer_id TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, subject)
);
CREATE INDEX usage_events_by_time ON usage_events (account_id, at);
CREATE INDEX usage_events_by_payer ON usage_events (payer_id, at) WHERE payer_id IS NOT NULL;

-- Sums over the ledger, and counts of calls and deliveries, written in the
-- transaction of what they count. grain and slot: 't' all time by number (slot
-- 0); 'd' day and 'q' quarter of an hour, both UTC and of the whole account;
-- 'da' and 'qa' the same by agent. '' is none. shard spreads rows
-- that concurrent transactions of PostgreSQL would queue for.
CREATE TABLE usage_rollups (
    account_id TEXT NOT NULL,
    grain TEXT NOT NULL,
    slot BIGINT NOT NULL,
    kind TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    number_id TEXT NOT NULL,
    shard BIGINT NOT NULL,
    n BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (account_id, grain, slot, kind, agent_id, number_id, shard)
) /* /* */ WITHOUT ROWID -- */
;

-- Of top-level accounts. micros = credits - usage_events paid from it.
CREATE TABLE balances (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    micros BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Append-only.
CREATE TABLE credits (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    micros BIGINT NOT NULL,
    note TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX credits_by_account ON credits (account_id, at);

-- Names that usage reports still need.
CREATE TABLE deleted_agents (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL
);
CREATE INDEX deleted_agents_by_account ON deleted_agents (account_id);

-- How a call is charged is fixed when it begins; began_with outlives the agent.
ALTER TABLE calls ADD COLUMN hosted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE calls ADD COLUMN aggressive_denoising BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE calls ADD COLUMN began_with TEXT;
UPDATE calls SET began_with = agent_id;

-- The month that is paid ends here; none for numbers that are not charged.
ALTER TABLE numbers ADD COLUMN paid_until BIGINT;
CREATE INDEX numbers_to_charge ON numbers (paid_until) WHERE status = 'active';

DROP INDEX calls_by_agent;
DROP INDEX calls_by_number;
CREATE INDEX calls_by_agent ON calls (account_id, agent_id, started_at, id);
CREATE INDEX calls_by_number ON calls (account_id, number_id, started_at, id);
CREATE INDEX calls_by_status ON calls (account_id, status, started_at, id);

-- How many calls a list has, by the UTC day they began (-1: all days). scope:
-- '' the account, else an agent's or a number's id; 'agt' and 'num' are none.
CREATE TABLE call_counts (
    account_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    day BIGINT NOT NULL,
    direction TEXT NOT NULL,
    fine_word TEXT NOT NULL,
    shard BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (account_id, scope, day, direction, fine_word, shard)
) /* /* */ WITHOUT ROWID -- */
;

-- What was there before.
INSERT INTO call_counts (account_id, scope, day, direction, fine_word, shard, n)
    SELECT account_id, scope, day, direction, fine_word, 0, COUNT(*) FROM (
        SELECT account_id, '' AS scope, started_at / 86400000 AS day, direction, fine_word FROM calls
        UNION ALL SELECT account_id, '', -1, direction, fine_word FROM calls
        UNION ALL SELECT account_id, COALESCE(agent_id, 'agt'), started_at / 86400000, direction, fine_word FROM calls
        UNION ALL SELECT account_id, COALESCE(agent_id, 'agt'), -1, direction, fine_word FROM calls
        UNION ALL SELECT account_id, COALESCE(number_id, 'num'), started_at / 86400000, direction, fine_word FROM calls
        UNION ALL SELECT account_id, COALESCE(number_id, 'num'), -1, direction, fine_word FROM calls
    ) AS counted GROUP BY account_id, scope, day, direction, fine_word;

INSERT INTO usage_rollups (account_id, grain, slot, kind, agent_id, number_id, shard, n, quantity, amount_micros)
    SELECT account_id, grain, slot, kind, agent_id, number_id, 0, COUNT(*), SUM(quantity), 0 FROM (
        SELECT account_id, 't' AS grain, 0 AS slot, 'call' AS kind, '' AS agent_id,
            COALESCE(number_id, '') AS number_id, 0 AS quantity FROM calls
        UNION ALL SELECT account_id, 'd', started_at / 86400000, 'call', '', '', 0 FROM calls
        UNION ALL SELECT account_id, 'q', started_at / 900000, 'call', '', '', 0 FROM calls
        UNION ALL SELECT account_id, 'da', started_at / 86400000, 'call', COALESCE(agent_id, ''), '', 0
            FROM calls
        UNION ALL SELECT account_id, 'qa', started_at / 900000, 'call', COALESCE(agent_id, ''), '', 0
            FROM calls
        UNION ALL SELECT account_id, 't', 0, 'call_completed', '', COALESCE(number_id, ''), talk_time_ms / 1000
            FROM calls WHERE status = 'completed'
        UNION ALL SELECT account_id, 'd', ended_at / 86400000, 'call_completed', '', '', talk_time_ms / 1000
            FROM calls WHERE status = 'completed'
        UNION ALL SELECT account_id, 'q', ended_at / 900000, 'call_completed', '', '', talk_time_ms / 1000
            FROM calls WHERE status = 'completed'
        UNION ALL SELECT account_id, 'da', ended_at / 86400000, 'call_completed', COALESCE(agent_id, ''), '',
            talk_time_ms / 1000 FROM calls WHERE status = 'completed'
        UNION ALL SELECT account_id, 'qa', ended_at / 900000, 'call_completed', COALESCE(agent_id, ''), '',
            talk_time_ms / 1000 FROM calls WHERE status = 'completed'
        UNION ALL SELECT account_id, 't', 0, 'delivery', '', '', 0 FROM events
        UNION ALL SELECT account_id, 'd', created_at / 86400000, 'delivery', '', '', 0 FROM events
        UNION ALL SELECT account_id, 'q', created_at / 900000, 'delivery', '', '', 0 FROM events
        UNION ALL SELECT account_id, 't', 0, 'delivery_' || status, '', '', 0 FROM events WHERE status <> 'pending'
        UNION ALL SELECT account_id, 'd', created_at / 86400000, 'delivery_' || status, '', '', 0 FROM events
            WHERE status <> 'pending'
        UNION ALL SELECT account_id, 'q', created_at / 900000, 'delivery_' || status, '', '', 0 FROM events
            WHERE status <> 'pending'
    ) AS counted GROUP BY account_id, grain, slot, kind, agent_id, number_id;
