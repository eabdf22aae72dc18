#!/usr/bin/env bash
# A token issuer for this machine. "keys" creates its key pair in $KEYS if there is none, the public key in $PUBLIC_KEYS if that is
# set. Other arguments are the roles of a token, which is printed and valid for a day: orders:read, orders:write, orders:admin.
set -euo pipefail
private=$KEYS/issuer.pem
public=${PUBLIC_KEYS:-$KEYS}/issuer.pub.pem

if [ "$*" = keys ]; then
  [ -s "$private" ] || (umask 077 && openssl genrsa -out "$private" 2048)
  openssl rsa -in "$private" -pubout -out "$public"
  exit
fi

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
roles=$(printf '"%s",' "${@:?one role at least: orders:read, orders:write or orders:admin}")
now=$(date +%s)
claims=$(printf '{"iss":"%s","aud":["order-service","projection-service"],"sub":"compose","groups":[%s],"iat":%d,"exp":%d}' \
  "$ISSUER" "${roles%,}" "$now" $((now + 86400)))
part=$(printf '{"alg":"RS256"}' | base64url).$(printf %s "$claims" | base64url)
echo "$part.$(printf %s "$part" | openssl dgst -sha256 -sign "$private" -binary | base64url)"
