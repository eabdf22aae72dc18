#!/usr/bin/env bash
# Places an order at order-service and reads it from projection-service, in the running containers.
set -euo pipefail
cd "$(dirname "$0")"
token=$(docker compose -p afterimage run --rm --quiet-pull token orders:admin | tail -n 1)
call() { curl -sS --fail-with-body -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
id() { sed -E 's/.*"id" *: *"([0-9a-f-]{36})".*/\1/' <<<"$1"; }

run=$RANDOM$RANDOM
customer=$(call http://127.0.0.1:8080/customers -d "{\"name\":\"Ada\",\"email\":\"ada-$run@example.com\"}")
product=$(call http://127.0.0.1:8080/products -d "{\"sku\":\"LOOM-$run\",\"name\":\"Cards\",\"price\":\"29.90\"}")
order=$(call http://127.0.0.1:8080/orders \
  -d "{\"customerId\":\"$(id "$customer")\",\"items\":[{\"productId\":\"$(id "$product")\",\"quantity\":2}]}")
echo "placed: $order"
# assigned first: a failure inside of echo's argument would not end the script
read=$(call --retry 30 --retry-delay 1 --retry-all-errors "http://127.0.0.1:8081/orders/$(id "$order")?minVersion=1&wait=10s")
echo "read:   $read"
