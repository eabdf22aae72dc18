-- A traced request is followed to the consumers of its event: the W3C traceparent of the span that wrote the row, or null.

alter table outbox add column traceparent text;
