-- Contacts, contact cards, WhatsApp, backgrounds, locations.

SELECT 1;
