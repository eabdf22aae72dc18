-- The answer of each POST that came with an Idempotency-Key, kept in the transaction of what it answers.

create table idempotency_keys (
    caller      text        not null,
    key         text        not null,
    fingerprint bytea       not null, -- SHA-256 of the operation and its request
    status      smallint,             -- with what follows null only inside the transaction that claims the key
    location    text,
    tag         text,
    body        bytea,
    created_at  timestamptz not null,
    primary key (caller, key)
);

create index idempotency_keys_created_at_idx on idempotency_keys (created_at);

grant select, insert, update, delete on idempotency_keys to orders_app;

-- what a list of one status needs, above all of a rare one
create index orders_status_id_idx on orders (status, id);
