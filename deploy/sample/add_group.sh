#!/bin/sh
# Makes the groups 1, 2, … of REDIS_GROUPS. The first server of a group is its master; the others follow it.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

group=0
for ports in $REDIS_GROUPS; do
  group=$((group + 1))
  role=master
  for port in $(echo "$ports" | tr ',' ' '); do
    echo "group $group: $role localhost:$port"
    codis_config server add "$group" "localhost:$port" "$role"
    role=slave
  done
done
