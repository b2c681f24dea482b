-- What is still to be delivered, apart from the log of deliveries: a narrow row
-- that is claimed, put back and deleted, while the log's wide one is written once
-- per attempt. An event of the log is pending exactly as long as it has a row here.
CREATE TABLE outbox (
    event_id TEXT NOT NULL PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    -- 0: first attempts, 1: retries. Each has its own budget.
    lane BIGINT NOT NULL,
    -- Whose webhook: account/agent, or account/ for the account's own.
    endpoint TEXT NOT NULL,
    -- The conversation or call whose first attempts keep their order.
    order_key TEXT NOT NULL,
    -- When it may be claimed: the next attempt, or the end of its lease.
    due_at BIGINT NOT NULL,
    -- Attempts of this round; a replay begins another.
    attempts BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT
);
CREATE INDEX outbox_due ON outbox (lane, due_at, event_id);
CREATE INDEX outbox_by_endpoint ON outbox (lane, endpoint, due_at, event_id);
CREATE INDEX outbox_by_order ON outbox (order_key, endpoint, event_id) WHERE lane = 0;

INSERT INTO outbox (event_id, lane, endpoint, order_key, due_at, attempts)
    SELECT id, CASE WHEN attempt_count = 0 THEN 0 ELSE 1 END, account_id || '/' || target, id,
        COALESCE(next_attempt_at, created_at), attempt_count FROM events WHERE status = 'pending';

DROP INDEX events_due;
ALTER TABLE events DROP COLUMN lease_owner;
ALTER TABLE events DROP COLUMN lease_until;
ALTER TABLE events ADD COLUMN order_key TEXT;
-- When it was last asked for again.
ALTER TABLE events ADD COLUMN replayed_at BIGINT;
CREATE INDEX events_failed ON events (account_id, created_at, id) WHERE status = 'failed';

-- Every attempt; the log's row shows the last.
CREATE TABLE delivery_attempts (
    event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    n BIGINT NOT NULL,
    at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    http_status BIGINT,
    error TEXT,
    response_body TEXT,
    PRIMARY KEY (event_id, n)
);
INSERT INTO delivery_attempts (event_id, n, at, took_ms, http_status, error, response_body)
    SELECT id, attempt_count, last_attempt_at, COALESCE(response_ms, 0), http_status, error, response_body
    FROM events WHERE attempt_count > 0 AND last_attempt_at IS NOT NULL;
