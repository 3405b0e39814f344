#!/bin/sh
# Starts the proxy of the configuration file. It serves nobody until set_proxy_online.sh.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

name=$(value_of proxy_id)
echo "proxy $name: clients at $PROXY_ADDR"
start "$name" "$CODIS_BIN/codis-proxy" -c "$CONFIG" -L "$STATE/log/$name.log" \
  --cpu="$PROXY_CPU" --addr="$PROXY_ADDR" --http-addr="$PROXY_HTTP_ADDR"

# By its process id: one of the same name may be known from before.
is_listed() {
  codis_config proxy list | grep -q "\"pid\": $(cat "$STATE/run/$name.pid"),"
}
wait_for "$name" is_listed
