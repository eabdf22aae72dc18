-- The key as JSON, a tombstone that is not mistaken for a truncate, and views that show the lag.

set local search_path = cdc_processed;

drop index cdc_raw.cdc_events_of_key;
alter table cdc_raw.cdc_events alter column event_key type jsonb
      using case when event_key is json object then event_key::jsonb else jsonb_build_object('id', event_key) end;
create index cdc_events_of_key on cdc_raw.cdc_events (event_key, kafka_offset);

update cdc_raw.cdc_events set operation = 'tombstone' where operation = 't';
update cdc_raw.statistics set operation = 'tombstone' where operation = 't';

create or replace view cdc_raw.cdc_statistics as
select source_table, operation, sum(events)::bigint as events, min(first_event) as first_event,
       max(last_event) as last_event, max(last_processed) as last_processed
  from cdc_raw.statistics
 group by source_table, operation
 order by source_table, operation;

-- The lag comes from the statistics of the event log, because a rebuild writes each row anew.
create or replace view analytics_summary as
select status, currency, count(*) as orders, count(distinct customer_id) as customers, sum(total) as revenue,
       round(avg(total), 2) as average_total, min(created_at) as first_order, max(created_at) as last_order,
       max(cdc_timestamp) as last_change, max(synced_at) as last_synced,
       newest.last_event as newest_change, newest.last_processed as newest_applied,
       newest.last_processed - newest.last_event as lag
  from orders
  left join (select last_event, last_processed
               from cdc_raw.statistics
              where source_table = 'orders'
              order by last_event desc
              limit 1) as newest on true
 group by status, currency, newest.last_event, newest.last_processed
 order by status, currency;
