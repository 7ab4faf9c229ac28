#!/bin/sh
# Starts one server of the cluster: NATS_NAME is its own name, NATS_PEERS are the addresses of all three.
# The token, for the guard and between the servers, is hexadecimal: openssl rand -hex 32
set -eu
here=$(cd "$(dirname "$0")" && pwd)
token=$(cat "${NATS_TOKEN_FILE:-/run/secrets/nats_token}")
routes=
for peer in $NATS_PEERS; do
    routes="$routes\"nats-route://route:$token@$peer:6222\","
done
export NATS_TOKEN="\"$token\"" NATS_ROUTES="[${routes%,}]" NATS_DATA="\"${NATS_DATA:-/data}\"" NATS_HOST="\"${NATS_HOST:-0.0.0.0}\""
exec "$here/../../.venv/bin/nats-server" -c "$here/cluster.conf" "$@"
