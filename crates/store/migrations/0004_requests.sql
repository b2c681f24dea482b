-- Sub-accounts that end, idempotent requests and the audit log.

-- A deleted sub-account keeps its rows and is never found again.
ALTER TABLE accounts ADD COLUMN updated_at BIGINT;
ALTER TABLE accounts ADD COLUMN deleted_at BIGINT;

-- A row without a status is a claim: its request runs, or was interrupted.
-- owner: the incarnation that runs it; claim: which of its requests.
CREATE TABLE idempotent_requests (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    key_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    owner TEXT NOT NULL,
    claim TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    status BIGINT,
    content_type TEXT,
    body TEXT,
    PRIMARY KEY (account_id, key_id, idempotency_key)
);
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (claimed_at);

-- The newest entry of each account's chain.
CREATE TABLE audit_chains (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    hash TEXT NOT NULL
);

-- Only ever inserted. Each hash covers the entry and the hash before it.
CREATE TABLE audit_entries (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    source TEXT NOT NULL,
    key_id TEXT,
    key_account_id TEXT,
    operation TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    resource_id TEXT,
    within_id TEXT,
    address TEXT,
    status BIGINT,
    request_id TEXT,
    hash TEXT NOT NULL,
    PRIMARY KEY (account_id, sequence)
);
CREATE INDEX audit_entries_by_time ON audit_entries (account_id, at, sequence);
CREATE INDEX audit_entries_by_resource ON audit_entries (account_id, resource_id, sequence)
    WHERE resource_id IS NOT NULL;
CREATE INDEX audit_entries_within ON audit_entries (account_id, within_id, sequence)
    WHERE within_id IS NOT NULL;
