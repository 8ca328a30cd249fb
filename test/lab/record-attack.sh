#!/usr/bin/env bash
# Records a reflection attack on a real kamailio: phones that register by digest, a flood of REGISTER
# with a forged source, then forged requests in the name of one of the phones.
# Usage, as root: test/lab/record-attack.sh [OUTPUT.pcap.gz]
# All packets stay in three network namespaces, which are removed at the end.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
output=${1:-$root/examples/recorded-attack/reflection.pcap.gz}

victim=192.0.2.200
poisoned=203.0.113.15
length=60
flood_at=12 flood_rate=240 flood_seconds=30
poison_at=22 poison_rate=200 poison_seconds=10

inet=rec$$-inet router=rec$$-router pbx=rec$$-pbx
work=$(mktemp -d)

for tool in kamailio sipp tcpdump tcpreplay ethtool ip ss gzip npx; do
  command -v "$tool" >/dev/null || { echo "Cannot record: $tool is not installed" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo 'Cannot record: network namespaces need root' >&2; exit 1; }

tidy() {
  local status=$? namespace
  trap - EXIT INT TERM
  # Only jobs that still run are asked to end: the number of a finished one may belong to another by now.
  for pid in $(jobs -pr); do kill -TERM "$pid" 2>/dev/null || true; done
  for _ in {1..50}; do
    [ -z "$(jobs -pr)" ] && break
    sleep 0.1
  done
  for namespace in "$inet" "$router" "$pbx"; do
    for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns del "$namespace" 2>/dev/null || true
  done
  if [ "$status" = 0 ]; then rm -rf "$work"; else echo "Logs are kept in $work" >&2; fi
  exit "$status"
}
trap tidy EXIT
trap 'exit 130' INT TERM

# Runs a program in a namespace in the background; its log has the name of the first argument.
start() {
  local name=$1 namespace=$2
  shift 2
  ip netns exec "$namespace" "$@" >"$work/$name.log" 2>&1 </dev/null &
}

# Repeats a command until it succeeds, for 10 seconds.
await() {
  for _ in {1..100}; do
    "$@" && return 0
    sleep 0.1
  done
  echo "Cannot record: \"$*\" fails still after 10 seconds" >&2
  return 1
}

pbx_listens() {
  [ -n "$(ip netns exec "$pbx" ss -Hlun 'sport = :5060')" ]
}

# Sleeps until this many seconds after the start of the recording; in the background, because bash takes
# a signal during "wait" at once and during a program only after its end.
at() {
  local left=$((started + $1 * 1000000 - ${EPOCHREALTIME/[.,]/}))
  [ "$left" -gt 0 ] || return 0
  sleep "$(printf '%d.%06d' $((left / 1000000)) $((left % 1000000)))" &
  wait $!
}

build_network() {
  local namespace device pair
  for namespace in "$inet" "$router" "$pbx"; do
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
  done
  # The first two addresses are those that ethernet() in test/traffic/wire.ts writes.
  ip link add i0 address 02:00:5e:00:53:01 netns "$inet" type veth \
    peer name r-inet address 02:00:5e:00:53:02 netns "$router"
  ip link add p0 address 02:00:5e:00:53:04 netns "$pbx" type veth \
    peer name r-pbx address 02:00:5e:00:53:03 netns "$router"
  ip -n "$inet" address add 203.0.113.2/24 dev i0
  for i in {11..30}; do ip -n "$inet" address add "203.0.113.$i/24" dev i0; done
  ip -n "$router" address add 203.0.113.1/24 dev r-inet
  ip -n "$router" address add 10.0.0.1/24 dev r-pbx
  ip -n "$pbx" address add 10.0.0.10/24 dev p0
  # Without segmentation and checksum offload the capture shows packets as a wire would carry them.
  for pair in "$inet i0" "$router r-inet" "$router r-pbx" "$pbx p0"; do
    read -r namespace device <<<"$pair"
    ip -n "$namespace" link set "$device" up
    ip netns exec "$namespace" ethtool -K "$device" tx off gro off gso off tso off >/dev/null
  done
  ip -n "$inet" route add default via 203.0.113.1
  ip -n "$pbx" route add default via 10.0.0.1
  # Answers to a forged source leave towards the internet, where nobody takes them.
  ip -n "$router" route add default via 203.0.113.2
  ip netns exec "$inet" sysctl -qw net.ipv4.ip_forward=0
  ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \
    net.ipv4.conf.r-inet.rp_filter=0 net.ipv4.conf.r-pbx.rp_filter=0
}

write_floods() (
  cd "$root"
  npx tsx "$here/flood.ts" --source "$victim" --rate "$flood_rate" --seconds "$flood_seconds" --seed 1 \
    "$work/flood.pcap"
  npx tsx "$here/flood.ts" --source "$poisoned" --source-port 5080 --user 1015 --rate "$poison_rate" \
    --seconds "$poison_seconds" --seed 2 "$work/poison.pcap"
)

phones() {
  local name=$1
  shift
  start "$name" "$inet" sipp 10.0.0.10:5060 -t ui -ip_field 1 -max_socket 100 -nostdin -nd \
    -timeout "$((length + 5))s" -trace_err -error_file "$work/$name.errors" "$@"
}

play() {
  start callee "$inet" sipp -sf "$here/record-attack/callee.xml" -i 203.0.113.30 -p 5062 -nostdin \
    -m 10 -timeout "$((length + 5))s"
  phones registrations -sf "$here/record-attack/phone.xml" -inf "$here/record-attack/phones.csv" \
    -i 203.0.113.11 -p 5060 -m 20 -r 3
  local registrations=$!
  at 5
  phones calls -sf "$here/record-attack/caller.xml" -inf "$here/record-attack/callers.csv" \
    -i 203.0.113.11 -p 5062 -m 10 -r 1 -rp 5000
  at "$flood_at"
  start flood "$inet" tcpreplay -q -K -i i0 "$work/flood.pcap"
  at "$poison_at"
  start poison "$inet" tcpreplay -q -K -i i0 "$work/poison.pcap"
  at "$length"
  # Within braces and with a wait, so that bash does not report the end of the job.
  { kill -KILL "$registrations" && wait "$registrations" || true; } 2>/dev/null
}

build_network
write_floods
mkdir "$work/run"
start kamailio "$pbx" kamailio -f "$here/record-attack/kamailio.cfg" -DD -m 64 -M 8 -Y "$work/run" \
  -P "$work/run/kamailio.pid"
start tcpdump "$pbx" tcpdump -i p0 -nn -s 0 -U -B 16384 -Z root -w "$work/reflection.pcap" 'udp port 5060'
recorder=$!
await grep -q 'listening on' "$work/tcpdump.log"
await pbx_listens

started=${EPOCHREALTIME/[.,]/}
echo "Recording for $length seconds"
play
# tcpdump gets packets up to a second late, and loses those that it does not have yet when it ends.
sleep 1
kill -INT "$recorder"
wait "$recorder" || true
cat "$work/tcpdump.log"
mkdir -p "$(dirname "$output")"
gzip -9nc "$work/reflection.pcap" >"$output"
ls -l "$output"
