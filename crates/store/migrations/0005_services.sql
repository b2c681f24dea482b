-- Registration, verification, trunks, feedback, sign-ups.

-- One per account; a rejected one is replaced by the next. A pending row whose
-- approves_at has come counts as approved since then, without anybody writing.
CREATE TABLE registrations (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id),
    form TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    fee_cents BIGINT NOT NULL,
    submitted_at BIGINT NOT NULL,
    approves_at BIGINT,
    decided_at BIGINT,
    image_seen BOOLEAN NOT NULL
);
CREATE INDEX registrations_by_time ON registrations (submitted_at, id);

-- One-time codes; salt and code_hash are hex.
CREATE TABLE verifications (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    phone_number TEXT NOT NULL,
    salt TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    wrong_codes BIGINT NOT NULL,
    verified_at BIGINT,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX verifications_by_account ON verifications (account_id, created_at);

-- ha1: MD5 of user:realm:password in hex, what digest needs; never the password.
CREATE TABLE sip_trunks (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    transfers TEXT NOT NULL,
    transfer_caller_id TEXT NOT NULL,
    origination TEXT NOT NULL,
    allowed_ips TEXT NOT NULL,
    username TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    ha1 TEXT NOT NULL,
    password_last4 TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sip_trunks_by_account ON sip_trunks (account_id, created_at, id);

CREATE TABLE feedback (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    category TEXT NOT NULL,
    note TEXT NOT NULL,
    request_id TEXT,
    url TEXT,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX feedback_by_time ON feedback (created_at, id);

-- Sign-ups that wait for their code.
CREATE TABLE sign_ups (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    salt TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    wrong_codes BIGINT NOT NULL,
    verified_at BIGINT,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX sign_ups_by_expiry ON sign_ups (expires_at);

-- email is lower-case.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id),
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    source TEXT,
    created_at BIGINT NOT NULL
);
