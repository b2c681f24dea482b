-- Messages, the queue in front of the carrier, opt-outs, stored media.

-- The threading key: our number, the network (native or whatsapp), and the
-- other side. A number that was released and bought again has another id, and
-- so another thread.
ALTER TABLE conversations ADD COLUMN network TEXT NOT NULL DEFAULT 'native';
-- When the other side last wrote: WhatsApp's window opens there.
ALTER TABLE conversations ADD COLUMN last_inbound_at BIGINT;
-- The group as its carrier names it.
ALTER TABLE conversations ADD COLUMN carrier_group TEXT;
CREATE UNIQUE INDEX conversations_by_key ON conversations (number_id, network, participant);
CREATE UNIQUE INDEX conversations_by_carrier_group ON conversations (number_id, carrier_group)
    WHERE carrier_group IS NOT NULL;

-- media: [{"url", "id", "content_type"}]. content: WhatsApp's rich content.
-- at: acceptance or reception; with the id, the order of every list.
CREATE TABLE messages (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    conversation_id TEXT NOT NULL REFERENCES conversations (id),
    number_id TEXT NOT NULL,
    agent_id TEXT,
    direction TEXT NOT NULL,
    channel TEXT NOT NULL,
    from_address TEXT NOT NULL,
    to_address TEXT NOT NULL,
    sender TEXT,
    body TEXT NOT NULL,
    media TEXT NOT NULL,
    content TEXT,
    send_style TEXT,
    reply_to TEXT,
    carrier_id TEXT,
    segments BIGINT NOT NULL,
    is_automatic BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    failure_reason TEXT,
    error_code TEXT,
    delivered_at BIGINT,
    delivered_channel TEXT,
    read_at BIGINT,
    at BIGINT NOT NULL
);
CREATE INDEX messages_by_number ON messages (number_id, at, id);
CREATE INDEX messages_by_conversation ON messages (conversation_id, at, id);
CREATE INDEX messages_by_account ON messages (account_id, at);
CREATE INDEX messages_by_carrier_id ON messages (carrier_id) WHERE carrier_id IS NOT NULL;

-- What a carrier delivered before is delivered again when it missed our
-- answer. part: the picture's place in a carousel, which is a message each.
CREATE TABLE arrivals (
    number_id TEXT NOT NULL,
    carrier_id TEXT NOT NULL,
    part BIGINT NOT NULL,
    message_id TEXT NOT NULL REFERENCES messages (id),
    PRIMARY KEY (number_id, carrier_id, part)
);

-- Outbound messages that are not at the carrier yet; a row goes when the
-- outcome is known. state: queued, or submitting from the commit before the
-- message leaves: what is found submitting after its lease is never sent again.
-- slot (microseconds) is the place in the number's queue, due_at (milliseconds)
-- the next try.
CREATE TABLE sends (
    message_id TEXT NOT NULL PRIMARY KEY REFERENCES messages (id),
    account_id TEXT NOT NULL REFERENCES accounts (id),
    number_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    state TEXT NOT NULL,
    slot BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_owner TEXT,
    lease_until BIGINT
);
CREATE INDEX sends_due ON sends (state, due_at);
CREATE INDEX sends_by_number ON sends (number_id, slot, message_id);
CREATE INDEX sends_by_conversation ON sends (conversation_id);

-- When each number may send next, in microseconds: the throughput of a line.
CREATE TABLE lanes (
    number_id TEXT NOT NULL PRIMARY KEY REFERENCES numbers (id),
    free_at BIGINT NOT NULL
);

-- Who wants no texts of which number: the state now, and how it came about.
CREATE TABLE opt_outs (
    number_id TEXT NOT NULL REFERENCES numbers (id),
    person TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    is_out BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (number_id, person)
);
CREATE TABLE opt_out_log (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    number_id TEXT NOT NULL,
    person TEXT NOT NULL,
    is_out BOOLEAN NOT NULL,
    keyword TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX opt_out_log_by_number ON opt_out_log (number_id, person, at);

-- Our copies of pictures and files; the id is what opens them, the file is
-- named by it.
CREATE TABLE media (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    content_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX media_by_account ON media (account_id, created_at);
