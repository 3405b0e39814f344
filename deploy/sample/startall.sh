#!/bin/sh
# From nothing to a product that serves, in the order of the tutorial. ZooKeeper must run.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

./start_redis.sh
./start_dashboard.sh
./add_group.sh
./initslot.sh
./start_proxy.sh
./set_proxy_online.sh
echo "ready: redis-cli -p ${PROXY_ADDR##*:}"
