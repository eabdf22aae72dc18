#!/usr/bin/env bash
# Reads the outbox by several slots. connectors/recipes/shards.sh SHARDS FOLDER writes a connector for each shard, made from
# order-outbox.json, and publications.sql. The owner of database orders runs publications.sql before the connectors are applied.
# connectors/README.md, "Growing", says when to use shards and how to switch to them.
set -euo pipefail
shards=${1-} folder=${2-}
case $shards in
2 | 4 | 8 | 16 | 32) ;;
*) folder= ;;
esac
[ -n "$folder" ] || {
  echo "usage: connectors/recipes/shards.sh SHARDS FOLDER, where SHARDS is 2, 4, 8, 16 or 32" >&2
  exit 2
}
mkdir -p "$folder"
echo "-- Each outbox row is in exactly one of these publications; all rows of an aggregate are in the same one." >"$folder/publications.sql"
for ((shard = 0; shard < shards; shard++)); do
  slot=order_outbox_${shards}_$shard
  echo "create publication $slot for table outbox where ((uuid_hash(aggregate_id) & $((shards - 1))) = $shard) with (publish = 'insert');" \
    >>"$folder/publications.sql"
  sed -e "s/\"order_outbox\"/\"$slot\"/" \
    -e "s/\"topic.prefix\": \"orders\"/\"topic.prefix\": \"orders-$shards-$shard\"/" \
    "${BASH_SOURCE[0]%/*}/../order-outbox.json" >"$folder/${slot//_/-}.json"
done
