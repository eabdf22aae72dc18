-- The effect of each event on the read model, so that every instance can show it in the live stream. Null in older rows.
alter table cdc_raw.cdc_events add column effect text;
