#!/bin/bash
# Whether the program in this container lives; ends with 0 or 1. CODIS_HEALTH_PORT is the port where /livez is asked
# (18080 a dashboard, 11080 a proxy); CODIS_HEALTH_REDIS_PORT, when it is set, that of a redis-server to PING.
# The image has no curl, so this is the shell's own socket.
if [ -n "$CODIS_HEALTH_REDIS_PORT" ]; then
  # A server that asks for a password lives as well.
  redis-cli -p "$CODIS_HEALTH_REDIS_PORT" PING | grep -q -e '^PONG' -e '^NOAUTH'
  exit
fi
exec 3<>"/dev/tcp/127.0.0.1/${CODIS_HEALTH_PORT:-18080}" || exit 1
printf 'GET /livez HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
head -n 1 <&3 | grep -q ' 200 '
