-- Removes what prepare.sql created. Run it as the owner of database orders, after the recipes' connectors are deleted.
drop publication recipes;
drop publication recipes_outbox;
drop table recipe_signals;
