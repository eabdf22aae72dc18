-- A read model built anew beside the live one, then put in its place.

-- From this offset on the event log misses nothing: where a partition was begun, or where retention has cut it off.
alter table cdc_raw.positions add column logged_from bigint;
update cdc_raw.positions set logged_from = next_offset;
alter table cdc_raw.positions alter column logged_from set not null;

-- Drops whole days of the event log and returns how many; each partition remembers from where on it is complete.
create function cdc_raw.drop_days_before(first_kept date) returns int language plpgsql as $$
declare
    day     record;
    dropped int := 0;
begin
    for day in
        select c.oid::regclass as name
          from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'cdc_raw.cdc_events'::regclass
           and to_date(right(c.relname, 8), 'YYYYMMDD') < first_kept
         order by c.relname
    loop
        execute format($update$
            update cdc_raw.positions p set logged_from = greatest(p.logged_from, gone.next)
              from (select kafka_topic, kafka_partition, max(kafka_offset) + 1 as next from %s group by 1, 2) gone
             where p.topic = gone.kafka_topic and p.partition = gone.kafka_partition $update$, day.name);
        execute format('drop table %s', day.name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

create table cdc_raw.rebuilds (
    id         uuid primary key,
    source     text        not null check (source in ('log', 'topics')),
    incomplete boolean     not null,
    status     text        not null check (status in ('RUNNING', 'DONE', 'FAILED')),
    started_at timestamptz not null default clock_timestamp(),
    ended_at   timestamptz,
    events     bigint,
    error      text
);

create unique index one_rebuild_at_a_time on cdc_raw.rebuilds (status) where status = 'RUNNING';

-- How far a rebuild that runs has got; it moves in the transactions that fill its tables.
create table cdc_raw.rebuild_positions (
    rebuild_id   uuid   not null references cdc_raw.rebuilds (id) on delete cascade,
    topic        text   not null,
    partition    int    not null,
    first_offset bigint not null,
    next_offset  bigint not null,
    events       bigint not null,
    primary key (rebuild_id, topic, partition)
);

-- The tables and views of the live read model once more, with their grants, empty, and without the indexes that only queries
-- need: those come when the rows are there.
create function cdc_raw.new_model(model text) returns void language plpgsql as $$
declare
    path text := current_setting('search_path');
    item record;
begin
    execute format('create schema %I', model);
    for item in select tablename from pg_tables where schemaname = 'cdc_processed' loop
        execute format('create table %I.%I (like cdc_processed.%I including all excluding indexes)',
                       model, item.tablename, item.tablename);
    end loop;
    for item in
        select c.conname, r.relname, pg_get_constraintdef(c.oid) as definition
          from pg_constraint c join pg_class r on r.oid = c.conrelid
         where c.connamespace = 'cdc_processed'::regnamespace and c.contype in ('p', 'u')
    loop
        execute format('alter table %I.%I add constraint %I %s', model, item.relname, item.conname, item.definition);
    end loop;
    perform set_config('search_path', 'cdc_processed', true);
    create temporary table model_views on commit drop as
        select c.oid as made, c.relname, pg_get_viewdef(c.oid) as definition
          from pg_class c where c.relnamespace = 'cdc_processed'::regnamespace and c.relkind = 'v';
    perform set_config('search_path', model || ', pg_temp', true);
    for item in select relname, definition from pg_temp.model_views order by made loop
        execute format('create view %I.%I as %s', model, item.relname, item.definition);
    end loop;
    perform set_config('search_path', path, true);
    for item in
        select format('schema %I', model) as what, g.privilege_type, g.grantee
          from pg_namespace n, aclexplode(n.nspacl) g
         where n.nspname = 'cdc_processed' and g.grantee <> n.nspowner
        union all
        select format('%I.%I', model, c.relname), g.privilege_type, g.grantee
          from pg_class c, aclexplode(c.relacl) g
         where c.relnamespace = 'cdc_processed'::regnamespace and c.relkind in ('r', 'v') and g.grantee <> c.relowner
    loop
        execute format('grant %s on %s to %s', item.privilege_type, item.what,
                       case item.grantee when 0 then 'public' else item.grantee::regrole::text end);
    end loop;
end $$;

create function cdc_raw.index_model(model text) returns void language plpgsql as $$
declare
    item record;
begin
    for item in
        select i.indexname, i.indexdef, i.tablename
          from pg_indexes i
         where i.schemaname = 'cdc_processed'
           and to_regclass(format('%I.%I', model, i.indexname)) is null
    loop
        execute replace(item.indexdef, ' ON cdc_processed.', format(' ON %I.', model));
    end loop;
end $$;

-- The new model takes the place of the old one, which is left under another name until nobody reads it any more.
create function cdc_raw.swap_models(model text) returns void language plpgsql as $$
begin
    drop schema if exists cdc_replaced cascade;
    alter schema cdc_processed rename to cdc_replaced;
    execute format('alter schema %I rename to cdc_processed', model);
end $$;
