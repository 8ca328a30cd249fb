#!/bin/sh
# Installs, upgrades, removes and shows the sipfence sidecar. It lies in the unpacked tarball, and on the path as
# `sipfence-sidecar` once installed. It asks nothing. Exit codes: 0 done, 1 failed, 2 wrong usage.
#
# Promises: `install` and `upgrade` check everything before they change anything, and put the version before back
# where the new one does not get ready. Doing either twice is doing it once. `remove` leaves nothing behind.
set -eu

GLIBC_FLOOR=2.28
OPT=/opt/sipfence
ETC=/etc/sipfence
SETTINGS=$ETC/sipfence.json
OPTIONS=$ETC/sidecar.env
UNIT=sipfence-sidecar.service
UNIT_FILE=/etc/systemd/system/$UNIT
ON_PATH=/usr/local/sbin/sipfence-sidecar
# Where the unit keeps its spool, as DynamicUser= names it, and where `run` does without systemd.
SPOOLS="/var/lib/private/sipfence /var/lib/sipfence /var/spool/sipfence"

PATH=${PATH:-/usr/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
HERE=$(dirname "$(readlink -f "$0")")

usage() {
  cat <<'EOF'
sh install.sh install [--config FILE]     installs this version, or upgrades to it; FILE becomes /etc/sipfence/sipfence.json
sh install.sh upgrade [--config FILE] [TARBALL]   the same, where one is installed; settings stay unless FILE is given
sipfence-sidecar status                   version, running or not, since when, and how it is; 0 where all is well
sipfence-sidecar remove [--keep-settings] takes everything away
EOF
}

main() {
  [ $# -gt 0 ] || { usage >&2; exit 2; }
  command=$1
  shift
  config='' tarball='' keep=no
  while [ $# -gt 0 ]; do
    case "$command $1" in
      'install --config' | 'upgrade --config')
        [ $# -gt 1 ] || misuse '--config needs a file'
        config=$2
        shift
        ;;
      'remove --keep-settings') keep=yes ;;
      upgrade\ -*) misuse "$command has no option \"$1\"" ;;
      upgrade\ *) tarball=$1 ;;
      *) misuse "$command does not take \"$1\"" ;;
    esac
    shift
  done
  case $command in
    install) needs_root && install_this ;;
    upgrade) needs_root && upgrade ;;
    remove) needs_root && remove ;;
    status) status ;;
    help | --help | -h) usage ;;
    *) misuse "there is no \"$command\"" ;;
  esac
}

say() { printf 'sipfence-sidecar: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }
refuse() { say "$*" >&2; exit 2; }
misuse() { say "Cannot do that: $*" >&2; usage >&2; exit 2; }
needs_root() { [ "$(id -u)" = 0 ] || fail "Cannot $command: you are not root; use sudo"; }
has() { command -v "$1" >/dev/null 2>&1; }

# A word of a folder's BUILD file, such as `version`.
word() { sed -n "s/^$1=//p" "$2/BUILD" 2>/dev/null || true; }

# Whether systemd runs this system: sd_booted(3).
booted() { [ -d /run/systemd/system ]; }

installed() { [ -e "$OPT/current/BUILD" ]; }

upgrade() {
  installed || fail "Cannot upgrade: nothing is installed in $OPT; use install"
  if [ -z "$tarball" ]; then
    [ "$HERE" != "$(readlink -f "$OPT/current")" ] ||
      misuse 'this is the installed version itself; name the new tarball'
    install_this
    return
  fi
  [ -r "$tarball" ] || fail "Cannot upgrade: there is no file \"$tarball\""
  unpacked=$(mktemp -d)
  trap 'rm -rf "$unpacked"' EXIT
  tar -xzf "$tarball" -C "$unpacked" || fail "Cannot unpack \"$tarball\""
  set -- "$unpacked"/*/install.sh
  [ -f "$1" ] || fail "Cannot upgrade: \"$tarball\" is no tarball of the sidecar"
  script=$1
  if [ -n "$config" ]; then sh "$script" upgrade --config "$config"; else sh "$script" upgrade; fi
}

# ---- install ----

install_this() {
  version=$(word version "$HERE")
  [ -n "$version" ] || fail "Cannot install: $HERE holds no BUILD file; unpack the tarball and run its install.sh"
  check_system
  check_settings
  before=''
  if installed; then before=$(readlink -f "$OPT/current"); fi
  changed=no
  stage_files
  place_settings
  place_files
  place_unit
  say "$(if [ $changed = yes ]; then echo installed; else echo 'already installed:'; fi) $version in $OPT/$version"
  start
}

check_system() {
  arch=$(word arch "$HERE")
  case "$(uname -m)" in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) machine=$(uname -m) ;;
  esac
  [ "$machine" = "$arch" ] || fail "Cannot install: this tarball is for $arch and this machine is $machine; take the other one"
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/^glibc //') || true
  [ -n "$glibc" ] || fail "Cannot install: this system has no glibc; Node needs glibc $GLIBC_FLOOR or newer"
  lowest=$(printf '%s\n%s\n' "$glibc" "$GLIBC_FLOOR" | sort -V | head -n 1)
  [ "$lowest" = "$GLIBC_FLOOR" ] ||
    fail "Cannot install: this system has glibc $glibc and Node needs $GLIBC_FLOOR or newer (Debian 10, RHEL 8, Amazon Linux 2023)"
  node=$("$HERE/bin/node" --version 2>&1) || fail "Cannot install: Node does not run here: $node"
  has tcpdump || fail "Cannot install: there is no tcpdump; $(tcpdump_advice)"
}

tcpdump_advice() {
  if has apt-get; then echo 'run apt-get install tcpdump'
  elif has dnf; then echo 'run dnf install tcpdump'
  else echo 'install the package tcpdump'; fi
}

# The sidecar reads the settings as it would when started, so a mistake in them ends this before anything is changed.
check_settings() {
  candidate=${config:-$SETTINGS}
  if [ ! -r "$candidate" ]; then
    [ -n "$config" ] || refuse "Cannot install: there are no settings in $SETTINGS yet; pass --config FILE"
    refuse "Cannot install: there is no file \"$config\""
  fi
  if found=$(
    read_options
    # shellcheck disable=SC2086 # options are words
    "$HERE/bin/sipfence" sidecar --config "$candidate" ${SIPFENCE_OPTIONS:-} --check 2>&1
  ); then
    printf '%s\n' "$found" | while IFS= read -r line; do say "$line"; done
  else
    printf '%s\n' "$found" >&2
    refuse "Cannot install: the sidecar would not start with \"$candidate\""
  fi
}

# Exports what the unit's EnvironmentFile= says: lines of KEY=VALUE, the value as it stands or within quotes.
read_options() {
  [ -r "$OPTIONS" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    value=${line#*=}
    case $value in
      \"*\") value=${value#\"} value=${value%\"} ;;
      \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    case $line in [A-Za-z_]*=*) export "${line%%=*}=$value" ;; esac
  done <"$OPTIONS"
}

place_settings() {
  mkdir -p "$ETC"
  rm -f "$SETTINGS.before"
  [ -n "$config" ] && [ "$(readlink -f "$config")" != "$SETTINGS" ] || return 0
  if [ -e "$SETTINGS" ] && [ "$(cat "$config")" = "$(cat "$SETTINGS")" ]; then return 0; fi
  [ ! -e "$SETTINGS" ] || cp -p "$SETTINGS" "$SETTINGS.before"
  # Readable to everybody: the unit's user has no name that could own it, and there is no secret in it.
  cat "$config" >"$SETTINGS.new"
  chmod 644 "$SETTINGS.new"
  mv -f "$SETTINGS.new" "$SETTINGS"
  changed=yes
}

# What may fail for want of room comes first, and beside what runs.
stage_files() {
  target=$OPT/$version
  staged=$target.new
  if [ "$before" = "$target" ] && [ "$(cat "$HERE/BUILD")" = "$(cat "$target/BUILD")" ]; then
    staged=''
    return 0
  fi
  changed=yes
  mkdir -p "$OPT"
  rm -rf "$staged" "$target.before"
  cp -R "$HERE" "$staged"
  chown -R 0:0 "$staged"
  chmod -R u+rwX,go+rX,go-w "$staged"
  ln -s bin/run "$staged/run"
  # Where SELinux holds, what systemd starts must be labelled as a program.
  ! has restorecon || restorecon -R "$staged" 2>/dev/null || true
}

# Only the link decides what runs, and it is swapped at once. The same version with other contents replaces the one
# before, and for a moment between two renames the link leads nowhere; a start that falls into it is tried again.
place_files() {
  [ -n "$staged" ] || return 0
  if [ -e "$target" ]; then
    mv "$target" "$target.before"
    if [ "$before" = "$target" ]; then before=$target.before; fi
  fi
  mv "$staged" "$target"
  link_to "$target"
}

link_to() {
  ln -sfn "$1" "$OPT/current.new"
  mv -fT "$OPT/current.new" "$OPT/current"
}

place_unit() {
  mkdir -p "$(dirname "$ON_PATH")"
  ln -sfn "$OPT/current/install.sh" "$ON_PATH"
  [ -d "$(dirname "$UNIT_FILE")" ] || has systemctl || return 0
  mkdir -p "$(dirname "$UNIT_FILE")"
  cp "$OPT/current/$UNIT" "$UNIT_FILE.new"
  chmod 644 "$UNIT_FILE.new"
  mv -f "$UNIT_FILE.new" "$UNIT_FILE"
  ! has systemctl || systemctl enable --quiet "$UNIT"
}

start() {
  if ! booted; then
    forget_before
    say "systemd does not run here; start it with $OPT/current/run"
    return 0
  fi
  systemctl daemon-reload
  if [ $changed = yes ]; then verb=restart; else verb=start; fi
  # Waits until the sidecar counts, or has failed.
  if systemctl $verb "$UNIT"; then
    forget_before
    say 'it runs, and counts'
    return 0
  fi
  journalctl -u "$UNIT" -n 5 --no-pager -o cat >&2 2>/dev/null || true
  [ $changed = yes ] && [ -n "$before" ] ||
    fail "Cannot start it: journalctl -u $UNIT tells why; systemd tries again every 5 s"
  put_back
  fail "Cannot start $version: what ran before runs again; the lines above tell why"
}

forget_before() {
  rm -f "$SETTINGS.before"
  for folder in "$OPT"/*; do
    case $folder in
      "$OPT/current" | "$OPT/$version") ;;
      *) rm -rf "$folder" ;;
    esac
  done
}

# The version before, its unit and its settings.
put_back() {
  [ ! -e "$SETTINGS.before" ] || mv -f "$SETTINGS.before" "$SETTINGS"
  if [ "$before" = "$OPT/$version.before" ]; then
    rm -rf "${OPT:?}/$version"
    mv "$before" "$OPT/$version"
    before=$OPT/$version
  fi
  link_to "$before"
  [ "$before" = "$OPT/$version" ] || rm -rf "${OPT:?}/$version"
  cp "$before/$UNIT" "$UNIT_FILE"
  systemctl daemon-reload
  systemctl reset-failed "$UNIT" 2>/dev/null || true
  systemctl restart "$UNIT" || say 'Cannot start what ran before either' >&2
}

# ---- remove ----

remove() {
  if booted && [ -e "$UNIT_FILE" ]; then systemctl disable --now --quiet "$UNIT" || true
  elif has systemctl && [ -e "$UNIT_FILE" ]; then systemctl disable --quiet "$UNIT" || true; fi
  rm -f "$UNIT_FILE" "$ON_PATH"
  if booted; then
    systemctl daemon-reload
    systemctl reset-failed "$UNIT" 2>/dev/null || true
  fi
  running=$(running_from "$OPT")
  # shellcheck disable=SC2086 # a list of folders
  rm -rf "$OPT" $SPOOLS
  [ $keep = yes ] || rm -rf "$ETC"
  if [ $keep = yes ]; then say "removed; the settings stay in $ETC"; else say removed; fi
  [ -z "$running" ] || say "a sidecar that systemd did not start still runs; end it: kill $running"
}

# Processes whose program lies in the folder, but for this script's own.
running_from() {
  for exe in /proc/[0-9]*/exe; do
    case $(readlink "$exe" 2>/dev/null || true) in "$1"/*) pid=${exe#/proc/}; printf '%s ' "${pid%/exe}" ;; esac
  done
}

# ---- status ----

status() {
  installed || fail "not installed"
  say "version $(word version "$OPT/current"), Node $(word node "$OPT/current")"
  if booted; then
    since=$(systemctl show -p StateChangeTimestamp --value "$UNIT" 2>/dev/null || true)
    say "$(systemctl is-active "$UNIT" || true) since ${since:-?}"
  else
    say 'systemd does not run here'
  fi
  read_options
  "$OPT/current/bin/node" --input-type=module -e '
    const url = `http://${process.argv[1]}/healthz`
    try {
      const health = await (await fetch(url, { signal: AbortSignal.timeout(3000) })).json()
      console.log("sipfence-sidecar:", health.ok ? "healthy" : health.problems.join("; "))
      process.exitCode = health.ok ? 0 : 1
    } catch (error) {
      console.log(`sipfence-sidecar: ${url} does not answer (${error.cause?.code ?? error.message})`)
      process.exitCode = 1
    }' "${SIPFENCE_LISTEN:-127.0.0.1:9060}"
}

main "$@"
