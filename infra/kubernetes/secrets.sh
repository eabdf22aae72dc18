#!/usr/bin/env bash
# Makes the passwords of PostgreSQL's roles where they are missing: infra/kubernetes/secrets.sh <namespace>.
# Whoever keeps secrets elsewhere makes the same ones from there: basic-auth, username and password.
set -euo pipefail
for role in orders_owner orders_app debezium debezium_tables projection auditor replica; do
  secret=postgres-${role//_/-}
  kubectl --namespace "${1:?the namespace}" get secret "$secret" >/dev/null 2>&1 ||
    kubectl --namespace "$1" create secret generic "$secret" --type=kubernetes.io/basic-auth \
      --from-literal=username="$role" --from-literal=password="$(openssl rand -hex 24)"
done
