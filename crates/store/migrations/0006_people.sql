-- Contacts, contact cards, WhatsApp, backgrounds, locations.

-- search: name and number in lower case, as lists are searched; SQLite's
-- LOWER() knows ASCII only, so the program folds the case.
CREATE TABLE contacts (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    phone_number TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    notes TEXT,
    search TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (account_id, phone_number)
);
CREATE INDEX contacts_by_account ON contacts (account_id, created_at, id);

-- What iMessage recipients see of a line. avatar_id: our copy in media.
CREATE TABLE contact_cards (
    number_id TEXT NOT NULL PRIMARY KEY REFERENCES numbers (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    first_name TEXT,
    last_name TEXT,
    display_name TEXT,
    avatar_id TEXT,
    updated_at BIGINT NOT NULL
);

-- A WhatsApp business account that this account uses; connecting it again
-- renews the row.
CREATE TABLE whatsapp_connections (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    waba_id TEXT NOT NULL,
    business_id TEXT,
    agent_id TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, waba_id)
);

-- The WhatsApp business account that a number sends through, and its name there.
ALTER TABLE numbers ADD COLUMN whatsapp_connection_id TEXT;
ALTER TABLE numbers ADD COLUMN whatsapp_phone_number_id TEXT;
CREATE INDEX numbers_by_whatsapp ON numbers (whatsapp_connection_id) WHERE whatsapp_connection_id IS NOT NULL;

-- body: what the owner asked for (components, library template), as sent.
CREATE TABLE whatsapp_templates (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    connection_id TEXT NOT NULL REFERENCES whatsapp_connections (id),
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    category TEXT NOT NULL,
    status TEXT NOT NULL,
    rejected_reason TEXT,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (connection_id, name, language)
);
CREATE INDEX whatsapp_templates_by_connection ON whatsapp_templates (connection_id, created_at, id);

-- background_id is null once it was removed; the version goes on from there.
CREATE TABLE chat_backgrounds (
    conversation_id TEXT NOT NULL PRIMARY KEY REFERENCES conversations (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    background_id TEXT,
    version BIGINT NOT NULL,
    digest TEXT,
    media_id TEXT,
    updated_at BIGINT NOT NULL
);

-- The latest place of each person who shares it with one of our lines.
CREATE TABLE locations (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    person TEXT NOT NULL,
    latitude DOUBLE PRECISION NOT NULL,
    longitude DOUBLE PRECISION NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, person)
);

-- One reaction per person and message; a new one takes the old one's place.
-- message_at is the message's: the reactions to a page are a range.
CREATE TABLE reactions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    message_id TEXT NOT NULL REFERENCES messages (id),
    conversation_id TEXT NOT NULL,
    message_at BIGINT NOT NULL,
    person TEXT NOT NULL,
    direction TEXT NOT NULL,
    reaction TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (message_id, person)
);
CREATE INDEX reactions_by_conversation ON reactions (conversation_id, message_at);

-- How many threads each agent ('' none) has on each number: the totals of
-- lists, which must not count a million rows for a page.
CREATE TABLE thread_counts (
    account_id TEXT NOT NULL REFERENCES accounts (id),
    agent_id TEXT NOT NULL,
    number_id TEXT NOT NULL,
    threads BIGINT NOT NULL,
    PRIMARY KEY (account_id, agent_id, number_id)
);

-- With all of its order, a page deep down is found in the index alone.
DROP INDEX conversations_by_agent;
CREATE INDEX conversations_by_agent ON conversations (account_id, agent_id, last_message_at, id);
