#!/bin/sh
# The command line with the Node that came with it, wherever it lies and whatever Node is on the path.
set -eu
home=$(dirname "$(dirname "$(readlink -f "$0")")")
exec "$home/bin/node" "$home/lib/sipfence.mjs" "$@"
