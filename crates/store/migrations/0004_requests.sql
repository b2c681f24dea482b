-- Idempotent requests and the audit log.

SELECT 1;
