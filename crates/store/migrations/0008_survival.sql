-- How far a running call was known to be up, written by its owner every few
-- seconds: where it ends, and is charged to, should its owner die.
ALTER TABLE calls ADD COLUMN checkpoint_at BIGINT;
CREATE INDEX calls_open_by_owner ON calls (owner, id) WHERE ended_at IS NULL;

-- Rows that show whether there is room for more; written and deleted at once.
CREATE TABLE probes (
    id TEXT NOT NULL PRIMARY KEY,
    filler TEXT NOT NULL
);
