#!/bin/sh
# Starts the Redis servers of the groups (REDIS_GROUPS) on this machine.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

password=$(value_of password)
for port in $(echo "$REDIS_GROUPS" | tr ',' ' '); do
  dir=$STATE/data/$port
  mkdir -p "$dir"
  {
    echo "port $port"
    echo "bind 127.0.0.1"
    echo "dir $dir"
    echo "appendonly yes"
    if [ -n "$password" ]; then
      echo "requirepass \"$password\""
      echo "masterauth \"$password\""
    fi
  } >"$dir/redis.conf"
  echo "Redis server on port $port"
  start "redis-$port" redis-server "$dir/redis.conf"
done
for port in $(echo "$REDIS_GROUPS" | tr ',' ' '); do
  wait_for "redis-$port" redis-cli -p "$port" PING
done
