-- Changes of tables at run time wait at most a second for a lock. While a change waits, every later statement on the table waits
-- behind it. So the change fails soon, and the service tries again.

-- `attach partition` does not wait for readers of the log; `create table ... partition of` does.
create or replace function cdc_raw.open_day(day date) returns boolean language plpgsql set lock_timeout = '1s' as $$
declare
    name text := 'cdc_events_' || to_char(day, 'YYYYMMDD');
begin
    if to_regclass('cdc_raw.' || name) is not null then
        return true;
    end if;
    perform pg_advisory_xact_lock(hashtext('cdc_raw.cdc_events'));
    if exists (select from pg_class where relnamespace = 'cdc_raw'::regnamespace and relname = name) then
        return true;
    end if;
    execute format('create table cdc_raw.%I (like cdc_raw.cdc_events including all excluding identity)', name);
    execute format('alter table cdc_raw.cdc_events attach partition cdc_raw.%I for values from (%L) to (%L)',
                   name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    return false;
end $$;

alter function cdc_raw.drop_days_before(date) set lock_timeout = '1s';
alter function cdc_raw.swap_models(text) set lock_timeout = '1s';

-- The service creates each index by a statement of its own.
drop function cdc_raw.index_model(text);
