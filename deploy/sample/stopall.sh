#!/bin/sh
# Ends what the other scripts started: proxies first, Redis servers last. Data and topology stay.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

# Ends the programs with these names, all at once: a Redis server waits for its slaves otherwise.
stop() {
  for name; do
    if is_running "$name"; then
      echo "ends $name"
      kill "$(cat "$STATE/run/$name.pid")"
    fi
  done
  for name; do
    left=$((START_SECONDS * 5))
    while is_running "$name" && [ "$left" -gt 0 ]; do
      left=$((left - 1))
      sleep 0.2
    done
    rm -f "$STATE/run/$name.pid"
  done
}

proxies=
servers=
for file in "$STATE"/run/*.pid; do
  name=$(basename "$file" .pid)
  case $name in
    redis-*) servers="$servers $name" ;;
    dashboard | '*') ;;
    *) proxies="$proxies $name" ;;
  esac
done
# Names have no blanks.
# shellcheck disable=SC2086
stop $proxies
stop dashboard
# shellcheck disable=SC2086
stop $servers
