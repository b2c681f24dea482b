-- The usage ledger and its rollups.

SELECT 1;
