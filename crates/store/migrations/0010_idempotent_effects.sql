-- What a request with an Idempotency-Key has done so far, kept by the very
-- transactions that do it.
--
-- effects: transactions of it that were committed. settled: its answer is
-- final; before that, an answer in the row is the one its effect was
-- committed with.
ALTER TABLE idempotent_requests ADD COLUMN effects BIGINT NOT NULL DEFAULT 0;
ALTER TABLE idempotent_requests ADD COLUMN settled BOOLEAN NOT NULL DEFAULT FALSE;

-- Nobody counted what requests did before: those without an answer may have
-- done anything.
UPDATE idempotent_requests SET settled = TRUE WHERE status IS NOT NULL;
UPDATE idempotent_requests SET effects = 1 WHERE status IS NULL;
