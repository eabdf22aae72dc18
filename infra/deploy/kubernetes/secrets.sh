#!/usr/bin/env bash
# Creates missing passwords of PostgreSQL's roles: infra/deploy/kubernetes/secrets.sh <namespace>.
# With another source of secrets, create the same Secrets from it: type basic-auth, with username and password.
set -euo pipefail
for role in orders_owner orders_app debezium debezium_tables projection auditor replica; do
  secret=postgres-${role//_/-}
  kubectl --namespace "${1:?the namespace}" get secret "$secret" >/dev/null 2>&1 ||
    kubectl --namespace "$1" create secret generic "$secret" --type=kubernetes.io/basic-auth \
      --from-literal=username="$role" --from-literal=password="$(openssl rand -hex 24)"
done
