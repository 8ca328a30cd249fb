#!/bin/sh
# What the unit runs, and what you run where there is no systemd: the sidecar with the settings of this host.
# Further options of `sipfence sidecar` may follow, and win. Under systemd the spool lies in the unit's own state.
set -eu
# systemd reads the options of this host for its unit; without it they are read here, by the same rules: lines of KEY=VALUE, the
# value as it stands or within quotes.
if [ -z "${INVOCATION_ID:-}" ] && [ -r /etc/sipfence/sidecar.env ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    value=${line#*=}
    case $value in
      \"*\") value=${value#\"} value=${value%\"} ;;
      \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    case $line in [A-Za-z_]*=*) export "${line%%=*}=$value" ;; esac
  done </etc/sipfence/sidecar.env
  # shellcheck disable=SC2086 # options are words
  set -- ${SIPFENCE_OPTIONS:-} "$@"
fi
home=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$home/bin/node" --max-old-space-size=384 "$home/lib/sipfence.mjs" sidecar \
  --config "${SIPFENCE_CONFIG:-/etc/sipfence/sipfence.json}" \
  --spool "${STATE_DIRECTORY:-/var/spool/sipfence}" \
  --listen "${SIPFENCE_LISTEN:-127.0.0.1:9060}" \
  "$@"
