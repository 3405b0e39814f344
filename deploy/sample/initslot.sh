#!/bin/sh
# Spreads the slots of a new product evenly over its groups.
set -eu
cd "$(dirname "$0")"
. ./settings.sh

# Fails on a product whose slots are in use: nobody loses them by running this twice.
codis_config slot init

count=$(echo "$REDIS_GROUPS" | wc -w)
group=0
from=0
for _ in $REDIS_GROUPS; do
  group=$((group + 1))
  to=$((group * SLOTS / count - 1))
  echo "slots $from to $to: group $group"
  codis_config slot range-set "$from" "$to" "$group" online
  from=$((to + 1))
done
