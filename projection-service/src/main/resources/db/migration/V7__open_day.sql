-- Whoever waited for the lock looks into pg_class: to_regclass answers from this session's cache, which may not have heard yet
-- of the partition that the other one has made.

create or replace function cdc_raw.open_day(day date) returns boolean language plpgsql as $$
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
    execute format('create table cdc_raw.%I partition of cdc_raw.cdc_events for values from (%L) to (%L)',
                   name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    return false;
end $$;
