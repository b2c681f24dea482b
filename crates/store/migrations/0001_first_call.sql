-- One text for SQLite and PostgreSQL: TEXT ids and JSON, BIGINT Unix milliseconds.
-- Foreign keys bind rows to their owner; links to agents and numbers are plain
-- columns, because history outlives what it names.

CREATE TABLE markers (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    parent_id TEXT REFERENCES accounts (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX accounts_by_parent ON accounts (parent_id);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    last4 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX api_keys_by_account ON api_keys (account_id, created_at);

CREATE TABLE agents (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    voice_mode TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX agents_by_account ON agents (account_id, created_at, id);

CREATE TABLE numbers (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    phone_number TEXT NOT NULL,
    country TEXT NOT NULL,
    status TEXT NOT NULL,
    kind TEXT NOT NULL,
    imessage_type TEXT,
    agent_id TEXT,
    attached_at BIGINT,
    external_id TEXT,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX numbers_held ON numbers (phone_number) WHERE status = 'active';
CREATE INDEX numbers_by_account ON numbers (account_id, created_at, id);
CREATE INDEX numbers_by_agent ON numbers (agent_id, attached_at);
CREATE INDEX numbers_due ON numbers (expires_at) WHERE status = 'active' AND expires_at IS NOT NULL;

-- scope: the agent's id, or '' for the account's own webhook.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    scope TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    context_limit BIGINT NOT NULL,
    timeout_s BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, scope)
);

CREATE TABLE calls (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    agent_id TEXT,
    agent_name TEXT,
    number_id TEXT,
    phone_number TEXT,
    from_number TEXT NOT NULL,
    to_number TEXT NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    end_reason TEXT,
    status TEXT NOT NULL,
    fine_word TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    answered_at BIGINT,
    ended_at BIGINT,
    talk_time_ms BIGINT,
    metadata TEXT,
    recording_disabled BOOLEAN NOT NULL,
    recording TEXT,
    owner TEXT NOT NULL
);
CREATE INDEX calls_by_account ON calls (account_id, started_at, id);
CREATE INDEX calls_by_agent ON calls (agent_id, started_at);
CREATE INDEX calls_by_number ON calls (number_id, started_at);
CREATE INDEX calls_open ON calls (account_id, owner) WHERE ended_at IS NULL;

CREATE TABLE turns (
    call_id TEXT NOT NULL REFERENCES calls (id),
    idx BIGINT NOT NULL,
    id TEXT NOT NULL,
    role TEXT NOT NULL,
    body TEXT NOT NULL,
    confidence DOUBLE PRECISION,
    at BIGINT NOT NULL,
    interrupted BOOLEAN NOT NULL,
    latency TEXT,
    PRIMARY KEY (call_id, idx)
);

-- One row per boot of a process that owns calls.
CREATE TABLE incarnations (
    id TEXT NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);

CREATE TABLE conversations (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    agent_id TEXT,
    number_id TEXT NOT NULL,
    phone_number TEXT NOT NULL,
    participant TEXT NOT NULL,
    channel TEXT NOT NULL,
    is_group BOOLEAN NOT NULL,
    group_id TEXT,
    group_name TEXT,
    group_icon_url TEXT,
    participants TEXT,
    last_message_at BIGINT NOT NULL,
    last_message_preview TEXT NOT NULL,
    message_count BIGINT NOT NULL,
    metadata TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX conversations_by_account ON conversations (account_id, last_message_at, id);
CREATE INDEX conversations_by_agent ON conversations (agent_id, last_message_at);

-- target: the agent whose own webhook gets the event, or '' for the account's.
CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    delivery_id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    agent_id TEXT,
    target TEXT NOT NULL,
    event_type TEXT NOT NULL,
    channel TEXT NOT NULL,
    subject_id TEXT,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    attempt_count BIGINT NOT NULL,
    http_status BIGINT,
    error TEXT,
    response_body TEXT,
    response_ms BIGINT,
    next_attempt_at BIGINT,
    last_attempt_at BIGINT,
    created_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT
);
CREATE INDEX events_due ON events (next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX events_by_account ON events (account_id, created_at, id);
CREATE INDEX events_by_target ON events (target, created_at);
