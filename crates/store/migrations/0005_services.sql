-- Registration, verification, trunks, feedback, sign-ups.

SELECT 1;
