#!/bin/sh
# Does what tests need of the official image's entry point: makes a cluster at the first start, then becomes
# the server with the arguments that were given.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    method="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
    printf '%s\n' "${POSTGRES_PASSWORD:-unused}" >/tmp/password
    initdb --username=postgres --pwfile=/tmp/password --auth-local=trust --auth-host="$method" \
        --encoding=UTF8 --no-locale --no-sync
    echo "host all all all $method" >>"$PGDATA/pg_hba.conf"
fi
[ "${1:-postgres}" = postgres ] || exec "$@"
shift
exec postgres -h '*' -k /tmp "$@"
