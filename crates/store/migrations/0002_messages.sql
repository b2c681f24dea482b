-- Messages, groups, opt-outs, stored media.

SELECT 1;
