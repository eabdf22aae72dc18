-- What was set aside, as it came, until somebody has it applied or discards it.

create table cdc_raw.dead_letters (
    id              bigint generated always as identity primary key,
    kafka_topic     text        not null,
    kafka_partition int         not null,
    kafka_offset    bigint      not null,
    kafka_timestamp bigint      not null, -- epoch milliseconds as Kafka has them: a record may carry any
    key             bytea,
    value           bytea,
    headers         json        not null, -- [{"name", "value" in base64 or null}]; jsonb would refuse a NUL in a name
    reason          text        not null,
    digest          text        not null, -- the same for the same fault
    attempts        int         not null default 1,
    received_at     timestamptz not null default clock_timestamp(),
    last_attempt_at timestamptz not null default clock_timestamp(),
    unique (kafka_topic, kafka_partition, kafka_offset, kafka_timestamp)
);

create index dead_letters_of_topic on cdc_raw.dead_letters (kafka_topic, id);
create index dead_letters_of_digest on cdc_raw.dead_letters (digest, id);
