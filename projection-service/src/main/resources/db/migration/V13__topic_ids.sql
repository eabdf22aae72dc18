-- A topic that was deleted and created again has another id. Its new log begins at the old offsets, with other records.

-- topic_id: the topic that next_offset belongs to; null until the service has asked the broker.
-- replaced_after: the last event in the event log of an earlier log of the partition; null if there was none.
alter table cdc_raw.positions
    add column topic_id       text,
    add column replaced_after bigint;

-- Offsets of an earlier log say nothing of the present one.
create or replace function cdc_raw.drop_days_before(first_kept date) returns int language plpgsql
    set lock_timeout = '1s' as $$
declare
    day     record;
    dropped int := 0;
begin
    for day in
        select c.oid::regclass as name
          from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'cdc_raw.cdc_events'::regclass
           -- the planner may evaluate this for other tables first, so it must accept any name
           and to_date(substring(c.relname from '^cdc_events_([0-9]{8})$'), 'YYYYMMDD') < first_kept
         order by c.relname
    loop
        execute format($update$
            update cdc_raw.positions p set logged_from = greatest(p.logged_from, gone.next)
              from (select e.kafka_topic, e.kafka_partition, max(e.kafka_offset) + 1 as next
                      from %s e join cdc_raw.positions o
                        on o.topic = e.kafka_topic and o.partition = e.kafka_partition
                     where e.id > coalesce(o.replaced_after, 0)
                     group by 1, 2) gone
             where p.topic = gone.kafka_topic and p.partition = gone.kafka_partition $update$, day.name);
        execute format('drop table %s', day.name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

-- A deleted topic is reported once.
create unique index gaps_of_deleted_topics on cdc_raw.gaps (topic, partition) where cause = 'DELETED';
