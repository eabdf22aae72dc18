-- Repairs and retention lock the positions first, as the feed, replays and rebuilds do, so that none deadlocks with another.

-- Declares that the event log is complete only from the next offsets on. Returns the number of partitions.
create function cdc_raw.begin_log_anew() returns bigint language plpgsql set lock_timeout = '5s' as $$
declare
    partitions bigint;
begin
    lock table cdc_raw.positions in exclusive mode;
    update cdc_raw.positions set logged_from = next_offset where topic like '%.events';
    get diagnostics partitions = row_count;
    return partitions;
exception when lock_not_available then
    raise exception 'Other transactions have used cdc_raw.positions for 5 s. Nothing was changed: try again.'
        using errcode = 'lock_not_available';
end $$;

-- The lock also keeps late events out of a day that is being dropped.
create or replace function cdc_raw.drop_days_before(first_kept date) returns int language plpgsql
    set lock_timeout = '1s' as $$
declare
    first_name text := 'cdc_events_' || to_char(first_kept, 'YYYYMMDD');
    day        record;
    dropped    int := 0;
begin
    perform from pg_class
      where relnamespace = 'cdc_raw'::regnamespace and relname ~ '^cdc_events_[0-9]{8}$' and relname < first_name;
    if not found then
        return 0;
    end if;
    lock table cdc_raw.positions in exclusive mode;
    for day in
        select c.oid::regclass as name
          from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'cdc_raw.cdc_events'::regclass
           and c.relname ~ '^cdc_events_[0-9]{8}$' and c.relname < first_name
         order by c.relname
    loop
        execute format($update$
            update cdc_raw.positions p set logged_from = greatest(p.logged_from, gone.next)
              from cdc_raw.positions o
             cross join lateral (select e.kafka_offset + 1 as next
                                   from %s e
                                  where e.kafka_topic = o.topic and e.kafka_partition = o.partition
                                    and e.id > coalesce(o.replaced_after, 0)
                                  order by e.kafka_offset desc
                                  limit 1) gone
             where p.topic = o.topic and p.partition = o.partition $update$, day.name);
        execute format('drop table %s', day.name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;
