#!/bin/sh
# From nothing to a product that serves, in the order of the tutorial; or the same product again after
# stopall.sh. ZooKeeper must run.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

./start_redis.sh
./start_dashboard.sh
# What is there already stays as it is.
if codis_config server list | grep -q '"addr"'; then
  echo "the groups and slots are there already"
else
  ./add_group.sh
  ./initslot.sh
fi
./start_proxy.sh
./set_proxy_online.sh
echo "ready: redis-cli -p ${PROXY_ADDR##*:}"
