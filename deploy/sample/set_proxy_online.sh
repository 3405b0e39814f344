#!/bin/sh
# Brings the proxy of the configuration file online: it gets the slots and serves.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

name=$(value_of proxy_id)
echo "proxy $name goes online"
codis_config proxy online "$name"
