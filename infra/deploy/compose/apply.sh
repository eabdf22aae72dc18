#!/usr/bin/env bash
# Runs once: creates the missing topics of $TOPICS, then applies every connector in the same folder and waits until all run.
set -euo pipefail
cd "$CONNECTORS"

topics() { "$KAFKA_HOME/bin/kafka-topics.sh" --bootstrap-server "$KAFKA" "$@"; }
existing=$(topics --list)
while read -r topic partitions setting; do
  grep -qxF "$topic" <<<"$existing" ||
    topics --create --if-not-exists --replication-factor 1 --topic "$topic" --partitions "$partitions" --config "$setting"
done <<<"$TOPICS"

connect() { # path, options of curl; a worker answers 409 while its group forms after a start
  curl -sS --fail-with-body --retry 30 --retry-delay 1 --retry-all-errors "${@:2}" "$CONNECT/connectors/$1"
}
for file in *.json; do
  [ "$file" != topics.json ] || continue
  answer=$(connect "${file%.json}/config" -X PUT -H 'Content-Type: application/json' --data "@$file") || {
    echo "Connect refuses ${file%.json}: $answer" >&2
    exit 1
  }
done
for file in *.json; do
  [ "$file" != topics.json ] || continue
  for ((attempt = 1; ; attempt++)); do
    status=$(connect "${file%.json}/status")
    case $status in
    *'"state":"FAILED"'*) connect "${file%.json}/restart?includeTasks=true&onlyFailed=true" -X POST >/dev/null ;;
    *'"connector":{"state":"RUNNING"'*'"tasks":[{"id":0,"state":"RUNNING"'*) break ;;
    esac
    [ "$attempt" -lt 60 ] || {
      echo "Connector ${file%.json} does not run: $status" >&2
      exit 1
    }
    sleep 1
  done
  echo "Connector ${file%.json} runs."
done
