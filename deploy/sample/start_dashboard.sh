#!/bin/sh
# Starts the dashboard; ZooKeeper (or etcd) must run.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

echo "dashboard at $(value_of dashboard_addr); after a kill -9 it waits some seconds for its old lock"
start dashboard "$CODIS_BIN/codis-config" -c "$CONFIG" -L "$STATE/log/dashboard.log" dashboard
wait_for dashboard codis_config server list
