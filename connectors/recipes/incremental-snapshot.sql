-- The signal of incremental-snapshot.json: reads the table again, in chunks, while changes continue.
insert into recipe_signals (id, type, data)
values (gen_random_uuid()::text, 'execute-snapshot', '{"type": "incremental", "data-collections": ["public.customers"]}');
