package dev.afterimage.projection.deadletter;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A record that cannot be read, or that the database refused. */
public record Refused(ConsumerRecord<byte[], byte[]> record, Fault fault) {}
