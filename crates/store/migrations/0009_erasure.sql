-- How long things are kept, and what was deleted on request. Secrets are sealed
-- by the program, not here: see the markers 'vault.key' and 'vault.sealed'.

-- Days; null keeps for ever. An account without a row has the operator's.
CREATE TABLE retention (
    account_id TEXT NOT NULL PRIMARY KEY REFERENCES accounts (id),
    recordings BIGINT,
    transcripts BIGINT,
    messages BIGINT,
    deliveries BIGINT,
    updated_at BIGINT NOT NULL
);

-- subject: the person under a keyed hash. removed, remaining: JSON of counts.
CREATE TABLE deletions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    subject TEXT NOT NULL,
    removed TEXT NOT NULL,
    remaining TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL
);
CREATE INDEX deletions_by_account ON deletions (account_id, requested_at);

-- When what was said in a call was removed.
ALTER TABLE calls ADD COLUMN erased_at BIGINT;
CREATE INDEX calls_with_words ON calls (account_id, ended_at) WHERE erased_at IS NULL AND ended_at IS NOT NULL;
CREATE INDEX calls_with_recording ON calls (account_id, ended_at) WHERE recording IS NOT NULL;
