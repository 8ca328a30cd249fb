#!/bin/sh
# What the unit runs, and what you run where there is no systemd: the sidecar with the settings of this host.
# Further options of `sipfence sidecar` may follow, and win. Under systemd the spool lies in the unit's own state.
set -eu
# systemd reads the options of this host for its unit; without it they are read here.
if [ -z "${INVOCATION_ID:-}" ] && [ -r /etc/sipfence/sidecar.env ]; then
  set -a
  . /etc/sipfence/sidecar.env
  set +a
  # shellcheck disable=SC2086 # options are words
  set -- ${SIPFENCE_OPTIONS:-} "$@"
fi
home=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$home/bin/node" --max-old-space-size=384 "$home/lib/sipfence.mjs" sidecar \
  --config "${SIPFENCE_CONFIG:-/etc/sipfence/sipfence.json}" \
  --spool "${STATE_DIRECTORY:-/var/spool/sipfence}" \
  --listen "${SIPFENCE_LISTEN:-127.0.0.1:9060}" \
  "$@"
