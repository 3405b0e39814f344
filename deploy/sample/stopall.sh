#!/bin/sh
# Ends what the other scripts started: proxies first, Redis servers last. Data and topology stay.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

stop() {
  name=$(basename "$1" .pid)
  if is_running "$name"; then
    echo "ends $name"
    kill "$(cat "$1")"
    left=$((START_SECONDS * 5))
    while is_running "$name" && [ "$left" -gt 0 ]; do
      left=$((left - 1))
      sleep 0.2
    done
  fi
  rm -f "$1"
}

for file in "$STATE"/run/*.pid; do
  case $file in
    */redis-*.pid | */dashboard.pid | *'/*.pid') ;;
    *) stop "$file" ;;
  esac
done
for file in "$STATE"/run/dashboard.pid "$STATE"/run/redis-*.pid; do
  if [ -f "$file" ]; then
    stop "$file"
  fi
done
